"""Tests of what is shown of a diffusion."""

import numpy as np
import pytest

import experiments.tasks.diffusion.classifier as judge
import experiments.tasks.diffusion.exhibit as exhibit
import experiments.tasks.diffusion.noise as noise
from emulator.errors import TaskError
from emulator.streams import stream
from experiments.models.dit import draw_dit
from experiments.models.model import Blueprint
from experiments.tasks.diffusion.exhibit import picture_exhibit
from experiments.tasks.diffusion.pictures import build_mnist16_diffusion
from experiments.tasks.images import build_mnist16
from experiments.tasks.task import TaskOptions


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("LIGHTLOOP_CACHE", str(tmp_path_factory.getbasetemp() / "judges"))
    monkeypatch.setattr(judge, "_STEPS", 120)
    monkeypatch.setattr(exhibit, "SAMPLES", 200)
    monkeypatch.setattr(noise, "STEPS", 4)


def test_drawn_pictures_stand_between_real_ones_and_noise() -> None:
    task = build_mnist16_diffusion(TaskOptions("mnist16_diffusion", hidden=(16,)))
    blueprint = Blueprint(task.layer_sizes, task.picture, task.side, task.tiles)
    model = draw_dit(blueprint, stream(0, "test/exhibit"))
    found, again = picture_exhibit(task, model), picture_exhibit(task, model)
    assert found.metrics == again.metrics
    assert found.metrics["frechet_real"] < found.metrics["frechet"]
    assert found.metrics["frechet_real"] < found.metrics["frechet_noise"]
    assert found.metrics["class_agreement_real"] > 0.8
    assert abs(found.metrics["class_agreement"] - 0.1) < 0.1
    shown, unit = found.states["drawn"]
    assert (shown.shape, unit) == ((80, 16, 16), "1")
    assert np.array_equal(shown, again.states["drawn"][0])
    assert shown.min() >= 0.0
    assert shown.max() <= 1.0


def test_a_task_that_recognises_pictures_draws_none() -> None:
    task = build_mnist16(TaskOptions("mnist16"))
    blueprint = Blueprint((256, 16, 256), (1, 16, 16), (3,), build_mnist16_diffusion(task.options).tiles)
    with pytest.raises(TaskError, match="draws no pictures"):
        picture_exhibit(task, draw_dit(blueprint, stream(0, "test/exhibit")))
