"""The tables of traces of versions 1 and 2 as version 3 would have written them; the file stays what it is.

Whoever reads a trace sees one meaning: a query's reply is there after the host's thought, which is the last step of
its plan; rows stand in the order of replies; the host's power is its idle level and what steps draw above it; the
bench's totals are a table and no logged numbers.
"""

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.draws import planned_w_ps
from emulator.trace.layout import Facts
from emulator.trace.plans import freed_ps, merge_spans
from emulator.trace.reading.old_thoughts import Host, Thoughts, can_think, host_of, thoughts_of
from emulator.trace.reading.old_totals import OldTotals
from emulator.trace.reading.stored import StoredTables
from emulator.trace.schema import (
    BATCHES,
    COMMANDS,
    DRAWS,
    FRAMES,
    JOINS,
    MAX_NAMES,
    METRICS,
    PATTERNS,
    PLANS,
    POWER,
    REMAINDER,
    SETPOINTS,
    SPANS,
    TOTALS,
    Commands,
    Draws,
    Joins,
    Plans,
    Spans,
    Table,
)

__all__ = ["UpgradedTables"]

Columns = list[NDArray[Any]]

_HOST: Final = "host"
_THINK: Final = "think"
_FORWARD: Final = "forward"
_CALLER: Final = "caller"
"""Who asked the bench from outside; no host thought upon what it was told."""

_EXACT: Final = 1e-12
_SOURCES: Final = {"resource": SPANS, "activity": SPANS, "component": POWER}


class UpgradedTables:
    """Offer the tables of ``stored``, a trace of an older version, in the form of the present one."""

    def __init__(self, stored: StoredTables, facts: Facts, config_text: Callable[[], str]) -> None:
        self._stored = stored
        self._facts = facts
        self._config_text = config_text
        self._read: dict[Table, Columns] = {}
        self._numbers = OldTotals(
            stored.labels(METRICS, "name"), lambda: self._old(METRICS), self._thought_sums_ps
        )
        self._makers: dict[Table, Callable[[], Columns]] = {
            COMMANDS: self._make_commands,
            PLANS: lambda: list(vars(self._plans).values()),
            SPANS: self._make_spans,
            POWER: self._make_power,
            METRICS: lambda: self._numbers.metrics,
            BATCHES: self._make_batches,
            JOINS: self._make_joins,
            DRAWS: lambda: list(vars(self._draws).values()),
            TOTALS: lambda: self._numbers.totals,
            **{table: self._follower(table) for table in (SETPOINTS, FRAMES, PATTERNS)},
        }

    def columns(self, table: Table) -> Columns:
        """Return the columns of ``table``; raises ``TraceError`` for damage."""
        maker = self._makers.get(table)
        return self._old(table) if maker is None else maker()

    def labels(self, table: Table, column: str) -> tuple[str, ...]:
        """Return the names that a ``column`` of ``table`` indexes, those included that the upgrade adds."""
        vocabulary = next(each.vocabulary for each in table.columns if each.name == column)
        if vocabulary in _SOURCES:
            return self._names(vocabulary)
        if vocabulary == "metric":
            return self._numbers.names
        if table is TOTALS:
            return self._numbers.total_names if column == "total" else self._numbers.parts
        return self._stored.labels(table, column)

    # ------------------------------------------------------------------------------------------------ as stored
    def _old(self, table: Table) -> Columns:
        if table not in self._read:
            self._read[table] = self._stored.columns(table)
        return self._read[table]

    @cached_property
    def _old_commands(self) -> Commands:
        return Commands(*self._old(COMMANDS))

    @cached_property
    def _host(self) -> Host:
        return host_of(self._config_text())

    def _kind(self, table: Table, column: str, name: str) -> int:
        names = self._stored.labels(table, column)
        return names.index(name) if name in names else -1

    def _names(self, vocabulary: str) -> tuple[str, ...]:
        """Return the names of a vocabulary to which the upgrade adds the host's."""
        names = self._stored.labels(_SOURCES[vocabulary], vocabulary)
        added = _THINK if vocabulary == "activity" else _HOST
        needed = self._thoughts.upon.any() if vocabulary != "component" else bool(self._drawing)
        if not needed or added in names:
            return names
        if len(names) >= MAX_NAMES[vocabulary]:
            raise TraceError(f"{vocabulary}: {len(names)} names leave no room for {added!r}; run it again")
        return (*names, added)

    # ------------------------------------------------------------------------------------------- thoughts and rows
    @cached_property
    def _thoughts(self) -> Thoughts:
        commands = self._old_commands
        joins = Joins(*self._old(JOINS))
        number, _, _, duration_ps = self._old(PLANS)
        asked = commands.kind == self._kind(COMMANDS, "kind", _FORWARD)
        asked &= commands.agent != self._kind(COMMANDS, "agent", _CALLER)
        upon = asked & can_think(number, duration_ps)[commands.plan]
        found = thoughts_of(commands, joins, upon, self._host.overhead_ps, self._facts.elapsed_ps)
        return found if found.overhead_ps else found._replace(upon=np.zeros_like(upon))

    @cached_property
    def _commands(self) -> Commands:
        old, thoughts = self._old_commands, self._thoughts
        columns = {name: values[thoughts.order] for name, values in vars(old).items()}
        columns["t_done"] = (old.t_done + thoughts.ps)[thoughts.order]
        columns["cause"] = thoughts.moved(columns["cause"])
        return Commands(**columns)

    def _thought_sums_ps(self) -> tuple[int, int]:
        """Return how long all thoughts would have lasted, had nothing cut them short, and how long they did."""
        if self._facts.detail != "summary":
            return self._thoughts.sums_ps
        asked = self._facts.queries if self._kind(COMMANDS, "kind", _FORWARD) >= 0 else 0
        return (asked * (self._host.overhead_ps or 0),) * 2

    def _make_commands(self) -> Columns:
        return list(vars(self._commands).values())

    def _make_joins(self) -> Columns:
        command, cause = (self._thoughts.moved(column) for column in self._old(JOINS))
        order = np.argsort(command, kind="stable")
        return [command[order], cause[order]]

    def _follower(self, table: Table) -> Callable[[], Columns]:
        """Return what makes a table whose rows follow those of their commands."""

        def make() -> Columns:
            command, *rest = self._old(table)
            moved = self._thoughts.moved(command)
            order = np.argsort(moved, kind="stable")
            return [moved[order], *(column[order] for column in rest)]

        return make

    def _make_batches(self) -> Columns:
        key, first, count = self._old(BATCHES)
        old = self._old_commands
        reads = np.flatnonzero(old.kind == self._kind(COMMANDS, "kind", _FORWARD))
        loads = reads[np.flatnonzero(np.diff(old.target[reads].astype(np.int64), prepend=-1))]
        waiting: dict[int, list[int]] = {}
        for row in loads[::-1].tolist():
            waiting.setdefault(int(old.target[row]), []).append(row)
        never = len(old.kind)
        command = [rows.pop() if (rows := waiting.get(each)) else never for each in key.tolist()]
        return [key, first, count, self._thoughts.moved(np.array(command, dtype=np.int64))]

    # ------------------------------------------------------------------------------------------- plans and spans
    @cached_property
    def _thinking(self) -> NDArray[np.uint16]:
        """Return the plans that end with a thought."""
        return np.unique(self._old_commands.plan[self._thoughts.upon])

    @cached_property
    def _plans(self) -> Plans:
        number, resource, activity, duration_ps = self._old(PLANS)
        held = np.ones(len(number), dtype=np.uint8)
        if len(self._thinking) == 0:
            return Plans(number, resource, activity, duration_ps, held)
        behind = len(number) - np.array([np.argmax(number[::-1] == plan) for plan in self._thinking])
        steps = (
            self._names("resource").index(_HOST),
            self._names("activity").index(_THINK),
            REMAINDER,  # the end of the run may have cut a thought short
            0,
        )
        columns = (resource, activity, duration_ps, held)
        return Plans(
            np.insert(number, behind, self._thinking),
            *(np.insert(column, behind, step) for column, step in zip(columns, steps, strict=True)),
        )

    def _make_spans(self) -> Columns:
        resource, activity, t_start, t_end, command = self._old(SPANS)
        spans = Spans(resource, activity, t_start, t_end, self._thoughts.moved(command))
        if self._facts.detail == "full":
            spans = merge_spans(spans, self._thought_spans())
        return list(vars(spans).values())

    def _thought_spans(self) -> Spans:
        commands = self._commands
        rows = np.flatnonzero(np.isin(commands.plan, self._thinking))
        resource, activity = (
            np.full(len(rows), names.index(name) if len(rows) else 0, dtype=np.uint8)
            for names, name in ((self._names("resource"), _HOST), (self._names("activity"), _THINK))
        )
        return Spans(resource, activity, freed_ps(commands, self._plans)[rows], commands.t_done[rows], rows)

    # -------------------------------------------------------------------------------------------- power and draws
    @cached_property
    def _host_rows(self) -> NDArray[np.intp]:
        return np.flatnonzero(self._old(POWER)[0] == self._kind(POWER, "component", _HOST))

    @cached_property
    def _drawing(self) -> list[tuple[int, int]]:
        """Return the (plan, step) in which the host is active: thoughts, and what it computes."""
        computes = self._old_commands.instrument == self._kind(COMMANDS, "instrument", _HOST)
        active = np.union1d(self._thinking, self._old_commands.plan[computes])
        plans = self._plans
        hosts = self._names("resource").index(_HOST) if _HOST in self._names("resource") else -1
        found = []
        for plan in active.tolist():
            steps = np.flatnonzero(plans.plan == plan)
            found += [(plan, step) for step, row in enumerate(steps.tolist()) if plans.resource[row] == hosts]
        return found

    @cached_property
    def _planned(self) -> Draws:
        _, _, watts = self._old(POWER)
        host_w = watts[self._host_rows]
        draw_w = self._host.draw_w
        if draw_w is None:
            draw_w = float(host_w.max() - host_w[0]) if len(host_w) else 0.0
        drawing = self._drawing if draw_w else []
        plan, step = np.array(drawing, dtype=np.int64).reshape(-1, 2).T
        component = self._names("component").index(_HOST) if drawing else 0
        return Draws(
            plan.astype(np.uint16),
            step.astype(np.uint8),
            np.full(len(drawing), component, dtype=np.uint8),
            np.full(len(drawing), draw_w),
        )

    @cached_property
    def _draws(self) -> Draws:
        """Return what plans draw; nothing where that is not what the trace measured of the host."""
        if self._agrees:
            return self._planned
        return Draws(*(column[:0] for column in vars(self._planned).values()))

    @cached_property
    def _agrees(self) -> bool:
        """Tell whether the host drew its idle power and what plans draw: not where thoughts overlapped."""
        _, t, watts = self._old(POWER)
        mine, elapsed_ps = self._host_rows, self._facts.elapsed_ps
        if len(mine) == 0:
            return False
        edges = np.append(t[mine], elapsed_ps).clip(0, elapsed_ps)
        measured = math.fsum((watts[mine] * np.diff(edges)).tolist())
        planned = planned_w_ps(self._commands, self._plans, self._planned)
        idle = float(watts[mine[0]]) * (elapsed_ps - int(edges[0]))
        expected = math.fsum((idle, *(part for parts in planned.values() for part in parts)))
        return math.isclose(measured, expected, rel_tol=_EXACT)

    def _make_power(self) -> Columns:
        columns = self._old(POWER)
        if self._facts.detail == "full" or not len(self._draws.plan):
            return columns
        return [np.delete(column, self._host_rows[1:]) for column in columns]
