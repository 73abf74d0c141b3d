"""The tables of a trace: columns, types, units and name lists; no file is opened here.

One definition serves the journal (packed rows), the HDF5 file (one dataset a column) and the reader (named
columns), so the three cannot drift apart.
"""

import struct
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from emulator.plan import REMAINDER
from emulator.trace.records import (
    Batches,
    Commands,
    Draws,
    Frames,
    Joins,
    Metrics,
    Patterns,
    Plans,
    Power,
    Samples,
    Setpoints,
    Spans,
    Totals,
    Work,
)

__all__ = [
    "ASKED_METRICS",
    "ASKED_STATES",
    "BATCHES",
    "COMMANDS",
    "DETAILS",
    "DRAWS",
    "FRAMES",
    "JOINS",
    "MAX_NAMES",
    "MAX_STATES",
    "METRICS",
    "NO_COMMAND",
    "NO_PLAN",
    "PATTERNS",
    "PLANS",
    "POWER",
    "READABLE",
    "REMAINDER",
    "SAMPLES",
    "SCHEMA_VERSION",
    "SETPOINTS",
    "SPANS",
    "STATUSES",
    "TABLES",
    "TOTALS",
    "VOCABULARIES",
    "WORK",
    "Batches",
    "Column",
    "Commands",
    "Detail",
    "Draws",
    "Frames",
    "Joins",
    "Metrics",
    "Patterns",
    "Plans",
    "Power",
    "Samples",
    "Setpoints",
    "Spans",
    "Status",
    "Table",
    "Totals",
    "Work",
    "tables_of",
]

SCHEMA_VERSION: Final = 3
"""Version of the tables below; older ones are read, see ``tables_of``."""

NO_COMMAND: Final = -1
"""Row id that stands for "no command"."""

NO_PLAN: Final = 0
"""Plan of a command that has no span template."""

Detail = Literal["full", "commands", "summary"]
DETAILS: Final[tuple[Detail, ...]] = ("full", "commands", "summary")

Status = Literal["running", "complete", "budget", "diverged", "aborted", "failed", "killed", "disk-full"]
STATUSES: Final[tuple[Status, ...]] = (
    "running",
    "complete",
    "budget",
    "diverged",
    "aborted",
    "failed",
    "killed",
    "disk-full",
)

VOCABULARIES: Final = (
    "agent",
    "instrument",
    "kind",
    "resource",
    "activity",
    "component",
    "metric",
    "quantity",
    "total",
    "part",
)
"""The lists of interned names; a column of small integers may index one of them."""

ASKED_METRICS: Final = 512
"""How many metrics the agents of a run may name; as many again are there for observers and the bench."""

MAX_NAMES: Final = {name: 2 * ASKED_METRICS if name == "metric" else 256 for name in VOCABULARIES}
"""How many names each vocabulary holds."""

ASKED_STATES: Final = 256
"""How many states the agents of a run may name; as many again are there for instruments and the bench."""

MAX_STATES: Final = 2 * ASKED_STATES
"""How many states of different names one trace holds."""

_NUMPY_TYPES: Final = {"B": "|u1", "H": "<u2", "i": "<i4", "q": "<i8", "d": "<f8"}


@dataclass(frozen=True)
class Column:
    """One column: its ``struct`` type code, its unit, and the vocabulary that its integers index, if any."""

    name: str
    code: Literal["B", "H", "i", "q", "d"]
    units: str = "1"
    vocabulary: str | None = None

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Return the little-endian NumPy type of the column."""
        return np.dtype(_NUMPY_TYPES[self.code])


@dataclass(frozen=True)
class Table:
    """One table: its number in the journal, its name in HDF5, its columns and the packed row they make."""

    ident: int
    name: str
    columns: tuple[Column, ...]
    row: struct.Struct
    dtype: np.dtype[np.void]


def _table(ident: int, name: str, *columns: Column) -> Table:
    row = struct.Struct("<" + "".join(column.code for column in columns))
    dtype = np.dtype([(column.name, column.dtype) for column in columns])
    return Table(ident, name, columns, row, dtype)


COMMANDS: Final = _table(
    0,
    "commands",
    Column("agent", "B", vocabulary="agent"),
    Column("instrument", "B", vocabulary="instrument"),
    Column("kind", "B", vocabulary="kind"),
    Column("plan", "H"),
    Column("cause", "q"),
    Column("t_issued", "q", "ps"),
    Column("t_started", "q", "ps"),
    Column("t_done", "q", "ps"),
    Column("target", "i"),
    Column("value", "d"),
    Column("result", "d"),
)
PLANS: Final = _table(
    1,
    "plans",
    Column("plan", "H"),
    Column("resource", "B", vocabulary="resource"),
    Column("activity", "B", vocabulary="activity"),
    Column("duration_ps", "q", "ps"),
    Column("held", "B"),
)
SPANS: Final = _table(
    2,
    "spans",
    Column("resource", "B", vocabulary="resource"),
    Column("activity", "B", vocabulary="activity"),
    Column("t_start", "q", "ps"),
    Column("t_end", "q", "ps"),
    Column("command", "q"),
)
POWER: Final = _table(
    3,
    "power",
    Column("component", "B", vocabulary="component"),
    Column("t", "q", "ps"),
    Column("watts", "d", "W"),
)
METRICS: Final = _table(
    4,
    "metrics",
    Column("name", "H", vocabulary="metric"),
    Column("t", "q", "ps"),
    Column("queries", "q"),
    Column("value", "d"),
)
BATCHES: Final = _table(
    5,
    "batches",
    Column("key", "q"),
    Column("first", "q"),
    Column("count", "i"),
    Column("command", "q"),
)
SAMPLES: Final = _table(6, "samples", Column("index", "i"))
SETPOINTS: Final = _table(
    7, "setpoints", Column("command", "q"), Column("heater", "i"), Column("phase_rad", "d", "rad")
)
WORK: Final = _table(
    8,
    "work",
    Column("plan", "H"),
    Column("quantity", "B", vocabulary="quantity"),
    Column("value", "q"),
)
JOINS: Final = _table(9, "joins", Column("command", "q"), Column("cause", "q"))
FRAMES: Final = _table(
    10,
    "frames",
    Column("command", "q"),
    Column("vectors", "i"),
    Column("skipped", "i"),
    Column("sent", "i"),
    Column("used", "i"),
    Column("dropped", "i"),
    Column("late", "i"),
    Column("torn", "i"),
)
PATTERNS: Final = _table(
    11,
    "patterns",
    Column("command", "q"),
    Column("vector", "i"),
    Column("input", "i"),
    Column("value", "d"),
)
DRAWS: Final = _table(
    12,
    "draws",
    Column("plan", "H"),
    Column("step", "B"),
    Column("component", "B", vocabulary="component"),
    Column("watts", "d", "W"),
)
TOTALS: Final = _table(
    13,
    "totals",
    Column("total", "B", vocabulary="total"),
    Column("part", "B", vocabulary="part"),
    Column("value", "d"),
)

TABLES: Final = (
    COMMANDS,
    PLANS,
    SPANS,
    POWER,
    METRICS,
    BATCHES,
    SAMPLES,
    SETPOINTS,
    WORK,
    JOINS,
    FRAMES,
    PATTERNS,
    DRAWS,
    TOTALS,
)
"""Every table; the position equals ``Table.ident``."""

_THIRD_ADDED: Final = {PLANS: "held", BATCHES: "command"}


def _second(table: Table) -> Table:
    if table not in _THIRD_ADDED:
        return table
    columns = (column for column in table.columns if column.name != _THIRD_ADDED[table])
    return _table(table.ident, table.name, *columns)


_SECOND: Final = tuple(_second(table) for table in TABLES[:12])
"""The tables as versions 1 and 2 had them: no step said whether it held its instrument, no batch when it came."""

_TABLES_OF: Final = {1: _SECOND[:8], 2: _SECOND, 3: TABLES}

READABLE: Final = tuple(_TABLES_OF)
"""The versions that this Lightloop reads."""


def tables_of(version: int) -> tuple[Table, ...]:
    """Return the tables that a trace of a readable ``version`` holds."""
    return _TABLES_OF[version]
