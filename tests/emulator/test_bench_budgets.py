"""Budgets and stops: a run ends with the command in flight, and the trace says why."""

import math
from collections import defaultdict
from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest

from emulator.bench import Bench
from emulator.bench_config import BudgetConfig
from emulator.commands import Compute, Controller, Forward, Projection, Sequence, SetPhases, Settle
from emulator.instruments.instrument import Stand
from tests.bench_lab import (
    BATCH,
    DONE,
    PLAN,
    RESULT,
    STARTED,
    Outing,
    SmallLab,
    exact_run_energy_j,
    queries,
    rows_of,
)
from tests.builders import NotingRecorder
from tests.opu_lab import DESIGN, project_all, random_vectors, slow_host, small_opu


def crossing(values: list[float], limit: float) -> int:
    """Return how many commands are served until ``values``, one a command, first reach ``limit``."""
    return next(number for number, value in enumerate(values, start=1) if value >= limit)


@pytest.mark.parametrize("cut", range(20))
def test_a_budget_ends_the_run_with_the_command_that_spends_it(lab: SmallLab, cut: int) -> None:
    free = lab.run(lambda: queries(12))
    rows = rows_of(free)
    ledger = [float(exact_run_energy_j(free, row[DONE])) for row in rows]
    share = (cut + 0.37) / 20
    time_s, energy_j = share * free.result.elapsed_s * 0.95, share * free.result.energy_j * 0.95
    for budget, expected in (
        (BudgetConfig(time_s=time_s), crossing([row[DONE] for row in rows], time_s * 1e12)),
        (BudgetConfig(energy_j=energy_j), crossing(ledger, energy_j)),
        (BudgetConfig(queries=1 + cut // 2), 3 * (1 + cut // 2)),
    ):
        outing = lab.run(lambda: queries(12), budget=budget)
        assert outing.result.status == "budget"
        assert rows_of(outing) == rows[:expected]
        assert outing.rows.closings[0][:2] == ("budget", outing.result.reason)
        [(name, limit)] = budget.model_dump(exclude_defaults=True).items()
        assert outing.result.reason.startswith(f"budget.{name}:")
        assert f"{limit:g}" in outing.result.reason


@pytest.mark.parametrize(("short_ps", "served"), [(0, 1), (-1, 2)])
def test_a_budget_of_time_is_spent_at_its_very_picosecond(lab: SmallLab, short_ps: int, served: int) -> None:
    """A first settling of a microsecond spends a budget of as much, and not one of a picosecond more."""
    budget = BudgetConfig(time_s=1e-6 - short_ps * 1e-12)

    def settler() -> Controller:
        for _ in range(3):
            yield Settle(1_000_000)

    outing = lab.run(settler, budget=budget)
    assert outing.result.status == "budget"
    assert len(rows_of(outing)) == served


def test_a_budget_that_is_not_reached_changes_nothing(lab: SmallLab) -> None:
    rich = BudgetConfig(time_s=100.0, energy_j=1e6, queries=10**6, peak_power_w=1e6)
    free, limited = lab.run(lambda: queries(5)), lab.run(lambda: queries(5), budget=rich)
    assert rows_of(free) == rows_of(limited)
    assert free.result == limited.result


def computing(count: int) -> Controller:
    for number in range(count):
        yield Compute(100_000 + number, 0)


def rising(count: int, thinking: bool = False) -> Controller:
    """Drive one heater after the other to nearly a whole turn, which is more than it had."""
    for heater in range(count):
        yield SetPhases([heater], [6.2])
        if thinking:
            yield Forward(BATCH)


def peak_w(outing: Outing) -> Fraction:
    """Return the most that was drawn, from the recorded levels and the steps of the recorded plans."""
    changes: dict[int, Fraction] = defaultdict(Fraction)
    levels: dict[int, float] = {}
    for component, t_ps, watts in outing.rows.watts:
        changes[t_ps] += Fraction(watts) - Fraction(levels.get(component, 0.0))
        levels[component] = watts
    for row in rows_of(outing):
        t_ps = row[STARTED]
        for step in outing.rows.plans[row[PLAN]]:
            if step.ps:
                changes[t_ps] += Fraction(step.watts)
                changes[t_ps + step.ps] -= Fraction(step.watts)
            t_ps += step.ps
    return max(accumulate(changes[t_ps] for t_ps in sorted(changes)))


def test_the_peak_power_budget_stops_the_run_with_the_heaters_that_exceed_it(lab: SmallLab) -> None:
    power = [lab.still_w() + row[RESULT] for row in rows_of(lab.run(lambda: rising(10)))]
    assert power == sorted(power)
    for number in range(1, 10):
        limit = (power[number - 1] + power[number]) / 2
        outing = lab.run(lambda: rising(10), budget=BudgetConfig(peak_power_w=limit))
        assert outing.result.status == "budget"
        assert len(rows_of(outing)) == number + 1
        assert f"{power[number]:.6g} W drawn" in outing.result.reason


def test_the_peak_power_budget_holds_at_its_very_watt(lab: SmallLab) -> None:
    """What is drawn at most is allowed, and not the next smaller number."""
    agents = [lambda: rising(10, thinking=True), lambda: queries(7), lambda: computing(30)]
    free = lab.run(*agents)
    peak = peak_w(free)
    assert peak > lab.still_w() + 60.0 + 60.0  # a thought and a computation at once
    allowed = lab.run(*agents, budget=BudgetConfig(peak_power_w=math.nextafter(float(peak), math.inf)))
    assert allowed.result == free.result
    refused = lab.run(*agents, budget=BudgetConfig(peak_power_w=math.nextafter(float(peak), 0.0)))
    assert refused.result.status == "budget"
    assert f"{float(peak):.6g} W drawn" in refused.result.reason


def test_a_bench_that_draws_too_much_when_idle_serves_nothing(lab: SmallLab) -> None:
    outing = lab.run(lambda: queries(5), budget=BudgetConfig(peak_power_w=0.99 * lab.still_w()))
    assert (outing.result.status, rows_of(outing)) == ("budget", [])


def test_the_peak_power_budget_counts_the_sequencer_with_the_heaters_that_it_sets(lab: SmallLab) -> None:
    def sequence() -> Controller:
        for _ in range(3):
            yield Sequence(np.arange(10)[:, np.newaxis], np.full((10, 1), 6.2), BATCH)

    peak = float(peak_w(lab.run(sequence)))
    for limit, rows in ((peak * 1.000001, 30), (peak * 0.999999, 10)):
        outing = lab.run(sequence, budget=BudgetConfig(peak_power_w=limit))
        assert len(rows_of(outing)) == rows
        assert outing.result.status == ("complete" if rows == 30 else "budget")


def test_the_peak_power_budget_counts_a_host_that_grabs_frames() -> None:
    """The unit's box draws 30 W, and the host 60 W more while it grabs; two commands never grab at once."""
    config, host = small_opu(), slow_host(1e-4, 64)
    box_w = config.power_w
    for limit, status in ((box_w + 59.9, "budget"), (box_w + 60.1, "complete")):
        bench = Bench(
            {"opu": Stand(config, DESIGN), "host": Stand(host)}, 0, BudgetConfig(peak_power_w=limit)
        )
        replies: list[Projection] = []
        vectors = [random_vectors(3, seed=seed) for seed in range(4)]
        result = bench.run({"a": project_all(vectors, replies)})
        assert result.status == status


def test_a_stop_lets_the_command_in_flight_finish_and_closes_the_controller(lab: SmallLab) -> None:
    closed = []

    def endless() -> Controller:
        try:
            yield from queries(10**6)
        finally:
            closed.append(True)

    def stopper() -> Controller:
        yield Settle(1)
        bench.stop("aborted", "Ctrl-C")
        bench.stop("budget", "too late")

    bench = lab.bench()
    result = bench.run({"a": endless(), "b": stopper()})
    assert (result.status, result.reason) == ("aborted", "Ctrl-C")
    assert closed == [True]
    assert isinstance(bench.recorder, NotingRecorder)
    assert len(bench.recorder.commands) == 3
    assert bench.recorder.commands[-1][DONE] == bench.now_ps


def test_a_stop_before_the_run_serves_nothing(lab: SmallLab) -> None:
    bench = lab.bench()
    bench.stop("aborted", "changed my mind")
    result = bench.run({"a": queries(5)})
    assert (result.status, result.queries, result.elapsed_s) == ("aborted", 0, 0.0)


def test_the_peak_power_budget_counts_a_host_that_thinks(lab: SmallLab) -> None:
    outing = lab.run(lambda: queries(5), budget=BudgetConfig(peak_power_w=90.0))
    assert outing.result.status == "budget"
