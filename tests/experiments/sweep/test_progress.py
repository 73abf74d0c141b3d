"""How far a sweep has come: a line at the start and the end without a terminal, nothing when quiet."""

import pytest

from experiments.sweep.plan import plan_of
from experiments.sweep.progress import SweepLine, sized
from tests.experiments.sweep.runs import SHORT


def test_a_last_line_is_said_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with SweepLine() as line:
        for done in (1, 2, 3):
            line.say(done, 3, 1)
    assert capsys.readouterr().err == "sweep: 3 of 3 runs, 1 failed\n"


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with SweepLine(quiet=True) as line:
        line.say(3, 3, 0)
    assert capsys.readouterr().err == ""


def test_the_size_is_told_in_points_seeds_runs_and_room() -> None:
    plan = plan_of("vowel_recovery", ("chip.dac.bits=6,8",), 3, SHORT)
    assert sized(plan, True) == "2 points x 3 seeds = 6 runs, traces of about 420.5 kB"
    assert sized(plan, False).endswith("6 runs, no traces")
