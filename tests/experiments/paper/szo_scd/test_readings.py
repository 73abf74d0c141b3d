"""A reading is the shipped study that bears its name: the same chip, the same controller."""

import pytest

from experiments.paper.szo_scd.networks import MNIST, PAPER
from experiments.paper.szo_scd.readings import READINGS, Reading
from experiments.run.launch import open_study
from experiments.run.study import study_from_overrides


@pytest.mark.parametrize("reading", READINGS, ids=lambda one: one.study)
def test_the_shipped_study_is_the_reading_at_p_1(reading: Reading) -> None:
    shipped = open_study(reading.study)
    ours = study_from_overrides(
        (
            *PAPER, *MNIST.overrides, *reading.overrides, f"controller.queries={reading.queries}",
            "controller.power_awareness=1.0", "deployment.alpha=0.15", "host.preset=workstation",
            "trace.detail=summary",
        )
    )  # fmt: skip
    free = {"title": ""}
    assert shipped.model_copy(update=free) == ours.model_copy(update=free)
