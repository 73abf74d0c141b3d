"""The tidy table of a sweep: a row a point and seed, a column a swept path or a number; no statistics."""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from emulator.config.difference import Scalar
from emulator.errors import ConfigError
from experiments.output.files import new_file
from experiments.output.measures import MEASURES
from experiments.sweep.folder import Record

__all__ = ["Row", "Spot", "columns_of", "to_csv", "write_parquet"]

Interval = Callable[[float, int], tuple[float, float]]

_FIRST: Final = (
    "accuracy", "accuracy_low", "accuracy_high", *(each.name for each in MEASURES[1:]), "test_samples", "queries",
    "elapsed_s", "energy_j", "energy_delay_j_s",
)  # fmt: skip
_WHOLE: Final = frozenset({"test_samples", "queries"})


class Spot(Protocol):
    """Where a row stands: the number of its point, its swept values, its seed, and the name of its run."""

    @property
    def point(self) -> int: ...
    @property
    def values(self) -> tuple[Scalar, ...]: ...
    @property
    def seed(self) -> int: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True)
class Row:
    """Hold a run and how it ended; ``numbers`` are empty for one that failed."""

    run: Spot
    status: str
    reason: str
    numbers: dict[str, float]

    @classmethod
    def of(cls, run: Spot, record: Record, interval: Interval) -> "Row":
        """Return the row of ``run``; an accuracy is given the ``interval`` of a share of its samples."""
        numbers = dict(record.numbers)
        if "accuracy" in numbers and numbers.get("test_samples", 0.0) >= 1:
            low, high = interval(numbers["accuracy"], int(numbers["test_samples"]))
            numbers |= {"accuracy_low": low, "accuracy_high": high}
        return cls(run, record.status, record.reason, numbers)

    def value(self, column: str, paths: Sequence[str]) -> Scalar:
        """Return the cell in ``column``, None where there is nothing."""
        facts: dict[str, Scalar] = {
            "point": self.run.point,
            "seed": self.run.seed,
            "name": self.run.name,
            "status": self.status,
            "reason": self.reason,
            **dict(zip(paths, self.run.values, strict=True)),
        }
        if column in facts:
            return facts[column]
        number = self.numbers.get(column, math.nan)
        if not math.isfinite(number):
            return None
        return int(number) if column in _WHOLE else number


def columns_of(rows: Sequence[Row], paths: Sequence[str]) -> tuple[str, ...]:
    """Return the columns: the point, the swept paths, the seed, what happened, and every number of any row."""
    known = {name for row in rows for name in row.numbers}
    first = [name for name in _FIRST if name in known]
    return ("point", *paths, "seed", "name", "status", "reason", *first, *sorted(known - set(first)))


def to_csv(rows: Sequence[Row], paths: Sequence[str]) -> str:
    """Return the table as CSV; numbers are written so that reading them gives the same bits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = columns_of(rows, paths)
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if cell is None else _text(cell) for cell in _cells(row, columns, paths)])
    return text.getvalue()


def _cells(row: Row, columns: Sequence[str], paths: Sequence[str]) -> list[Scalar]:
    return [row.value(column, paths) for column in columns]


def _text(cell: Scalar) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return repr(cell) if isinstance(cell, float) else str(cell)


def write_parquet(rows: Sequence[Row], paths: Sequence[str], out: Path) -> None:
    """Write the table as Parquet; raises ``ConfigError`` when pyarrow is not installed."""
    try:
        from pyarrow import array, table
        from pyarrow.parquet import write_table
    except ImportError as error:
        raise ConfigError("--parquet needs pyarrow: pip install 'lightloop[analysis]'") from error
    columns = columns_of(rows, paths)
    cells = [_cells(row, columns, paths) for row in rows]
    arrays = {name: array(_alike([row[place] for row in cells])) for place, name in enumerate(columns)}
    with new_file(out, force=True) as part:
        write_table(table(arrays), part)


def _alike(cells: list[Scalar]) -> list[Scalar]:
    """Return ``cells`` of one type: a column of Parquet has no other."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds <= {int, float} and len(kinds) > 1:
        return [None if cell is None else float(cell) for cell in cells]
    if len(kinds) > 1:
        return [None if cell is None else _text(cell) for cell in cells]
    return cells
