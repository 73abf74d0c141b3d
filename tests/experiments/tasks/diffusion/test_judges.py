"""Tests of the judge of v."""

import numpy as np
import pytest
import torch

from emulator.streams import stream
from experiments.models.tiles import Tiles
from experiments.tasks.diffusion.judges import VError, VLoss

TILES = Tiles(4, 4, 2, 2)


def test_tiles_are_compared_with_pictures_pixel_by_pixel() -> None:
    v = stream(0, "test/judges").normal(size=(3, 16))
    assert VError(TILES).of_arrays(TILES.cut(v) + 0.5, v) == pytest.approx(0.25)
    assert VError(TILES).text(0.25) == "v error 0.250"


def test_the_loss_in_torch_is_that_of_arrays() -> None:
    rng = stream(0, "test/judges")
    outputs, v = rng.normal(size=(3, 4, 4)), rng.normal(size=(3, 16))
    loss = VLoss(TILES)
    assert loss.of_tensors(torch.tensor(outputs), torch.tensor(v)).item() == pytest.approx(
        loss.of_arrays(outputs, v)
    )


def test_it_has_no_scale_of_the_users() -> None:
    judge = VError(TILES)
    assert judge.of_values_times(3.0) is judge
    assert np.isclose(judge.of_arrays(np.zeros((2, 4, 4)), np.ones((2, 16))), 1.0)
