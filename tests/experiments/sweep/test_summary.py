"""Points over seeds: means and intervals by hand, differences seed by seed, and tables of 80 characters."""

import csv
import io
import math
from dataclasses import astuple

import pytest
from scipy import stats

from emulator.errors import ConfigError
from experiments.output.pareto import goals_of
from experiments.output.statistics import share_interval
from experiments.output.terminal import to_text
from experiments.sweep.folder import Record
from experiments.sweep.plan import Plan, Run, plan_of
from experiments.sweep.results import Row
from experiments.sweep.summary import Summary, sense_of, summarize, summary_tables, value_text
from tests.experiments.sweep.runs import SHORT

ACCURACY = {(1, 0): 0.5, (1, 1): 0.7, (1, 2): 0.9, (2, 0): 0.6, (2, 1): 0.75, (2, 2): 0.97}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of("vowel_recovery", ("chip.heaters.settle_s=1us,10us",), 3, SHORT)


def rows(plan: Plan, left_out: tuple[int, int] | None = None) -> list[Row]:
    return [row(run) for run in plan.runs if (run.point, run.seed) != left_out]


def row(run: Run) -> Row:
    numbers = {
        "accuracy": ACCURACY[run.point, run.seed],
        "test_samples": 100.0,
        "elapsed_s": 1e-3 * run.point,
        "energy_j": 2e-3 * run.point + 1e-5 * run.seed,
        "energy_delay_j_s": 1e-6,
    }
    return Row.of(run, Record("complete", "", 1, numbers), share_interval)


def test_means_and_intervals_are_those_of_students_t(plan: Plan) -> None:
    found = summarize(plan, rows(plan))
    accuracy = found.points[0].numbers["accuracy"].mean
    low, high = stats.t.interval(0.95, 2, loc=0.7, scale=0.2 / math.sqrt(3))
    assert astuple(accuracy) == pytest.approx((0.7, 0.2, low, min(high, 1.0), 3))
    assert high > 1.0  # and an accuracy has no more than 1


def test_differences_are_taken_seed_by_seed(plan: Plan) -> None:
    found = summarize(plan, rows(plan))
    difference = found.points[1].numbers["accuracy"].to_first
    own = [0.1, 0.05, 0.07]
    low, high = stats.t.interval(0.95, 2, loc=0.22 / 3, scale=stats.sem(own))
    assert astuple(difference) == pytest.approx((0.22 / 3, stats.tstd(own), low, high, 3))
    fewer = summarize(plan, rows(plan, left_out=(1, 1))).points[1]
    assert fewer.numbers["accuracy"].to_first.mean == pytest.approx(0.085)
    assert fewer.numbers["accuracy"].to_first.n == 2
    assert fewer.numbers["accuracy"].mean.n == 3


def test_one_seed_has_the_interval_of_its_samples() -> None:
    plan = plan_of("vowel_recovery", ("chip.heaters.settle_s=1us,10us",), 1, SHORT)
    mean = summarize(plan, rows(plan)).points[0].numbers["accuracy"].mean
    assert (mean.low, mean.high) == share_interval(0.5, 100)
    assert math.isnan(mean.sd)


def test_the_front_is_that_of_the_means_and_goals_are_numbers_of_the_runs(plan: Plan) -> None:
    found = summarize(plan, rows(plan), goals=goals_of("accuracy,energy_j"))
    assert [point.on_front for point in found.points] == [True, True]
    found = summarize(plan, rows(plan), goals=goals_of("energy_delay_j_s,energy_j"))
    assert [point.on_front for point in found.points] == [True, False]
    with pytest.raises(ConfigError, match=r"no run has a 'acuracy'; known: .*did you mean 'accuracy'"):
        summarize(plan, rows(plan), goals=goals_of("acuracy,energy_j"))


def test_csv_has_a_row_a_point_with_every_number(plan: Plan) -> None:
    found = summarize(plan, rows(plan), goals=goals_of("accuracy,energy_j"))
    read = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert [(one["point"], one["finished"], one["seeds"]) for one in read] == [
        ("1", "3", "3"),
        ("2", "3", "3"),
    ]
    assert float(read[1]["accuracy_minus_first"]) == found.points[1].numbers["accuracy"].to_first.mean
    assert [one["pareto"] for one in read] == ["true", "true"]


def test_points_without_a_finished_run_are_there_and_empty(plan: Plan) -> None:
    found: Summary = summarize(plan, [one for one in rows(plan) if one.run.point == 1])
    assert [point.finished for point in found.points] == [3, 0]
    text = "".join(map(to_text, summary_tables(found)))
    assert "0 of 3" in text


def test_tables_fit_80_characters_with_units_and_intervals(plan: Plan) -> None:
    text = "".join(map(to_text, summary_tables(summarize(plan, rows(plan), "A title"))))
    assert max(map(len, text.splitlines())) <= 80
    for part in ("A title: accuracy (%)", "70.0", "20.3 to 100.0", "10 us", "2 ms", "+1 ms", "Student's t"):
        assert part in text


def test_numbers_have_names_and_units() -> None:
    assert sense_of("selected_test_accuracy") == ("selected test accuracy", 100.0, "%")
    assert sense_of("energy_delay_j_s") == ("energy x delay", 1.0, "J s")
    assert sense_of("heater_power_w") == ("heater power", 1.0, "W")
    assert sense_of("train_loss") == ("train loss", 1.0, "")
    assert value_text("a.rate_hz", 2e9) == "2 GHz"
    assert value_text("a.bits", 8) == "8"
    assert value_text("a.on", True) == "true"
