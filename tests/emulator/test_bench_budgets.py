"""Budgets and stops: a run ends with the command in flight, and the trace says why."""

import pytest

from emulator.bench_config import BudgetConfig
from emulator.commands import Controller, Settle
from tests.bench_lab import DONE, RESULT, SmallLab, exact_run_energy_j, queries, rows_of
from tests.builders import NotingRecorder


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
        [(name, limit)] = [(name, value) for name, value in budget.model_dump().items() if value is not None]
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


def test_the_peak_power_budget_stops_the_run_with_the_heaters_that_exceed_it(lab: SmallLab) -> None:
    free = lab.run(lambda: queries(10, phase=0.5))
    power = [row[RESULT] for row in rows_of(free)[::3]]
    limit = 45.0 - 0.14 + sorted(power)[5]
    outing = lab.run(lambda: queries(10, phase=0.5), budget=BudgetConfig(peak_power_w=limit))
    assert outing.result.status == "budget"
    assert len(rows_of(outing)) == 1 + 3 * next(n for n, p in enumerate(power) if 44.86 + p > limit)


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
