"""A dry run says what the run will take, and writes nothing."""

from dataclasses import replace

import pytest

from emulator.errors import ConfigError
from experiments.run.launch import open_study
from experiments.run.preflight.estimate import Pilot, estimate, extended
from experiments.run.run import run_study

ONE = Pilot(100, 1.0, 2.0, 10.0, 1000)
TWO = Pilot(200, 1.5, 3.0, 30.0, 1500)
STUDY = open_study("vowel_recovery")


def test_what_the_last_queries_added_is_extended_to_all() -> None:
    found = extended([ONE, TWO], 1000, STUDY)
    assert found == Pilot(1000, pytest.approx(5.5), pytest.approx(11.0), pytest.approx(190.0), 5500)


@pytest.mark.parametrize(
    ("budget", "queries"), [("budget.time_s=2.5", 400), ("budget.energy_j=50", 300), ("budget.time_s=1", 200)]
)
def test_a_budget_ends_an_estimate_where_it_ends_the_run(budget: str, queries: int) -> None:
    found = extended([ONE, TWO], 1000, open_study("vowel_recovery", (budget,)))
    assert (found.queries, found.reason) == (queries, budget.partition("=")[0])


def test_what_a_pilot_found_at_its_end_is_the_whole_run() -> None:
    ended = TWO._replace(reason="the controller")
    assert extended([ONE, ended], 1000, STUDY) == ended
    assert extended([ONE, TWO], 200, STUDY) == TWO


def test_a_run_beyond_the_clock_is_refused_with_how_many_queries_would_fit() -> None:
    slow = [ONE, TWO._replace(emulated_s=1e6)]
    with pytest.raises(ConfigError, match=r"106 days .*: about 1,022 queries would fit"):
        extended(slow, 10**6, STUDY)


@pytest.mark.usefixtures("in_room")
def test_a_dry_run_agrees_with_the_run_in_emulated_time_and_energy() -> None:
    study = open_study("vowel_recovery", ("controller.queries=9000", "task.seed=0"))
    found, result = estimate(study), run_study(study)
    assert found.queries == result.queries
    assert found.layer_sizes == (8, 16, 16, 4)
    assert found.emulated_s == pytest.approx(result.elapsed_s, rel=0.05)
    assert found.energy_j == pytest.approx(result.energy_j, rel=0.05)
    assert found.wall_s == pytest.approx(found.preparing_s + found.running_s + found.watching_s)


@pytest.mark.usefixtures("in_room")
def test_a_paced_run_takes_at_least_its_emulated_time_on_the_wall() -> None:
    changes = ("controller.queries=200", "task.seed=0", "clock.mode=real_time", "clock.factor=1e6")
    found = estimate(open_study("vowel_recovery", changes))
    assert found.running_s == pytest.approx(1e6 * found.emulated_s)


@pytest.mark.usefixtures("in_room")
def test_a_study_is_not_changed_by_being_estimated() -> None:
    study = open_study("vowel_recovery", ("controller.queries=64", "task.seed=0"))
    before = study.model_dump()
    assert replace(estimate(study)).queries == 64
    assert study.model_dump() == before
