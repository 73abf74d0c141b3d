"""Tests of the tasks of diffusion."""

from pathlib import Path

import numpy as np
import pytest

from experiments.tasks.diffusion.noise import Diffusion
from experiments.tasks.diffusion.pictures import build_fashion_diffusion, build_mnist16_diffusion
from experiments.tasks.images import build_mnist16
from experiments.tasks.task import TaskOptions


def test_digits_are_those_of_the_task_that_recognises_them() -> None:
    task, known = (
        build_mnist16_diffusion(TaskOptions("mnist16_diffusion")),
        build_mnist16(TaskOptions("mnist16")),
    )
    assert np.array_equal(task.x_test, known.x_test)
    assert np.array_equal(task.y_test, known.y_test)
    assert len(task.x_train) == 7200
    assert task.layer_sizes == (256, 64, 64, 64, 64, 256)


def test_clothes_have_49_tiles_and_say_how_many_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.fashion_mnist.FOLDER", Path("nowhere"))
    task = build_fashion_diffusion(TaskOptions("fashion_diffusion"))
    assert task.name == "fashion_diffusion"
    assert "4,000 of the images" in task.title
    assert task.tiles is not None
    assert (task.tiles.count, task.tiles.places) == (49, 16)


def test_classes_may_be_chosen() -> None:
    task = build_mnist16_diffusion(TaskOptions("mnist16_diffusion", classes=(3, 8)))
    assert isinstance(task.present, Diffusion)
    assert (task.present.classes, task.side) == (2, (34,))
