"""Tests of ceilings beside results: asked once a chip, joined seed by seed, refused where no chip is."""

from pathlib import Path

import pytest

from experiments.ceiling.ceiling import Ceiling
from experiments.output.statistics import Stat
from experiments.paper import ceilings
from experiments.paper.ceilings import ceiling_table
from experiments.paper.registry import CHIP
from experiments.run.study import Study
from experiments.sweep.points import Point, jobs_of
from tests.experiments.command_line import refusal
from tests.experiments.paper.outcomes import made_up

SPARSE = ("task.name=vowel", "chip.preset=paper", "deployment.alpha=0.15", "controller.queries=100")
POINTS = (Point("small", SPARSE), Point("long", (*SPARSE, "controller.queries=300")))


def test_controllers_on_one_chip_share_its_ceiling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def found(study: Study) -> Ceiling:
        asked.append(study.seed)
        return Ceiling(study.seed, "accuracy", 0.9, 0.9, 0.95, 0.5, 100, 12)

    monkeypatch.setattr(ceilings, "ceiling_of", found)
    said: list[str] = []
    table = ceiling_table(jobs_of("tiny", POINTS, 2, tmp_path), lambda path: made_up(), said.append)
    assert asked == [0, 1]
    assert said == ["ceiling of chip 1 of 2", "ceiling of chip 2 of 2"]
    assert [row[0] for row in table.rows] == ["small", "long"]
    one = made_up()
    share = table.rows[0][-1]
    assert isinstance(share, Stat)
    assert share.mean == pytest.approx((one.selected - one.deployed) / (0.9 - one.deployed))


@pytest.mark.parametrize("name", ["light", "latency"])
def test_an_experiment_without_a_chip_refuses_to_ask(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refusal(capsys, "paper", name, "--ceilings", "--out", tmp_path / "out")
    assert "--ceilings is refused: it has no chip to ask about; allowed: alpha" in message
    assert not (tmp_path / "out").exists()


def test_every_experiment_of_a_chip_can_be_judged() -> None:
    assert all(one.trial.judged is not None for one in CHIP)
