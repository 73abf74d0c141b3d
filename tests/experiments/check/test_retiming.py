"""Tests of the comparison of re-timings with real runs: it finds them equal, and it finds what differs."""

from pathlib import Path

import pytest

from experiments.check.retiming import CASES, Agreement, compared, run_retiming
from experiments.run.launch import open_study
from experiments.run.run import run_study

SHORT = ("controller.queries=40", "chip.heaters.dynamics=instant")


@pytest.mark.usefixtures("in_room")
def test_a_retiming_equals_the_real_run(tmp_path: Path) -> None:
    run_study(open_study("vowel_recovery", SHORT), tmp_path / "recorded.h5")
    changed = ("chip.link.latency_s=7e-6", "host.overhead_s=1.5e-5", "chip.heaters.p_pi_w=0.01")
    found = compared(tmp_path / "recorded.h5", changed, tmp_path / "real.h5")
    assert found.exact
    assert found.instant_ps == 0


@pytest.mark.usefixtures("in_room")
@pytest.mark.parametrize("name", ["sequences", "three commands", "two agents"])
def test_whatever_a_run_is_made_of_its_retiming_equals_the_real_one(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    run_study(open_study(case.study, (*SHORT, *case.overrides)), tmp_path / "recorded.h5", own=case.own)
    changed = ("chip.link.latency_s=7e-6", "host.overhead_s=1.5e-5", "chip.dac.update_s=3e-6")
    assert compared(tmp_path / "recorded.h5", changed, tmp_path / "real.h5", case.own).exact


@pytest.mark.usefixtures("in_room")
def test_a_run_whose_controller_chose_otherwise_is_told_from_a_retiming(tmp_path: Path) -> None:
    run_study(open_study("vowel_recovery", ("controller.queries=200",)), tmp_path / "recorded.h5")
    hasty = ("chip.heaters.settle_s=0.0", "chip.link.latency_s=0.0")
    assert not compared(tmp_path / "recorded.h5", hasty, tmp_path / "real.h5").exact


def test_rounding_of_an_energy_is_no_difference_and_a_picosecond_is_one() -> None:
    assert Agreement(1.0, 0, 1e-13).exact
    assert not Agreement(1.0, 1, 0.0).exact
    assert not Agreement(1.0, 0, 1e-11).exact


@pytest.mark.slow
@pytest.mark.usefixtures("in_room")
def test_every_shipped_study_runs_again_identically(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_retiming(tmp_path, seeds=1, sets=1, jobs=1)
    assert "| no |" not in capsys.readouterr().out
