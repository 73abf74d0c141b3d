"""Tests of the check of views: random runs say the same at every detail, and a view that does not is found."""

from pathlib import Path

import pytest

from emulator.errors import TaskError
from experiments.check import views
from experiments.check.views import VIEWS, Drawn, Verdict, draw, verdict_on

pytestmark = pytest.mark.usefixtures("in_room")


@pytest.mark.parametrize("number", [1, 2])
def test_a_random_run_of_either_instrument_says_the_same_in_every_view(number: int, tmp_path: Path) -> None:
    verdict = verdict_on(draw(number), tmp_path)
    assert verdict.found == ()
    assert verdict.views > 50
    assert (verdict.drawn.instrument, verdict.status) == (
        ("chip", "killed") if number == 2 else ("opu", "budget")
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3, 43))
def test_many_random_runs_say_the_same_in_every_view(number: int, tmp_path: Path) -> None:
    assert verdict_on(draw(number, seed=1), tmp_path).found == ()


def test_what_is_drawn_depends_on_its_number_and_seed_alone() -> None:
    drawn = [draw(number) for number in range(60)]
    assert drawn == [draw(number) for number in range(60)]
    assert drawn != [draw(number, seed=1) for number in range(60)]
    assert {one.instrument for one in drawn} == {"chip", "opu"}
    assert sum(one.killed_after > 0 for one in drawn) == 20
    words = {word for one in drawn for word in one.overrides}
    assert {"controller.loop=sequencer", "opu.pcie.latency_s=1 ms", "controller.schedule=late"} <= words


def test_a_difference_fails_the_check_after_its_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def differs(drawn: Drawn, folder: Path) -> Verdict:
        return Verdict(drawn, "complete", 9, ("full: ledger",) if drawn == draw(1) else ())

    monkeypatch.setattr(views, "verdict_on", differs)
    with pytest.raises(TaskError, match="the views of 1 of 3 runs differ"):
        VIEWS.run(tmp_path, 1, 3, 1)
    text = capsys.readouterr().out
    assert "full: ledger" in text
    assert "check views: 2 of 3 sets equal" in text
    VIEWS.run(tmp_path, 1, 1, 1)
    assert "check views: 1 of 1 sets equal" in capsys.readouterr().out
