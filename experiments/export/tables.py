"""What can be exported of a trace: its tables under names with units, and the readings as a table of their own.

The columns are the reader's arrays of numbers. Names are put in their places block by block, so that a long run
costs the memory of its numbers only.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError, TraceError, nearest
from emulator.instruments.registry import placed
from emulator.trace.reading.reader import Trace
from emulator.trace.reading.views import ALL_SPANS, POWER_LEVELS, columns
from emulator.trace.schema import TABLES

__all__ = ["BLOCK", "READINGS", "STATES", "Exported", "Series", "exported", "table_names"]

BLOCK: Final = 65_536
"""Rows that are put together at a time."""

READINGS: Final = "readings"
STATES: Final = "states"

_SPANS: Final = "spans"
_UNITLESS: Final = "1"
_RENAMED: Final = {
    ("power", "watts"): "power_w",
    ("draws", "watts"): "power_w",
    (POWER_LEVELS, "watts"): "power_w",
}


@dataclass(frozen=True, eq=False)
class Series:
    """One column: its name, which carries its unit, the unit, numbers, and the names that they index, if any."""

    name: str
    unit: str
    values: NDArray[Any]
    names: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class Exported:
    """A table as it leaves: columns of equal length."""

    name: str
    columns: tuple[Series, ...]

    @property
    def rows(self) -> int:
        """Return how many rows there are."""
        return len(self.columns[0].values)

    def blocks(self) -> Iterator[tuple[NDArray[Any], ...]]:
        """Yield the columns, ``BLOCK`` rows at a time."""
        for first in range(0, self.rows, BLOCK):
            yield tuple(one.values[first : first + BLOCK] for one in self.columns)


def table_names() -> tuple[str, ...]:
    """Return what ``exported`` knows: every table of the schema, stored levels of power, readings and states."""
    return (*(table.name for table in TABLES), POWER_LEVELS, *_MADE)


def exported(trace: Trace, name: str) -> Exported:
    """Return the table ``name`` of ``trace``.

    ``spans`` are all of them, also those that plans stand for; ``readings`` are the commands that are queries;
    ``states`` has a row a number of every recorded state, with the unit beside it.
    Raises ``ConfigError`` when there is no such table, and ``TraceError`` when it is damaged or the run kept none.
    """
    if name not in table_names():
        hint = nearest(name, table_names())
        raise ConfigError(
            f"--table {name[:60]!r} is unknown; allowed: {', '.join(table_names())}{hint and f'; {hint}'}"
        )
    found = Exported(name, _MADE[name](trace) if name in _MADE else _stored(trace, name))
    if found.rows == 0:
        raise TraceError(
            f"{trace.path}: {name} has no rows; at detail {trace.detail!r} the run kept {_kept(trace)}"
        )
    return found


def _stored(trace: Trace, name: str) -> tuple[Series, ...]:
    shown = ALL_SPANS if name == _SPANS else name
    labelled = "power" if name == POWER_LEVELS else name
    return tuple(
        Series(
            _RENAMED.get((name, column.name), _with_unit(column.name, column.units)),
            column.units,
            values,
            trace.labels(f"{labelled}.{column.name}") if column.vocabulary else None,
        )
        for column, values in columns(trace, shown)
    )


def _with_unit(name: str, unit: str) -> str:
    return name if unit == _UNITLESS or name.endswith(f"_{unit.lower()}") else f"{name}_{unit.lower()}"


def _readings(trace: Trace) -> tuple[Series, ...]:
    """Return the rows of commands that are queries, with the mini-batch that each of them read."""
    commands, kinds = trace.commands, trace.labels("commands.kind")
    counted = {kind for instrument in placed().values() for kind in instrument.counts}
    is_query = np.array([kind in counted for kind in kinds], dtype=np.bool_)
    rows = np.flatnonzero(is_query[commands.kind]) if len(kinds) else np.zeros(0, dtype=np.int64)
    batch_of, keys = trace.batch_rows[rows], trace.batches.key
    batch = np.where(batch_of >= 0, np.append(keys, -1)[batch_of], -1)
    times = ("t_issued", "t_started", "t_done")
    return (
        Series("command", _UNITLESS, rows),
        Series("agent", _UNITLESS, commands.agent[rows], trace.labels("commands.agent")),
        Series("kind", _UNITLESS, commands.kind[rows], kinds),
        *(Series(f"{name}_ps", "ps", getattr(commands, name)[rows]) for name in times),
        Series("batch", _UNITLESS, batch),
        Series("target", _UNITLESS, commands.target[rows]),
        Series("value", _UNITLESS, commands.value[rows]),
        Series("sum_of_outputs", _UNITLESS, commands.result[rows]),
    )


def _states(trace: Trace) -> tuple[Series, ...]:
    """Return every number of every recorded state: which state, where in it, the number, and its unit."""
    arrays = [np.ravel(trace.state(name)) for name in trace.states]
    sizes = [array.size for array in arrays]
    units = tuple(trace.state_unit(name) for name in trace.states)
    which = np.repeat(np.arange(len(arrays)), sizes)
    places = [np.arange(size) for size in sizes]
    empty = [np.zeros(0)]
    return (
        Series("state", _UNITLESS, which, trace.states),
        Series("index", _UNITLESS, np.concatenate([*places, *empty]).astype(np.int64)),
        Series("value", _UNITLESS, np.concatenate([*(one.astype(np.float64) for one in arrays), *empty])),
        Series("unit", _UNITLESS, which, units),
    )


_MADE: Final[Mapping[str, Callable[[Trace], tuple[Series, ...]]]] = {READINGS: _readings, STATES: _states}
"""What is put together here, by the name under which it is asked for."""


def _kept(trace: Trace) -> str:
    kept = [table.name for table in TABLES if len(columns(trace, table.name)[0][1])]
    return ", ".join(kept) or "none"
