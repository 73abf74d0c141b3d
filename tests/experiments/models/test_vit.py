"""Tests of the vision Transformer."""

import numpy as np
import torch

from emulator.streams import stream
from experiments.models.model import Blueprint
from experiments.models.tiles import Tiles
from experiments.models.vit import draw_vit

TILES = Tiles(8, 8, 4, 4)


def test_it_turns_a_picture_into_the_tiles_of_a_map() -> None:
    model = draw_vit(Blueprint((128, 16, 16, 64), (2, 8, 8), tiles=TILES), stream(0, "test/vit"))
    assert model.answers(np.zeros((3, 128))).shape == (3, 4, 16)
    assert (model.rows, model.hidden, model.outputs) == (4, (16, 16), 16)


def test_numbers_without_places_become_a_map_whose_tiles_differ() -> None:
    model = draw_vit(Blueprint((5, 16, 64), tiles=TILES), stream(0, "test/vit"))
    answers = model.answers(np.ones((1, 5)))
    assert not np.allclose(answers[0, 0], answers[0, 1], atol=1e-4)


def test_blocks_are_a_chain_that_may_be_cut_anywhere() -> None:
    model = draw_vit(Blueprint((64, 16, 16, 64), (1, 8, 8), tiles=TILES), stream(0, "test/vit"))
    x = stream(1, "test/vit").normal(size=(2, 64))
    signal = torch.tensor(x, dtype=torch.float32)
    for block in model.blocks:
        signal = block(signal.detach())
    assert np.array_equal(signal.detach().numpy(), model.answers(x))
