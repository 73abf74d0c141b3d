"""Measured calls from a CSV file: what each did, how long it took, and what it drew; it fits nothing.

A row is ``vectors`` by ``features`` (or ``inputs``) onto ``outputs``, or ``flops`` and ``bytes``; ``seconds`` are
those of ``repeats`` calls one after the other (1 unless given), ``joules`` likewise. ``real_matrices`` 2 stands for
a complex matrix as two real ones. Where ``mode`` says "online" a row's vectors come one a call. A row is left out
where a number of these is empty; other columns of words say where it comes from. Joules may be empty.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.errors import ConfigError
from experiments.calibrate.csv_file import refuse_unknown, rows_of

__all__ = ["Row", "read_rows"]

_MAX_BYTES: Final = 16 * 2**20
_WORDS: Final = ("when", "device", "op", "source", "mode")
_SIZES: Final = ("vectors", "features", "inputs", "outputs")
_NUMBERS: Final = (*_SIZES, "flops", "bytes", "real_matrices", "repeats", "seconds", "joules")
_NEEDED: Final = frozenset({*_SIZES, "flops", "bytes", "seconds"})
_VALUE_BYTES: Final = 4
_MOST: Final = 1e18


@dataclass(frozen=True, slots=True)
class Row:
    """Hold one measured call; ``vectors``, ``features`` and ``outputs`` are 0 where only its work is known.

    ``online`` rows are as many calls as vectors.
    """

    vectors: int
    features: int
    outputs: int
    flops: int
    bytes: int
    products: int
    seconds: float
    joules: float | None
    online: bool = False


def read_rows(path: Path) -> tuple[tuple[Row, ...], int]:
    """Return the calls in the CSV file at ``path``, and how many rows are left out.

    Raises ``ConfigError`` naming file, line and column where it is no such file, a number is not above 0, or none
    is there.
    """
    lines = list(_lines(path))
    found = tuple(row for row in lines if row is not None)
    if not found:
        raise ConfigError(f"{path}: it holds no calls that can be timed")
    return found, len(lines) - len(found)


def _lines(path: Path) -> Iterator[Row | None]:
    """Yield each row; None for one that is left out."""
    for line, row in rows_of(path, _MAX_BYTES, _check_columns):
        told = {name: text for name, text in row.items() if name in _NUMBERS and text.strip()}
        lacks = any(name in _NEEDED and name not in told for name in row)
        numbers = {name: _number(f"{path}: line {line}", name, text) for name, text in told.items()}
        yield None if lacks else _row(numbers, "online" in row.get("mode", ""))


def _check_columns(path: Path, names: Sequence[str]) -> None:
    refuse_unknown(path, names, (*_NUMBERS, *_WORDS))
    shaped = {"vectors", "outputs"} <= set(names) and len({"features", "inputs"} & set(names)) == 1
    worked = {"flops", "bytes"} <= set(names)
    if "seconds" not in names or shaped == worked or len(set(names)) != len(names):
        raise ConfigError(
            f"{path}: the columns are {','.join(names)}; allowed: vectors,features,outputs,seconds or "
            "flops,bytes,seconds, and besides repeats, real_matrices, joules and words"
        )


def _number(where: str, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise ConfigError(f"{where}: {name} {text[:40]!r} is no number") from error
    whole = name not in ("seconds", "joules")
    if not 0 < value < _MOST or (whole and not value.is_integer()) or not math.isfinite(value):
        kind = "a whole number" if whole else "a number"
        raise ConfigError(f"{where}: {name} {text[:40]!r} is refused; allowed: {kind} above 0")
    return value


def _row(numbers: Mapping[str, float], online: bool) -> Row:
    repeats, products = numbers.get("repeats", 1.0), int(numbers.get("real_matrices", 1))
    vectors, outputs = int(numbers.get("vectors", 0)), int(numbers.get("outputs", 0))
    features = int(numbers.get("features", numbers.get("inputs", 0)))
    values = vectors * features + features * outputs + vectors * outputs
    return Row(
        vectors,
        features,
        outputs,
        int(numbers.get("flops", 2 * products * vectors * features * outputs)),
        int(numbers.get("bytes", _VALUE_BYTES * products * values)),
        products,
        numbers["seconds"] / repeats,
        numbers["joules"] / repeats if "joules" in numbers else None,
        online,
    )
