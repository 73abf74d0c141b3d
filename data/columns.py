"""Named columns out of csv and parquet files, with the line of whatever is wrong; NOT what they mean."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data.arrays import MAX_NUMBERS
from data.sets import FloatArray
from emulator.errors import TaskError, nearest

__all__ = [
    "PART_COLUMN",
    "Columns",
    "check_known",
    "check_targets",
    "csv_columns",
    "listed",
    "parquet_columns",
]

_MAX_COLUMNS: Final = 20_000
_DELIMITERS: Final = (",", ";", "\t")
PART_COLUMN: Final = "split"
"""The column that says of each row whether it is for training, validation or test."""

_MISSING: Final = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})


@dataclass(frozen=True, eq=False)
class Columns:
    """Hold columns (n,) by name, numbers or texts; ``lines`` (n,) are those of a text file, else None."""

    where: str
    values: Mapping[str, NDArray[Any]]
    lines: NDArray[np.int64] | None

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in self.values.items()}
        if len(set(lengths.values())) > 1:
            least, most = min(lengths, key=lengths.__getitem__), max(lengths, key=lengths.__getitem__)
            raise TaskError(
                f"{self.where}: the columns differ in length: {least!r} has {lengths[least]} rows, {most!r} "
                f"{lengths[most]}"
            )

    def at(self, row: int) -> str:
        """Return where ``row`` stands, for a message."""
        return f"{self.where}, {f'row {row}' if self.lines is None else f'line {self.lines[row]}'}"

    def numbers(self, name: str) -> FloatArray:
        """Return the column ``name`` as float64, NaN where a cell is empty; raises ``TaskError`` on a text."""
        values = self.values[name]
        if values.dtype.kind in "biuf":
            return values.astype(np.float64)
        if values.dtype.kind not in "US":
            raise TaskError(f"{self.where}: the column {name!r} holds {values.dtype}; allowed: numbers")
        found = np.empty(len(values))
        for row, text in enumerate(values.astype(np.str_).tolist()):
            found[row] = _number(text, self.at(row), name)
        return found

    def check_complete(self, names: Sequence[str]) -> None:
        """Raise ``TaskError`` when a cell of the columns ``names`` is empty, NaN or infinite."""
        empty: dict[str, NDArray[np.bool_]] = {}
        for name in names:
            values = self.values[name]
            if values.dtype.kind in "US":
                lowered = np.char.lower(np.char.strip(values.astype(np.str_)))
                empty[name] = np.isin(lowered, list(_MISSING))
            else:
                numbers = values.astype(np.float64)
                infinite = np.flatnonzero(np.isinf(numbers))
                if len(infinite):
                    raise TaskError(
                        f"{self.at(int(infinite[0]))}, column {name!r}: {numbers[infinite[0]]} is not finite"
                    )
                empty[name] = np.isnan(numbers)
        bad = np.any(list(empty.values()), axis=0)
        if bad.any():
            first = int(bad.argmax())
            column = next(name for name in names if empty[name][first])
            raise TaskError(
                f"{self.at(first)}, column {column!r}: the cell is empty or NaN, as in {int(bad.sum())} of "
                f"{len(bad)} "
                "rows; remove or fill these rows, or leave the column out with task.features"
            )


def check_targets(targets: Sequence[str], known: Sequence[str], where: str) -> None:
    """Raise ``TaskError`` unless ``targets`` are columns of ``known``, and there is one."""
    if not targets:
        raise TaskError(f"{where}: say which column is to be learnt: task.target = one of {listed(known)}")
    check_known("task.target", targets, known, where)


def check_known(key: str, names: Sequence[str], known: Mapping[str, Any] | Sequence[str], where: str) -> None:
    """Raise ``TaskError`` unless ``names``, those of ``key``, are in ``known`` and different."""
    for name in names:
        if name not in known:
            hint = nearest(name, known)
            raise TaskError(
                f"{where}: {key} = {name!r} is not in the file; it has {listed(known)}{hint and f'; {hint}'}"
            )
    if len(set(names)) < len(names):
        raise TaskError(f"{where}: {key} names a column twice")


def listed(names: Mapping[str, Any] | Sequence[str]) -> str:
    """Return the first of ``names``, quoted, and how many more there are."""
    shown = [repr(name) for name in names]
    return ", ".join(shown[:12]) + (f" and {len(shown) - 12} more" if len(shown) > 12 else "")


def csv_columns(content: bytes, where: str, targets: Sequence[str], wanted: Sequence[str] | None) -> Columns:
    """Return the columns of the csv file ``content``, whose first line names them.

    ``targets`` and the column "split" stay text unless all their cells are numbers. With ``wanted``, other columns
    are not looked at. Cells are separated by commas, semicolons or tabs, whichever the first line has most of.
    Raises ``TaskError``.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise TaskError(f"{where}, line {line}: this is not UTF-8 text; save the table as UTF-8") from error
    first = text.split("\n", 1)[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=first.count), strict=True)
    try:
        names = [name.strip() for name in next(rows, [])]
        _check_names(names, where)
        check_targets(targets, names, where)
        check_known("task.features", wanted or (), names, where)
        texts = {*targets, PART_COLUMN}
        looked_at = [place for place, name in enumerate(names) if wanted is None or name in {*wanted, *texts}]
        return _parsed(rows, names, looked_at, where, texts)
    except csv.Error as error:
        raise TaskError(f"{where}, line {rows.line_num}: this is no csv ({error})") from error


def _check_names(names: Sequence[str], where: str) -> None:
    if not any(names):
        raise TaskError(f"{where}, line 1: the first line must name the columns; it is empty")
    if len(names) > _MAX_COLUMNS:
        raise TaskError(f"{where}: {len(names):,} columns; allowed: {_MAX_COLUMNS:,}")
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice or "" in names:
        what = f"{twice[0]!r} names two columns" if twice and twice[0] else "a column has no name"
        raise TaskError(f"{where}, line 1: {what}; the first line must name each column once")
    if all(_is_number(name) for name in names):
        raise TaskError(f"{where}, line 1: the first line must name the columns; it holds numbers")


def _parsed(
    rows: Iterator[list[str]],
    names: Sequence[str],
    looked_at: Sequence[int],
    where: str,
    texts: AbstractSet[str],
) -> Columns:
    """Return the columns at the places ``looked_at`` of ``rows``; a row's numbers are kept, not its texts."""
    numeric = [place for place in looked_at if names[place] not in texts]
    textual = [place for place in looked_at if names[place] in texts]
    numbers: list[FloatArray] = []
    kept: list[list[str]] = []
    lines: list[int] = []
    for row in rows:
        if not row:
            continue
        line = rows.line_num  # type: ignore[attr-defined]  # of csv.reader
        if len(row) != len(names):
            raise TaskError(
                f"{where}, line {line}: {len(row)} cells; the first line names {len(names)} columns"
            )
        if (len(lines) + 1) * len(looked_at) > MAX_NUMBERS:
            raise TaskError(
                f"{where}, line {line}: the table has more than {MAX_NUMBERS:,} cells; take a part of it"
            )
        numbers.append(_numbers_of(row, numeric, names, f"{where}, line {line}"))
        kept.append([row[place].strip() for place in textual])
        lines.append(line)
    if not lines:
        raise TaskError(f"{where}: there is no row below the first line")
    table = np.array(numbers).reshape(len(lines), len(numeric)).T
    values: dict[str, NDArray[Any]] = {}
    for place in looked_at:
        if place in numeric:
            values[names[place]] = table[numeric.index(place)]
        else:
            values[names[place]] = _narrowest([cells[textual.index(place)] for cells in kept])
    return Columns(where, values, np.array(lines, dtype=np.int64))


def _numbers_of(row: list[str], places: Sequence[int], names: Sequence[str], where: str) -> FloatArray:
    cells = [row[place] for place in places]
    try:
        return np.array(cells, dtype=np.str_).astype(np.float64)
    except ValueError:
        numbers = (_number(cell, where, names[place]) for place, cell in zip(places, cells, strict=True))
        return np.array(list(numbers))


def _narrowest(cells: list[str]) -> NDArray[Any]:
    """Return ``cells`` as numbers if all are, or are empty; else as texts."""
    if all(cell.lower() in _MISSING or _is_number(cell) for cell in cells):
        return np.array([_number(cell, "", "") for cell in cells])
    return np.array(cells, dtype=np.str_)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(text: str, where: str, column: str) -> float:
    """Return the number that ``text`` is, NaN for an empty cell; ``where`` opens the ``TaskError``."""
    try:
        return float(text)
    except ValueError:
        if text.strip().lower() in _MISSING:
            return float("nan")
        pointed = text.replace(",", ".")
        comma = f"; with a decimal point it would be {pointed}" if _is_number(pointed) else ""
        raise TaskError(
            f"{where}, column {column!r}: {text[:40]!r} is not a number{comma}; leave a column of texts out with "
            "task.features"
        ) from None


def parquet_columns(
    content: bytes, where: str, targets: Sequence[str], wanted: Sequence[str] | None
) -> Columns:
    """Return the columns of the parquet file ``content``; with ``wanted``, only these, ``targets`` and "split".

    Raises ``TaskError`` when it is damaged, too large, or the extra that reads it is not installed.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise TaskError(
            f"{where}: to read parquet, install the extra: pip install 'lightloop[analysis]'"
        ) from error
    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        known = file.schema_arrow.names
        check_targets(targets, known, where)
        check_known("task.features", wanted or (), known, where)
        names = [name for name in known if wanted is None or name in {*wanted, *targets, PART_COLUMN}]
        cells = file.metadata.num_rows * len(names)
        if cells > MAX_NUMBERS or len(names) > _MAX_COLUMNS:
            raise TaskError(f"{where}: {cells:,} cells in {len(names):,} columns; allowed: {MAX_NUMBERS:,} and "
                            f"{_MAX_COLUMNS:,}")  # fmt: skip
        table = file.read(columns=names)
    except arrow.ArrowException as error:
        raise TaskError(f"{where}: this is no sound parquet file ({str(error)[:100]})") from error
    if not table.num_rows:
        raise TaskError(f"{where}: there is no row in the table")
    return Columns(where, {name: _of_arrow(table.column(name), where, name) for name in names}, None)


def _of_arrow(column: Any, where: str, name: str) -> NDArray[Any]:
    """Return a column as numbers, NaN where it has none, or as texts, empty where it has none."""
    from pyarrow import types

    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    if types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return np.array([np.nan if value is None else float(value) for value in column.to_pylist()])
    if types.is_string(kind) or types.is_large_string(kind):
        return np.array([value or "" for value in column.to_pylist()], dtype=np.str_)
    raise TaskError(
        f"{where}: the column {name!r} holds {kind}; allowed: numbers and texts; see task.features"
    )
