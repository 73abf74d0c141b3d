"""Small traces without a file, and runs of a bench that is a few lines of arithmetic; no test lives here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from emulator.trace.draws import expand_draws
from emulator.trace.plans import expand_plans, merge_spans
from emulator.trace.reading.reader import MetricSeries
from emulator.trace.schema import (
    FRAMES,
    WORK,
    Commands,
    Draws,
    Frames,
    Joins,
    Metrics,
    Plans,
    Power,
    Spans,
    Table,
    Work,
)

__all__ = [
    "THINK_PS",
    "Ask",
    "Program",
    "Served",
    "SmallTrace",
    "simulate",
    "small_trace",
    "trace_of",
    "two_agents",
]

THINK_PS = 4
"""How long the host thinks upon a reading of ``simulate``, before the reply is there."""

KINDS = ("set_phases", "forward")
INSTRUMENTS = ("chip", "opu")


def _columns(kind: type, rows: Sequence[Sequence[Any]], types: Sequence[Any]) -> Any:
    """Return a table dataclass of ``kind`` with the ``rows``."""
    cells = zip(*rows, strict=True) if rows else [()] * len(types)
    return kind(*(np.array(column, dtype) for column, dtype in zip(cells, types, strict=True)))


def _no_rows(table: Table) -> list[Any]:
    return [np.empty(0, column.dtype) for column in table.columns]


@dataclass
class SmallTrace:
    """Offers what ``Trace`` does, from arrays in memory."""

    commands: Commands
    plans: Plans
    elapsed_ps: int
    spans: Spans
    joins: Joins
    power_levels: Power
    draws: Draws
    metric_rows: Metrics
    names: dict[str, tuple[str, ...]]
    detail: str = "commands"
    status: str = "complete"
    frames: Frames = field(default_factory=lambda: Frames(*_no_rows(FRAMES)))
    work: Work = field(default_factory=lambda: Work(*_no_rows(WORK)))
    path: Path = field(default=Path("small.h5"))

    @property
    def elapsed_s(self) -> float:
        return self.elapsed_ps / 1e12

    @property
    def power(self) -> Power:
        if self.detail == "full":
            return self.power_levels
        return expand_draws(self.power_levels, self.commands, self.plans, self.draws)

    def labels(self, table_column: str) -> tuple[str, ...]:
        return self.names.get(table_column, ())

    def all_spans(self) -> Spans:
        if self.detail == "full":
            return self.spans
        return merge_spans(self.spans, expand_plans(self.commands, self.plans))

    def at_full_detail(self) -> "SmallTrace":
        """Return the same trace with its plans expanded, as a run at detail "full" would have left it."""
        return SmallTrace(
            **{**vars(self), "spans": self.all_spans(), "power_levels": self.power, "detail": "full"}
        )

    def metrics(self) -> dict[str, MetricSeries]:
        rows = self.metric_rows
        series = {}
        for index, name in enumerate(self.labels("metrics.name")):
            mine = rows.name == index
            series[name] = MetricSeries(rows.t[mine] / 1e12, rows.queries[mine], rows.value[mine])
        return series


BYTE, SHORT, INT, LONG, REAL = np.uint8, np.uint16, np.int32, np.int64, np.float64


def small_trace(
    commands: Sequence[tuple[int, int, int, int, int, int, int, int]] = (),
    plans: Sequence[tuple[int, ...]] = (),
    elapsed_ps: int = 0,
    spans: Sequence[tuple[int, int, int, int, int]] = (),
    joins: Sequence[tuple[int, int]] = (),
    power: Sequence[tuple[int, int, float]] = (),
    draws: Sequence[tuple[int, int, int, float]] = (),
    metrics: Sequence[tuple[int, int, int, float]] = (),
    **names: tuple[str, ...],
) -> Any:
    """Return a trace of rows; a command is (agent, instrument, kind, plan, cause, issued, started, done).

    A step of a plan is (plan, resource, activity, duration) and holds its instrument unless a fifth number is 0.
    """
    known = {
        "commands.agent": ("main", "other", "third"),
        "commands.instrument": INSTRUMENTS,
        "commands.kind": KINDS,
        "spans.resource": ("link", "laser", "host"),
        "spans.activity": ("first", "rest", "think"),
        **{name.replace("_", "."): texts for name, texts in names.items()},
    }
    return SmallTrace(
        _columns(
            Commands,
            [(*row, 0, 0.0, 0.0) for row in commands],
            (BYTE, BYTE, BYTE, SHORT, LONG, LONG, LONG, LONG, INT, REAL, REAL),
        ),
        _columns(Plans, [(*step, 1)[:5] for step in plans], (SHORT, BYTE, BYTE, LONG, BYTE)),
        elapsed_ps,
        _columns(Spans, spans, (BYTE, BYTE, LONG, LONG, LONG)),
        _columns(Joins, joins, (LONG, LONG)),
        _columns(Power, power, (BYTE, LONG, REAL)),
        _columns(Draws, draws, (SHORT, BYTE, BYTE, REAL)),
        _columns(Metrics, metrics, (SHORT, LONG, LONG, REAL)),
        known,
    )


class Ask(NamedTuple):
    """What an agent does next: ask an instrument and wait, ask and go on, or wait for the ``ticket``-th asked."""

    instrument: int
    kind: int
    duration_ps: int
    interval_ps: int
    wait: bool
    ticket: int | None = None


Program = Sequence[Sequence[Ask]]
"""The agents, the main one first."""


@st.composite
def _short_asks(draw: st.DrawFn) -> Ask:
    interval = draw(st.integers(0, 5))
    ticket = draw(st.none() | st.integers(0, 3))
    return Ask(
        draw(st.integers(0, 1)),
        draw(st.integers(0, 1)),
        interval + draw(st.integers(0, 6)),
        interval,
        draw(st.booleans()),
        ticket,
    )


SHORT_PROGRAMS = st.lists(st.lists(_short_asks(), max_size=5), min_size=1, max_size=3).filter(
    lambda program: sum(len(agent) for agent in program) <= 8
)
"""Programs of few commands that last some picoseconds each."""

LONG_PROGRAMS = st.lists(
    st.lists(
        st.builds(
            lambda instrument, kind, first, rest, wait: Ask(instrument, kind, first + rest, first, wait),
            st.integers(0, 1),
            st.integers(0, 1),
            st.integers(0, 5000),
            st.integers(0, 9000),
            st.booleans(),
        ),
        max_size=4,
    ),
    min_size=1,
    max_size=3,
)
"""Programs whose commands last some nanoseconds each."""


@dataclass
class Served:
    """A command of ``simulate`` and what it really depended on."""

    agent: int
    ask: Ask
    causes: tuple[int, ...]
    issued: int
    started: int
    freed: int
    before: tuple[int, ...]
    """Those that its instrument served before it; -1 for one that the run's end cut off."""

    @property
    def done(self) -> int:
        """When its reply is there: after the host's thought upon a reading."""
        return self.freed + THINK_PS * self.ask.kind


def simulate(program: Program) -> tuple[list[Served], list[int], int]:
    """Return the commands in order of completion, the rows that the main agent's end waited for, and the end.

    Instrument 0 serves one command at a time; instrument 1 takes the next one ``interval_ps`` after the last.
    Both are first come first served. An agent's command waits for every reply since its last one; in the end an
    agent waits for all that it asked for.
    """
    program = [[*asks, *(Ask(0, 0, 0, 0, False, ticket) for ticket in range(len(asks)))] for asks in program]
    served: list[Served] = []
    free = [0, 0]
    before: list[list[int]] = [[], []]
    turns = [(0, agent, 0) for agent in range(len(program))]
    heapify(turns)
    causes: list[tuple[int, ...]] = [()] * len(program)
    tickets: list[list[int]] = [[] for _ in program]
    ended, end = (), 0
    while turns:
        now, agent, at = heappop(turns)
        if at == len(program[agent]):
            if agent == 0:
                ended, end = causes[0], now
            continue
        ask = program[agent][at]
        if ask.ticket is not None:
            if tickets[agent]:
                joined = tickets[agent][ask.ticket % len(tickets[agent])]
                causes[agent] = (*causes[agent], joined)
                now = max(now, served[joined].done)
        else:
            started = max(now, free[ask.instrument])
            freed = started + ask.duration_ps
            free[ask.instrument] = freed if ask.instrument == 0 else started + ask.interval_ps
            own = len(served)
            served.append(
                Served(agent, ask, causes[agent], now, started, freed, tuple(before[ask.instrument]))
            )
            before[ask.instrument].append(own)
            if ask.wait:
                causes[agent] = (own,)
                now = served[own].done
            else:
                tickets[agent].append(own)
        heappush(turns, (now, agent, at + 1))
    order = sorted(
        (row for row in range(len(served)) if served[row].done <= end), key=lambda row: served[row].done
    )
    number = {row: place for place, row in enumerate(order)}
    kept = [served[row] for row in order]
    for one in kept:
        one.causes = tuple(number[row] for row in one.causes)
        one.before = tuple(number.get(row, -1) for row in one.before)
    return kept, [number[row] for row in ended], end


def trace_of(served: Sequence[Served], end: int) -> Any:
    """Return the trace of a simulated run: each command spends its interval on "first", then "rest"; then the
    host thinks upon a reading.
    """
    plans: list[tuple[int, ...]] = []
    rows, joins = [], []
    for row, one in enumerate(served):
        plan, ask = row + 1, one.ask
        plans += [
            (plan, ask.instrument, 0, ask.interval_ps),
            (plan, ask.instrument, 1, ask.duration_ps - ask.interval_ps),
        ]
        if ask.kind:
            plans.append((plan, 2, 2, THINK_PS, 0))
        last = max(one.causes, key=lambda cause: served[cause].done, default=-1)
        joins += [(row, cause) for cause in one.causes if cause != last]
        rows.append((one.agent, ask.instrument, ask.kind, plan, last, one.issued, one.started, one.done))
    return small_trace(rows, plans, end, joins=joins)


def two_agents() -> Any:
    """Two agents; the link has two spans at once; a command waits for the chip; the host thinks twice."""
    rows = [
        (0, 0, 1, 1, -1, 0, 0, 13),
        (1, 0, 0, 2, -1, 4, 10, 16),
        (0, 0, 1, 1, 0, 13, 16, 30),
    ]
    plans = [(1, 0, 0, 6), (1, 1, 1, 4), (1, 2, 2, -1, 0), (2, 0, 0, -1)]
    power = [(0, 0, 1.5), (1, 0, 2.0), (0, 8, 0.5), (0, 8, 0.75), (1, 20, 3.0)]
    metrics = [(0, 0, 0, 0.5), (1, 2, 0, 9.0), (2, 5, 1, 7.0), (0, 12, 1, float("nan")), (0, 26, 2, 0.75)]
    return small_trace(
        rows, plans, 30, spans=[(0, 1, 3, 12, 0)], power=power, metrics=metrics,
        power_component=("heaters", "host"), metrics_name=("test_accuracy", "loss", "active_phase_rad"),
    )  # fmt: skip
