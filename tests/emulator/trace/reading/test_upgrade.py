"""Traces of versions 1 and 2 read as the third: thoughts end replies, rows follow them, totals are a table."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.trace.analysis.causality import check_times
from emulator.trace.analysis.ledger import energy_by_component, integral_by_component, latency_by_span
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import tables_of
from emulator.trace.writing.finalize import finalize
from emulator.trace.writing.header import Footer, Label
from emulator.trace.writing.journal import JournalWriter, Kind, blob_segment, journal_path, rows_segment

HOST = "[host]\noverhead_s = 4e-12\nidle_power_w = 40.0\nactive_power_w = 100.0\n"
NAMES = {
    "agent": ("main", "other", "caller"),
    "instrument": ("chip", "host"),
    "kind": ("settle", "forward", "compute"),
    "resource": ("link", "host"),
    "activity": ("transfer", "update"),
    "component": ("heaters", "host"),
}
MAIN, OTHER, CALLER = range(3)
SETTLE, FORWARD, COMPUTE = range(3)


@dataclass
class Old:
    """What a trace of version 2 holds; a command is (agent, kind, plan, cause, issued, started, done)."""

    commands: Sequence[tuple[int, ...]]
    elapsed: int
    plans: Sequence[tuple[int, ...]] = ((1, 0, 0, 3), (1, 0, 1, 2), (2, 1, 1, -1), (3, 0, 0, -1))
    config: str = HOST
    detail: str = "commands"
    joins: Sequence[tuple[int, ...]] = ()
    power: Sequence[tuple[float, ...]] = ()
    spans: Sequence[tuple[int, ...]] = ()
    setpoints: Sequence[tuple[float, ...]] = ()
    batches: Sequence[tuple[int, ...]] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    queries: int = 0
    targets: Sequence[int] = ()

    def write(self, out: Path) -> Trace:
        """Write the trace ``out`` by way of a journal of version 2, and open it."""
        header = {
            "schema_version": 2, "config": self.config, "config_digest": "", "seed": 0, "versions": [],
            "created": "", "detail": self.detail, "pid": 1,
        }  # fmt: skip
        journal = JournalWriter(journal_path(out))
        journal.append(blob_segment(Kind.HEADER, json.dumps(header).encode()))
        names = {**NAMES, "metric": tuple(self.metrics)}
        labels = [
            blob_segment(Kind.LABEL, Label(vocabulary, number, text).encode())
            for vocabulary, texts in names.items()
            for number, text in enumerate(texts)
        ]
        journal.append(b"".join(labels + self.segments()))
        footer = Footer("complete", "", self.elapsed, self.queries)
        journal.append(blob_segment(Kind.FOOTER, footer.encode()))
        journal.close()
        finalize(journal_path(out), out)
        return open_trace(out)

    def segments(self) -> list[bytes]:
        targets = self.targets or [0] * len(self.commands)
        rows: dict[str, Sequence[tuple[Any, ...]]] = {
            "commands": [
                (agent, int(kind == COMPUTE), kind, *rest, target, 0.0, 0.0)
                for (agent, kind, *rest), target in zip(self.commands, targets, strict=True)
            ],
            "plans": self.plans, "joins": self.joins, "power": self.power, "spans": self.spans,
            "setpoints": self.setpoints, "batches": self.batches,
            "metrics": [(number, self.elapsed, 0, value) for number, value in enumerate(self.metrics.values())],
        }  # fmt: skip
        return [
            rows_segment(
                table, len(rows[table.name]), b"".join(table.row.pack(*row) for row in rows[table.name])
            )
            for table in tables_of(2)
            if rows.get(table.name)
        ]


def times(trace: Trace) -> list[tuple[int, int, int]]:
    commands = trace.commands
    return list(
        zip(
            *(column.tolist() for column in (commands.t_issued, commands.t_started, commands.t_done)),
            strict=True,
        )
    )


def test_a_reply_is_there_after_the_thought_and_the_end_cuts_the_last_one_short(tmp_path: Path) -> None:
    old = Old([(MAIN, FORWARD, 1, -1, 0, 0, 5), (MAIN, FORWARD, 1, 0, 9, 9, 14)], elapsed=16)
    with old.write(tmp_path / "run.h5") as trace:
        assert times(trace) == [(0, 0, 9), (9, 9, 16)]
        assert (trace.schema_version, trace.elapsed_ps) == (2, 16)
        plans = trace.plans
        assert plans.plan.tolist() == [1, 1, 1, 2, 3]
        assert (plans.duration_ps.tolist(), plans.held.tolist()) == ([3, 2, -1, -1, -1], [1, 1, 0, 1, 1])
        assert (
            trace.labels("plans.activity")
            == trace.labels("spans.activity")
            == ("transfer", "update", "think")
        )
        spans = trace.all_spans()
        thoughts = spans.activity == 2
        assert list(zip(spans.t_start[thoughts].tolist(), spans.t_end[thoughts].tolist(), strict=True)) == [
            (5, 9),
            (14, 16),
        ]


def test_rows_stand_in_the_order_of_replies_and_are_named_anew_everywhere(tmp_path: Path) -> None:
    old = Old(
        [
            (MAIN, FORWARD, 1, -1, 0, 0, 5),
            (OTHER, SETTLE, 3, -1, 0, 5, 7),
            (OTHER, SETTLE, 3, 1, 7, 7, 8),
            (MAIN, SETTLE, 3, 0, 9, 9, 12),
        ],
        elapsed=12,
        joins=[(3, 1)],
        spans=[(0, 0, 5, 6, 1), (0, 0, 0, 1, 0), (0, 0, 2, 3, -1)],
        setpoints=[(0, 4, 0.5), (1, 5, 0.25)],
        batches=[(7, 0, 0), (8, 0, 0)],
        targets=[7, 1, 1, 1],
    )  # fmt: skip
    with old.write(tmp_path / "run.h5") as trace:
        assert times(trace) == [(0, 5, 7), (7, 7, 8), (0, 0, 9), (9, 9, 12)]
        assert trace.commands.agent.tolist() == [OTHER, OTHER, MAIN, MAIN]
        assert trace.commands.cause.tolist() == [-1, 0, -1, 2]
        assert (trace.joins.command.tolist(), trace.joins.cause.tolist()) == ([3], [0])
        assert trace.spans.command.tolist() == [0, 2, -1]
        assert (trace.setpoints.command.tolist(), trace.setpoints.heater.tolist()) == ([0, 2], [5, 4])
        assert trace.batches.command.tolist() == [2, 4]  # nothing ever read the second
        assert trace.batch_rows.tolist() == [0, 0, 0, 0]
        check_times(trace)


@pytest.mark.parametrize("config", ["no TOML at all", "", "[host]\noverhead_s = 'long'\n"])
def test_where_the_configuration_does_not_say_a_thought_lasts_the_least_gap(
    tmp_path: Path, config: str
) -> None:
    rows = [
        (MAIN, FORWARD, 1, -1, 0, 0, 5), (MAIN, FORWARD, 1, 0, 8, 8, 13), (MAIN, SETTLE, 3, 1, 20, 20, 21),
        (MAIN, FORWARD, 1, 2, 21, 21, 26),
    ]  # fmt: skip
    with Old(rows, elapsed=40, config=config).write(tmp_path / "run.h5") as trace:
        assert [done for _, _, done in times(trace)] == [8, 16, 21, 29]


def test_nobody_thought_for_a_caller_nor_in_a_plan_without_an_end_of_its_own(tmp_path: Path) -> None:
    rows = [
        (CALLER, FORWARD, 1, -1, 0, 0, 5),
        (MAIN, FORWARD, 3, -1, 5, 5, 9),
        (MAIN, FORWARD, 0, -1, 9, 9, 12),
    ]
    with Old(rows, elapsed=30).write(tmp_path / "run.h5") as trace:
        assert [done for _, _, done in times(trace)] == [5, 9, 12]
        assert trace.labels("plans.activity") == NAMES["activity"]
        assert len(trace.plans.plan) == 4


ROWS = [(MAIN, FORWARD, 1, -1, 0, 0, 5), (MAIN, COMPUTE, 2, 0, 9, 9, 20), (MAIN, FORWARD, 1, 1, 20, 21, 26)]
POWER = [(1, 0, 40.0), (0, 3, 0.5), (1, 5, 100.0), (1, 9, 40.0), (1, 9, 100.0), (1, 20, 40.0), (1, 26, 100.0)]


@pytest.mark.parametrize("detail", ["commands", "full"])
def test_the_hosts_power_is_its_level_and_what_plans_draw(tmp_path: Path, detail: str) -> None:
    metrics = {"loss": 0.5, "busy_s.host.compute": 8e-12, "busy_s.host.update": 11e-12, "energy_j.host": 2.0}
    old = Old(ROWS, 30, power=POWER, detail=detail, metrics=metrics)
    with old.write(tmp_path / "run.h5") as trace:
        drawn = list(
            zip(trace.draws.plan.tolist(), trace.draws.step.tolist(), trace.draws.watts.tolist(), strict=True)
        )
        assert drawn == [(1, 2, 60.0), (2, 0, 60.0)]
        host = trace.power.component == 1
        expected_w = np.repeat([40.0, 100.0, 40.0, 100.0], [5, 15, 6, 4])
        at = np.searchsorted(trace.power.t[host], np.arange(30), side="right") - 1
        np.testing.assert_array_equal(trace.power.watts[host][at], expected_w)
        assert len(trace.power_levels.t) == {"commands": 2, "full": 7}[detail]
        energy_j = energy_by_component(trace)
        assert energy_j["host"] == pytest.approx(expected_w.sum() * 1e-12, rel=1e-12)
        assert latency_by_span(trace)["host.think"] == 8e-12
        assert trace.totals() == {
            "energy_j": {"host": 2.0},
            "busy_s": {"host.think": 8e-12, "host.update": 11e-12},
        }
        assert trace.labels("metrics.name") == ("loss",)
        assert trace.metrics().keys() == {"loss"}


def test_power_that_was_measured_of_overlapping_work_is_kept(tmp_path: Path) -> None:
    rows = [(MAIN, FORWARD, 1, -1, 0, 0, 5), (OTHER, COMPUTE, 2, -1, 0, 6, 8)]
    with Old(rows, 20, power=[(1, 0, 40.0), (1, 5, 100.0), (1, 9, 40.0)]).write(tmp_path / "run.h5") as trace:
        assert len(trace.draws.plan) == 0
        assert trace.power.watts.tolist() == [40.0, 100.0, 40.0]
        assert energy_by_component(trace) == integral_by_component(trace.power, NAMES["component"], 20)


def test_totals_of_thoughts_are_told_from_computations_of_that_name(tmp_path: Path) -> None:
    metrics = {"busy_s.host.compute": 20e-12, "energy_j.heaters": 1.0, "energy_j": 3.0}
    with Old(ROWS, 30, metrics=metrics).write(tmp_path / "run.h5") as trace:
        assert trace.totals()["busy_s"] == {"host.think": 8e-12, "host.compute": 12e-12}
        assert trace.metrics()["energy_j"].value.tolist() == [3.0]
    with Old([], 30, metrics=metrics, detail="summary", queries=2).write(tmp_path / "brief.h5") as trace:
        assert trace.totals()["busy_s"] == {"host.think": 8e-12, "host.compute": 12e-12}


asks = st.tuples(
    st.integers(0, 1),
    st.integers(0, 2),
    st.integers(0, 6),
    st.integers(0, 3),
    st.integers(0, 9),
    st.booleans(),
)


@settings(max_examples=25)
@given(st.lists(asks, max_size=12), st.integers(0, 12), st.sampled_from([HOST, ""]))
def test_whatever_an_old_trace_holds_its_upgrade_is_one_that_a_bench_can_produce(
    tmp_path_factory: pytest.TempPathFactory, listed: list[tuple[Any, ...]], more: int, config: str
) -> None:
    rows, ready = [], [(0, -1), (0, -1)]
    for agent, kind, gap, wait, lasting, follows in listed:
        at, cause = ready[agent]
        issued = at + gap
        done = issued + wait + (5 if kind == FORWARD else lasting)
        rows.append((done, agent, kind, (3, 1, 2)[kind], cause if follows else -1, issued, issued + wait))
        ready[agent] = done, len(rows) - 1
    order = sorted(range(len(rows)), key=lambda row: (rows[row][0], row))
    place = {old: new for new, old in enumerate(order)}
    commands = [(*rows[row][1:4], place.get(rows[row][4], -1), *rows[row][5:], rows[row][0]) for row in order]
    elapsed = max((row[-1] for row in commands), default=0) + more
    folder = tmp_path_factory.mktemp("old")
    with Old(commands, elapsed, config=config).write(folder / "run.h5") as trace:
        check_times(trace)
        assert np.all(trace.commands.t_done <= elapsed)
        assert np.sort(trace.commands.t_issued).tolist() == sorted(row[4] for row in commands)
        spans = trace.all_spans()
        for row in range(len(commands)):
            mine = spans.command == row
            assert spans.t_end[mine].max() == trace.commands.t_done[row]
            assert int((spans.t_end - spans.t_start)[mine].sum()) == (
                trace.commands.t_done[row] - trace.commands.t_started[row]
            )
        thought = (trace.commands.kind == FORWARD) & (trace.commands.t_done - trace.commands.t_started > 5)
        assert np.all((trace.commands.t_done - trace.commands.t_started)[thought] <= 9 + 100 * (config == ""))
