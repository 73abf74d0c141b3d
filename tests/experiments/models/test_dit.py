"""Tests of the diffusion Transformer."""

import numpy as np
import pytest
import torch

from emulator.errors import ConfigError
from emulator.streams import stream
from experiments.models.dit import draw_dit
from experiments.models.model import Blueprint
from experiments.models.registry import draw_model
from experiments.models.tiles import Tiles

BLUEPRINT = Blueprint((64, 16, 16, 64), (1, 8, 8), (5,), Tiles(8, 8, 4, 4))


def test_what_a_sample_is_told_changes_its_answer_and_no_others() -> None:
    model = draw_dit(BLUEPRINT, stream(0, "test/dit"))
    x = stream(1, "test/dit").normal(size=(2, 64))
    one, other = (model.answers(x, (torch.eye(5)[[0, k]],)) for k in (1, 2))
    assert np.array_equal(one[0], other[0])
    assert not np.allclose(one[1], other[1])


def test_every_block_is_told() -> None:
    model = draw_dit(BLUEPRINT, stream(0, "test/dit"))
    side = torch.zeros(1, 5)
    signal = model.blocks[0](torch.ones(1, 64), side)
    assert not torch.equal(model.blocks[1](signal, side), model.blocks[1](signal, side + 1))


def test_without_anything_to_tell_a_vit_is_offered() -> None:
    with pytest.raises(ConfigError, match="allowed: 'vit'"):
        draw_dit(Blueprint((64, 16, 64), (1, 8, 8), tiles=Tiles(8, 8, 4, 4)), stream(0, "test/dit"))


def test_a_network_that_does_not_listen_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"task.model = 'fcnn' is refused: .*do not listen; allowed: 'vit', 'dit'"
    ):
        draw_model("fcnn", BLUEPRINT, stream(0, "test/dit"))
