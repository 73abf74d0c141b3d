"""Tests of the ways to train and of their runs."""

from pathlib import Path

import pytest

from controllers.feedback_alignment.options import OdfaConfig
from experiments.paper.odfa import climate, diffusion
from experiments.paper.odfa.ways import OWN_BP, WAYS, Setup, jobs_of_setups

NA = Setup("na", "North America", "climate_na_odfa", own={"bp-own": ("controller.learning_rate=1e-3",)})


def options(setup: Setup, tmp_path: Path) -> dict[str, OdfaConfig]:
    jobs = jobs_of_setups("paper test", (setup,), 1, tmp_path, lambda _: ("controller.epochs=2",))
    found = {}
    for job in jobs:
        assert isinstance(job.study.controller, OdfaConfig)
        found[job.point.name.removeprefix(f"{setup.name}-")] = job.study.controller
    return found


def test_all_ways_have_the_same_settings_but_for_bps_own_and_who_feeds_back(tmp_path: Path) -> None:
    found = options(NA, tmp_path)
    assert {name: one.feedback for name, one in found.items()} == {way.name: way.feedback for way in WAYS}
    same = {name: one.model_copy(update={"feedback": "exact"}) for name, one in found.items()}
    assert {one == same["odfa"] for name, one in same.items() if name != OWN_BP.name} == {True}
    assert found[OWN_BP.name].learning_rate == 1e-3
    assert {one.epochs for one in found.values()} == {2}


def test_bp_is_not_run_twice_where_its_own_rates_are_not_told(tmp_path: Path) -> None:
    assert OWN_BP.name not in options(Setup("na", "", "climate_na_odfa"), tmp_path)


def test_every_seed_has_every_way_and_a_trace_of_its_own(tmp_path: Path) -> None:
    jobs = jobs_of_setups("paper test", (NA,), 2, tmp_path, lambda _: ())
    assert [job.study.seed for job in jobs] == [0] * len(WAYS) + [1] * len(WAYS)
    assert len({job.trace for job in jobs}) == len(jobs)


def test_what_takes_long_is_run_with_one_seed_of_so_many(tmp_path: Path) -> None:
    long = Setup("na", "", "climate_na_odfa", ways=("odfa",), thrift=3)
    for seeds, expected in ((1, 1), (2, 1), (5, 1), (6, 2)):
        assert len(jobs_of_setups("paper test", (long,), seeds, tmp_path, lambda _: ())) == expected


@pytest.mark.parametrize("setup", [*climate.SETUPS, *diffusion.SETUPS], ids=lambda setup: setup.name)
def test_every_way_of_the_experiments_is_a_study_that_is_accepted(setup: Setup, tmp_path: Path) -> None:
    run = set(options(setup, tmp_path))
    assert run >= {"odfa", "shlw"}
    assert run & {"bp", OWN_BP.name}
