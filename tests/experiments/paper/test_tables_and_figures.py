"""Every experiment with queries makes whole tables and a figure of whatever runs there are."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from experiments.output.tables import to_csv, to_markdown, tree_of
from experiments.paper.experiment import Experiment, Results
from experiments.paper.registry import CHIP
from experiments.paper.szo_scd import ratchet
from experiments.paper.szo_scd.ratchet import Schedule
from tests.experiments.paper.outcomes import made_up

Floats = NDArray[np.float64]

every_experiment = pytest.mark.parametrize("experiment", CHIP, ids=lambda one: one.name)


def results_of(experiment: Experiment, seeds: int) -> Results:
    points = experiment.points(2000)
    runs = {
        point.name: tuple(made_up(seed, 0.5 + 0.001 * place) for seed in range(seeds))
        for place, point in enumerate(points)
    }
    return Results(runs, 2000, "power: preset paper")


@pytest.fixture(autouse=True)
def phases_that_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the phases of the null model stay where they are: where they go tests ``szo_scd/test_ratchet.py``."""

    def drift(start_rad: Floats, schedule: Schedule, *rest: object) -> tuple[Floats, Floats]:
        del rest
        return np.full(schedule.visits + 1, start_rad.mean()), start_rad

    monkeypatch.setattr(ratchet, "drift", drift)


@every_experiment
def test_a_whole_set_of_runs_fills_every_row_and_headings_are_told_apart(experiment: Experiment) -> None:
    tables = experiment.tables(results_of(experiment, 2))
    assert tables
    for table in tables:
        assert len({column.heading for column in table.columns}) == len(table.columns), table.title
        assert table.rows, table.title
        for face in (to_markdown, to_csv):
            assert "nan" not in face(table).lower(), table.title
        assert tree_of(table)["title"] == table.title


@every_experiment
def test_one_seed_or_one_point_alone_is_shown_as_it_is(experiment: Experiment, tmp_path: Path) -> None:
    whole = results_of(experiment, 1)
    one = dict(list(whole.by_point.items())[:1])
    for number, results in enumerate((whole, Results(one, 2000))):
        assert experiment.tables(results)
        experiment.draw(results, tmp_path / f"{number}.png", "a label")
        assert (tmp_path / f"{number}.png").stat().st_size > 10_000
