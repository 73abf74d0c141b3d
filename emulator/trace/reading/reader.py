"""The reader of a finished trace: checked first, then handed out as typed arrays; it writes nothing.

The digest of the file is checked when it opens, without reading any row: it covers the metadata and the
checksum of each dataset. A dataset is checked against its checksum when it is first read.
"""

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError, nearest
from emulator.trace.draws import expand_draws
from emulator.trace.layout import STATES
from emulator.trace.plans import expand_plans, merge_spans
from emulator.trace.reading import views
from emulator.trace.reading.contents import CONFIG_PATH, Contents
from emulator.trace.reading.stored import StoredTables, Tables
from emulator.trace.reading.upgrade import UpgradedTables
from emulator.trace.schema import (
    BATCHES,
    COMMANDS,
    DRAWS,
    FRAMES,
    JOINS,
    METRICS,
    PATTERNS,
    PLANS,
    POWER,
    SAMPLES,
    SCHEMA_VERSION,
    SETPOINTS,
    SPANS,
    TABLES,
    TOTALS,
    WORK,
    Batches,
    Commands,
    Detail,
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
    Status,
    Table,
    Totals,
    Work,
    tables_of,
)
from emulator.trace.writing.header import Origin
from emulator.units import PS_PER_S, ps_to_s

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["MAX_POWER_ROWS", "MetricSeries", "Trace"]

_BY_NAME: Final = {table.name: table for table in TABLES}
_NAMED: Final = tuple(
    f"{table.name}.{column.name}" for table in TABLES for column in table.columns if column.vocabulary
)


MAX_POWER_ROWS: Final = 2**24
"""Changes of power that are read at once: some 2 GB where they are summed up."""


class MetricSeries(NamedTuple):
    """One logged number over the run: emulated time (s), queries spent, value."""

    t_s: NDArray[np.float64]
    queries: NDArray[np.int64]
    value: NDArray[np.float64]


class Trace:
    """A finished trace, read lazily; use it as a context manager or call ``close``."""

    def __init__(self, path: Path, verify: bool = True) -> None:
        self.path = path
        self._verify = verify
        self._contents = Contents(path)
        self._facts = self._contents.facts
        stored = StoredTables(self._contents, verify)
        self._tables: Tables = (
            stored
            if self._facts.version == SCHEMA_VERSION
            else UpgradedTables(stored, self._facts, lambda: self.config_text)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file; arrays that were read stay valid."""
        self._contents.close()

    def mark_as_running(self) -> None:
        """Say that its run goes on: it is a copy of what had been recorded."""
        reason = "the run goes on; this is what it had recorded, up to its last whole block"
        self._facts = replace(self._facts, status="running", reason=reason)

    @property
    def contents(self) -> Contents:
        """The checked file itself, for who reads single columns and keeps none of them."""
        return self._contents

    # ------------------------------------------------------------------ what the run was and how it ended
    @property
    def schema_version(self) -> int:
        """Version of the schema that the file was written with."""
        return self._facts.version

    @property
    def status(self) -> Status:
        """How the run ended."""
        return self._facts.status

    @property
    def reason(self) -> str:
        """Why it ended so, in words."""
        return self._facts.reason

    @property
    def created(self) -> str:
        """Wall-clock time at which the run began, ISO 8601, UTC."""
        return self._facts.created

    @property
    def seed(self) -> int:
        """Seed of every random stream of the run."""
        return self._facts.seed

    @property
    def detail(self) -> Detail:
        """How much was recorded."""
        return self._facts.detail

    @property
    def elapsed_ps(self) -> int:
        """Emulated time at which the run ended."""
        return self._facts.elapsed_ps

    @property
    def elapsed_s(self) -> float:
        """Emulated time at which the run ended, in seconds."""
        return ps_to_s(self._facts.elapsed_ps)

    @property
    def queries(self) -> int:
        """How many queries the run made."""
        return self._facts.queries

    @property
    def versions(self) -> tuple[tuple[str, str], ...]:
        """The software that made the trace: (package, version)."""
        return self._facts.versions

    @property
    def origin(self) -> Origin | None:
        """What the trace is a replay of, or None; versions 1 and 2 had no place for it."""
        origin = self._facts.origin
        return None if origin is None else Origin(*origin)

    @property
    def config_digest(self) -> str:
        """Digest of the configuration, as the run's header gave it."""
        return self._facts.config_digest

    @cached_property
    def config_text(self) -> str:
        """The whole resolved configuration, as TOML text."""
        data = self._contents.read(CONFIG_PATH, self._verify).tobytes().rstrip(b"\0")
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise TraceError(f"{self.path}: {CONFIG_PATH} is not UTF-8 text") from error

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the recorded states, sorted."""
        return self._facts.states

    @cached_property
    def digest(self) -> str:
        """Digest of everything but ``created``, recomputed from the whole contents.

        Equal for two runs with the same configuration, seed and versions. Raises ``TraceError`` naming the
        first dataset whose contents do not match, even if the trace was opened with ``verify=False``.
        """
        for path in self._contents.seals:
            self._contents.read(path, verify=True)
        return self._contents.digest

    # ------------------------------------------------------------------------------------------ tables
    @cached_property
    def commands(self) -> Commands:
        """The completed commands; none at detail "summary"."""
        return Commands(*self._table(COMMANDS))

    @cached_property
    def plans(self) -> Plans:
        """The span templates that ``commands.plan`` names."""
        return Plans(*self._table(PLANS))

    @cached_property
    def spans(self) -> Spans:
        """The stored spans: all of them at detail "full", else those that no plan stands for."""
        return Spans(*self._table(SPANS))

    @cached_property
    def power(self) -> Power:
        """The changes of power as it really was, what steps of plans draw included; none at detail "summary"."""
        levels = self.power_levels
        if self.detail == "full" or len(self.draws.plan) == 0:
            return levels
        return expand_draws(levels, self.commands, self.plans, self.draws)

    @cached_property
    def power_levels(self) -> Power:
        """The stored changes of power: all of them at detail "full", else levels without what plans draw.

        Raises ``TraceError``, before a row is read, when there are more than ``MAX_POWER_ROWS``.
        """
        names = [table.name for table in tables_of(self.schema_version)]
        rows = self._facts.rows[names.index(POWER.name)]
        if rows > MAX_POWER_ROWS:
            raise TraceError(
                f"{self.path}: /power holds {rows:,} rows, and up to {MAX_POWER_ROWS:,} are held at once; "
                "a run so long is better recorded with trace.detail = 'summary'"
            )
        return Power(*self._table(POWER))

    @cached_property
    def draws(self) -> Draws:
        """What the steps of plans draw above the levels of components."""
        return Draws(*self._table(DRAWS))

    @cached_property
    def total_rows(self) -> Totals:
        """The sums over the run, in the order of recording; ``totals`` has them by name."""
        return Totals(*self._table(TOTALS))

    @cached_property
    def metric_rows(self) -> Metrics:
        """The logged numbers, in the order of logging."""
        return Metrics(*self._table(METRICS))

    @cached_property
    def batches(self) -> Batches:
        """The mini-batches; ``batch`` looks one up."""
        return Batches(*self._table(BATCHES))

    @cached_property
    def samples(self) -> Samples:
        """The samples of all mini-batches, one after the other."""
        return Samples(*self._table(SAMPLES))

    @cached_property
    def setpoints(self) -> Setpoints:
        """The phases of the commands that set several heaters."""
        return Setpoints(*self._table(SETPOINTS))

    @cached_property
    def work(self) -> Work:
        """What the commands of each plan asked for; none in a trace of version 1."""
        return Work(*self._table(WORK))

    @cached_property
    def joins(self) -> Joins:
        """The further replies that commands waited for."""
        return Joins(*self._table(JOINS))

    @cached_property
    def frames(self) -> Frames:
        """What became of the frames of each projection command."""
        return Frames(*self._table(FRAMES))

    @cached_property
    def patterns(self) -> Patterns:
        """The non-zero entries of the projected vectors; at detail "full" only."""
        return Patterns(*self._table(PATTERNS))

    def labels(self, table_column: str) -> tuple[str, ...]:
        """Return the names that a column such as ``"commands.agent"`` indexes; raises ``TraceError``."""
        if table_column not in _NAMED:
            raise TraceError(f"{self.path}: no names for {table_column!r}; {nearest(table_column, _NAMED)}")
        table, column = table_column.split(".")
        return self._tables.labels(_BY_NAME[table], column)

    def all_spans(self) -> Spans:
        """Return every span, sorted by start and command; plans are expanded where the file did not."""
        if self.detail == "full":
            return self.spans
        return merge_spans(self.spans, expand_plans(self.commands, self.plans))

    def metrics(self) -> dict[str, MetricSeries]:
        """Return the series of each logged number, by name."""
        rows = self.metric_rows
        names = self.labels("metrics.name")
        series = {}
        for index, name in enumerate(names):
            mine = rows.name == index
            series[name] = MetricSeries(rows.t[mine] / PS_PER_S, rows.queries[mine], rows.value[mine])
        return series

    def totals(self) -> dict[str, dict[str, float]]:
        """Return the sums over the run: "energy_j" by component, in J, and "busy_s" by activity, in s."""
        totals, parts = self.labels("totals.total"), self.labels("totals.part")
        rows = self.total_rows
        found: dict[str, dict[str, float]] = {name: {} for name in totals}
        for total, part, value in zip(
            rows.total.tolist(), rows.part.tolist(), rows.value.tolist(), strict=True
        ):
            found[totals[total]][parts[part]] = value
        return found

    def batch(self, key: int) -> NDArray[np.int32]:
        """Return the samples of the mini-batch ``key``; raises ``TraceError`` when it was not recorded."""
        row = self._batch_rows.get(key)
        if row is None:
            raise TraceError(f"{self.path}: mini-batch {key} was not recorded")
        return self.loaded(row)

    def loaded(self, row: int) -> NDArray[np.int32]:
        """Return the samples that ``row`` of ``batches`` brought; a key may have been given to several."""
        key = int(self.batches.key[row])
        first, count = int(self.batches.first[row]), int(self.batches.count[row])
        if not (0 <= first <= first + count <= len(self.samples.index)):
            raise TraceError(f"{self.path}: mini-batch {key} lies outside the recorded samples")
        return self.samples.index[first : first + count]

    @cached_property
    def batch_rows(self) -> NDArray[np.int64]:
        """The row of ``batches`` that was loaded last when each command started, or -1 before the first.

        A reading read it. Readings stand in the order of their replies, which need not be that of their starts.
        """
        started, command = self.commands.t_started, self.batches.command
        loads = np.flatnonzero((command >= 0) & (command < len(started)))
        loads = loads[np.argsort(started[command[loads]], kind="stable")]
        last = np.searchsorted(started[command[loads]], started, side="right")
        return np.append(np.int64(-1), loads)[last]

    def frame(self, name: str) -> "pandas.DataFrame":
        """Return the table ``name`` as a pandas frame; see ``emulator.trace.reading.views``."""
        return views.frame(self, name)

    def dataset(self, name: str) -> "xarray.Dataset":
        """Return the table ``name`` as an xarray dataset that reads lazily; see ``views``."""
        return views.dataset(self, name)

    def state(self, name: str) -> NDArray[Any]:
        """Return the state ``name`` (type f8, i8 or u1); raises ``TraceError`` when there is none."""
        if name not in self.states:
            raise TraceError(f"{self.path}: no state {name!r} was recorded; {nearest(name, self.states)}")
        return self._contents.read(f"/{STATES}/{name}", self._verify)

    def state_unit(self, name: str) -> str:
        """Return the unit of the state ``name``: "rad" of phases."""
        return self._contents.seals[f"/{STATES}/{name}"].units

    # ---------------------------------------------------------------------------------------- reading
    @cached_property
    def _batch_rows(self) -> dict[int, int]:
        return {key: row for row, key in enumerate(self.batches.key.tolist())}

    def _table(self, table: Table) -> list[NDArray[Any]]:
        return self._tables.columns(table)
