"""The points of the tables of convolutions are studies, and what diverges is said."""

import numpy as np
import pytest

from controllers.registry import CONTROLLERS
from experiments.output.tables import to_markdown
from experiments.paper.experiment import Experiment, Results
from experiments.paper.szo_scd.convolutions import TABLE2, TABLE4
from experiments.run.study import study_from_overrides
from tests.experiments.paper.outcomes import of_curve


@pytest.mark.parametrize("experiment", [TABLE2, TABLE4], ids=lambda one: one.name)
def test_every_point_is_a_study_of_convolutions_with_its_own_controller(experiment: Experiment) -> None:
    points = experiment.points(500)
    assert len({point.name for point in points}) == len(points)
    for point in points:
        study = study_from_overrides(point.overrides)
        assert study.task.model == "cnn"
        assert study.kind.name in CONTROLLERS
        assert study.kind.name in point.name
        assert getattr(study.controller, "queries", None) == 500
        assert getattr(study.controller, "loop", "sequencer") == "sequencer"


def test_a_run_that_ends_below_its_start_has_diverged_and_savings_are_by_seed() -> None:
    lost, won = of_curve(np.linspace(0.8, 0.3, 41)), of_curve(np.linspace(0.5, 0.9, 41))
    runs = {"mnist16-szo_scd-a0.05": (won,), "fashion32-szo_scd-a0.05": (lost,)}
    text = to_markdown(TABLE2.tables(Results(runs, 500))[0])
    assert "recovers" in text
    assert "1 of 1 diverged" in text
    whole = of_curve(np.linspace(0.5, 0.9, 41), heaters=np.arange(40))
    spent = {"mnist16-szo_scd-a0.05": (won,), "mnist16-szo_scd-a1": (whole,)}
    assert "90" in to_markdown(TABLE4.tables(Results(spent, 500))[0])  # 4 phases of 2 rad against 40
