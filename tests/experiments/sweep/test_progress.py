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


def test_a_log_is_told_how_many_runs_have_ended_and_how_long_the_others_may_last() -> None:
    with SweepLine(clock=iter([0.0, 60.0, 120.0]).__next__) as line:
        assert line.line(10.0) == "sweep: no run has ended after 10 s"
        line.say(1, 5, 0)
        assert line.line(60.0) == "sweep: 1 of 5 runs"
        line.say(2, 5, 1)
        assert line.line(120.0) == "sweep: 2 of 5 runs, 1 failed, about 3 min left"
