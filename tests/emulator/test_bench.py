"""The bench: time, energy, turns, observers, seeds, a real trace and real time."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emulator import clock as clock_module
from emulator.bench import Bench
from emulator.bench_config import BudgetConfig, ClockConfig
from emulator.clock import RealTimeClock
from emulator.commands import (
    Controller,
    Forward,
    Keep,
    Log,
    PhasesSet,
    Reading,
    SetPhases,
    Settle,
    Settled,
)
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.config import HeaterConfig
from emulator.instruments.instrument import Stand
from emulator.trace.open import open_trace
from emulator.trace.writing.header import Header
from emulator.trace.writing.recorder import Recorder
from tests.bench_lab import (
    AGENT,
    BATCH,
    CAUSE,
    DONE,
    HASTY_HOST,
    ISSUED,
    KIND,
    PLAN,
    RESULT,
    SIZES,
    STARTED,
    SmallLab,
    elapsed_ps,
    exact_energy_j,
    exact_run_energy_j,
    looks,
    queries,
    rows_of,
    settler,
)
from tests.builders import NotingRecorder, ideal_chip, random_batch, random_design


def test_the_spans_of_a_run_add_up_to_its_time_exactly(lab: SmallLab) -> None:
    outing = lab.run(lambda: queries(20))
    assert sum(round(busy_s * 1e12) for busy_s in outing.result.busy_by_span_s.values()) == elapsed_ps(
        outing.result
    )
    for row in rows_of(outing):
        steps = outing.rows.plans[row[PLAN]]
        assert row[DONE] - row[STARTED] == sum(step.ps for step in steps)
    assert outing.result.busy_by_span_s["host.think"] == pytest.approx(20 * 5e-6)
    assert outing.result.busy_by_span_s["heaters.settling"] == pytest.approx(20 * 6e-6)


def test_the_energy_is_the_integral_of_the_recorded_power(lab: SmallLab) -> None:
    outing = lab.run(lambda: queries(30, phase=0.7))
    exact = exact_run_energy_j(outing)
    assert outing.result.energy_j == pytest.approx(float(exact), rel=1e-15)
    assert outing.result.energy_j == pytest.approx(
        sum(outing.result.energy_by_component_j.values()), rel=1e-15
    )
    host = outing.result.energy_by_component_j["host"]
    assert host == pytest.approx(40.0 * outing.result.elapsed_s + 60.0 * 30 * 5e-6, rel=1e-12)


def test_waiting_costs_what_is_drawn_while_waiting(lab: SmallLab) -> None:
    def waiter() -> Controller:
        reply = yield Settle(10**12)
        assert reply == Settled(10**12)

    result = lab.run(waiter).result
    assert result.energy_by_component_j["host"] == pytest.approx(40.0)
    assert result.energy_by_component_j["chip.laser"] == pytest.approx(0.94)
    assert result.energy_by_component_j["chip.heaters"] > 0


def test_the_totals_have_a_table_and_the_phases_states(lab: SmallLab) -> None:
    outing = lab.run(lambda: queries(3))
    energies = {("energy_j", name): value for name, value in outing.result.energy_by_component_j.items()}
    busy = {("busy_s", name): value for name, value in outing.result.busy_by_span_s.items()}
    assert outing.rows.totals == energies | busy
    core = outing.bench.instrument(Chip).core
    assert set(outing.rows.states) == {"design_phases", "active", "ports", "initial_phases", "final_phases"}
    np.testing.assert_array_equal(outing.rows.states["final_phases"], core.driven_phases())
    np.testing.assert_array_equal(outing.rows.states["design_phases"], core.design.phases())
    assert outing.rows.closings == [("complete", "", elapsed_ps(outing.result), 3)]


def settled_reading(lab: SmallLab, settle_ps: int | None) -> Reading:
    readings: list[Reading] = []

    def looker() -> Controller:
        yield SetPhases(list(range(45)), [2.0] * 45)
        if settle_ps is not None:
            yield Settle(settle_ps)
        readings.append((yield Forward(BATCH)))

    lab.run(looker)
    return readings[0]


@pytest.mark.parametrize("dynamics", ["dynamic", "instant"])
def test_a_reading_before_the_heat_has_settled_is_wrong_in_dynamic_mode_only(dynamics: Any) -> None:
    heaters = HeaterConfig(sigma_gamma=0.0, omega=2e-3, tau_s=10e-6, dynamics=dynamics)
    lab = SmallLab(ideal_chip(heaters), HASTY_HOST)
    settled = settled_reading(lab, 10**9).outputs
    hasty, late = (np.abs(settled_reading(lab, wait).outputs - settled).max() for wait in (None, 300_000_000))
    assert late < 1e-9
    assert (hasty > 0.01) if dynamics == "dynamic" else (hasty < 1e-12)


def test_every_command_is_caused_by_the_one_before_and_issued_when_the_host_has_thought(
    lab: SmallLab,
) -> None:
    outing = lab.run(lambda: queries(10))
    rows = rows_of(outing)
    assert len(rows) == 30
    for number, row in enumerate(rows):
        assert row[CAUSE] == number - 1
        assert row[ISSUED] == (rows[number - 1][DONE] if number else 0)
        thought_ps = [step.ps for step in outing.rows.plans[row[PLAN]] if step.activity == "think"]
        assert thought_ps == ([5_000_000] if number % 3 == 2 else [])
        assert row[STARTED] == row[ISSUED]


def test_agents_are_served_first_come_first_served_and_never_at_once(lab: SmallLab) -> None:
    agents = [lambda: queries(10)] * 3
    rows = rows_of(replace(lab, host=HASTY_HOST).run(*agents, lambda: settler(40)))
    assert {row[AGENT] for row in rows} == {0, 1, 2, 3}
    for before, after in pairwise(rows):
        assert after[STARTED] >= before[DONE]
        assert after[ISSUED] >= before[ISSUED]
        assert after[STARTED] == max(before[DONE], after[ISSUED])


def test_each_agent_has_its_own_chain_of_causes(lab: SmallLab) -> None:
    rows = rows_of(lab.run(lambda: queries(8), lambda: settler(100)))
    last = {0: -1, 1: -1}
    for number, row in enumerate(rows):
        assert row[CAUSE] == last[row[AGENT]]
        assert row[CAUSE] == -1 or row[ISSUED] >= rows[row[CAUSE]][DONE]
        last[row[AGENT]] = number


def test_the_run_ends_with_its_main_agent(lab: SmallLab) -> None:
    outing = lab.run(lambda: queries(2), lambda: settler(10_000))
    assert outing.result.status == "complete"
    assert outing.result.queries == 2
    assert len(rows_of(outing)) < 60


def test_log_and_keep_take_no_time_and_reach_the_recorder(lab: SmallLab) -> None:
    def noter() -> Controller:
        yield Settle(5)
        assert (yield Log("loss", 0.25)) is None
        assert (yield Keep("best", np.arange(3))) is None
        yield Keep("best", np.arange(4))

    outing = lab.run(noter)
    assert ("loss", 5, 0, 0.25) in outing.rows.metrics
    np.testing.assert_array_equal(outing.rows.states["best"], np.arange(4))
    assert elapsed_ps(outing.result) == 5


def test_replies_are_of_the_kind_that_the_command_promises(lab: SmallLab) -> None:
    seen = []

    def asker() -> Controller:
        seen.append((yield SetPhases([0], [1.0])))
        seen.append((yield Settle(3)))
        seen.append((yield Forward(BATCH)))

    outing = lab.run(asker)
    assert seen[0] == PhasesSet(outing.bench.instrument(Chip).core.heater_power_w)
    assert seen[1] == Settled(3)
    assert isinstance(seen[2], Reading)


class Watcher:
    """Note at which queries it was asked, and look closely."""

    def __init__(self, every_queries: int) -> None:
        self.every_queries = every_queries
        self.looks: list[int] = []

    def observe(self, bench: Bench) -> Mapping[str, float]:
        self.looks.append(bench.queries)
        outputs = bench.instrument(Chip).observe(random_batch(7, 6, key=9).inputs, bench.now_ps)
        return {f"watched/{self.every_queries}": float(outputs.sum())}


def test_observers_look_when_it_is_their_turn_and_once_more_at_the_end(lab: SmallLab) -> None:
    watchers = [Watcher(1), Watcher(4), Watcher(100)]
    outing = lab.run(lambda: queries(10), observers=watchers)
    assert watchers[0].looks[:11] == list(range(11))
    assert watchers[1].looks == [0, 4, 8, 10]
    assert watchers[2].looks == [0, 10]
    logged = [(name, queries) for name, _, queries, _ in outing.rows.metrics if name == "watched/4"]
    assert logged == [("watched/4", number) for number in (0, 4, 8, 10)]


def test_observers_change_nothing(lab: SmallLab) -> None:
    alone = lab.run(lambda: queries(25, 0.3))
    watched = lab.run(lambda: queries(25, 0.3), observers=[Watcher(1), Watcher(3)])
    assert rows_of(alone) == rows_of(watched)
    assert alone.rows.watts == watched.rows.watts
    assert alone.result == watched.result


def test_the_same_seed_is_the_same_run_and_another_seed_is_another(lab: SmallLab) -> None:
    first, again, other = (lab.run(lambda: queries(10), lambda: settler(20), seed=seed) for seed in (1, 1, 2))
    assert rows_of(first) == rows_of(again)
    assert first.rows.watts == again.rows.watts
    assert first.result == again.result
    looks = [[row[RESULT] for row in rows_of(run) if row[KIND] == 2] for run in (first, other)]
    assert all(left != right for left, right in zip(*looks, strict=True))


def test_the_ledger_of_a_real_trace_is_the_result_of_the_run(lab: SmallLab, tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    header = Header("", 0, "0" * 32, (), "2026-01-01T00:00:00+00:00")
    stands = {"chip": Stand(lab.chip, random_design(SIZES, 0)), "host": Stand(lab.host)}
    bench = Bench(stands, 0, BudgetConfig(queries=7))
    result = bench.run({"main": queries(100)}, recorder=Recorder.create(path, header))
    trace = open_trace(path)
    power = zip(
        trace.power.component.tolist(), trace.power.t.tolist(), trace.power.watts.tolist(), strict=True
    )
    assert trace.status == "budget"
    assert trace.queries == result.queries == 7
    assert trace.elapsed_ps == elapsed_ps(result)
    assert result.energy_j == pytest.approx(float(exact_energy_j(list(power), trace.elapsed_ps)), rel=1e-15)
    expected = lab.run(lambda: queries(100), budget=BudgetConfig(queries=7))
    assert trace.commands.t_done.tolist() == [row[DONE] for row in rows_of(expected)]
    assert trace.commands.result.tolist() == [row[RESULT] for row in rows_of(expected)]


def test_a_bench_in_real_time_does_what_a_virtual_one_does(lab: SmallLab) -> None:
    stands = {"chip": Stand(lab.chip, random_design(SIZES, 0)), "host": Stand(lab.host)}
    paced = Bench(stands, 0, clock=ClockConfig(mode="real_time", factor=1e-3))
    result = paced.run({"a": queries(3)}, recorder=NotingRecorder())
    virtual = lab.run(lambda: queries(3))
    assert result.energy_by_component_j == virtual.result.energy_by_component_j
    assert isinstance(paced.recorder, NotingRecorder)
    assert paced.recorder.commands == rows_of(virtual)


def test_a_bench_that_took_long_to_build_is_not_late(lab: SmallLab) -> None:
    stands = {"chip": Stand(lab.chip, random_design(SIZES, 0))}
    bench = Bench(stands, 0, clock=ClockConfig(mode="real_time", factor=1e-3))
    assert isinstance(bench.clock, RealTimeClock)
    bench.clock.tolerance_s = 100.0
    bench.clock.real_start -= 1000.0
    assert bench.run({"a": settler(3)}).late_events == 0


def test_the_host_draws_more_for_every_thought_of_every_agent(lab: SmallLab) -> None:
    outing = lab.run(lambda: looks(3), lambda: looks(3))
    thoughts = sum(
        step.activity == "think" for row in rows_of(outing) for step in outing.rows.plans[row[PLAN]]
    )
    assert thoughts >= 5
    host_j = outing.result.energy_by_component_j["host"]
    assert host_j == pytest.approx(40.0 * outing.result.elapsed_s + thoughts * 60.0 * 5e-6, rel=1e-12)


def test_a_stop_in_real_time_ends_a_long_sleep_with_a_valid_trace(
    lab: SmallLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A settling of 10 us takes 1000 s by the wall clock; the signal comes after 2 s, between two naps."""
    bench = lab.unattended(clock=ClockConfig(mode="real_time", factor=1e8))
    wall_s, closed = [0.0], []

    def nap(seconds: float) -> None:
        wall_s[0] += seconds
        if wall_s[0] > 2.0:
            bench.stop("aborted", "SIGTERM received")

    def slow() -> Controller:
        try:
            yield from settler(3)
            yield Settle(10_000_000)
        finally:
            closed.append(True)

    monkeypatch.setattr(clock_module, "monotonic", lambda: wall_s[0])
    monkeypatch.setattr(clock_module, "sleep", nap)
    out = tmp_path / "run.h5"
    result = bench.run({"a": slow()}, recorder=Recorder.create(out, Header("", 0, "", (), "")))
    assert (result.status, result.reason, closed) == ("aborted", "SIGTERM received", [True])
    assert wall_s[0] < 2.2
    assert result.elapsed_s == pytest.approx(wall_s[0] / 1e8, rel=1e-6)
    with open_trace(out) as trace:
        assert (trace.status, trace.elapsed_ps) == ("aborted", bench.now_ps)
