"""Tests of ``lightloop paper walls``: each stage of a frame binds somewhere, each case waits as it says."""

from pathlib import Path

import pytest

from experiments.paper.training_time.walls import CASES, budget_of, run_walls
from experiments.run.launch import open_study
from experiments.scale.timing import time_steps


def test_exposure_binds_few_outputs_and_readout_many() -> None:
    assert budget_of(1000).binds == "exposure"
    assert budget_of(10**7).binds == "readout"
    assert budget_of(10**7).sustained_hz == pytest.approx(19, abs=0.5)


def test_units_that_share_the_outputs_read_their_part_alone() -> None:
    one, many = budget_of(10**7), budget_of(10**7, 19)
    assert many.rows == pytest.approx(one.rows / 19, rel=0.01)
    assert many.sustained_hz > 15 * one.sustained_hz


@pytest.mark.parametrize(
    ("name", "binds"),
    [
        ("perceptron, 64 rows", "frame clock"),
        ("a link of 1 Gbit/s", "link"),
        ("a slow host", "host"),
        ("10 kHz, 8 units", "gpu arithmetic"),
    ],
)
def test_each_wall_is_the_wall_of_a_case(name: str, binds: str) -> None:
    (case,) = (one for one in CASES if one.name == name)
    assert time_steps(open_study(case.study, case.changes)).binds == binds


def test_tables_and_figure_are_made(tmp_path: Path) -> None:
    found = run_walls(tmp_path, 1, 2, 1)
    assert len(found.tables) == 2
    found.draw(tmp_path / "walls.png", "label")
    assert (tmp_path / "walls.png").stat().st_size > 0
