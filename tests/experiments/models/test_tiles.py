"""Tests of maps that are cut into tiles."""

import numpy as np
import pytest
import torch

from emulator.errors import ConfigError
from experiments.models.tiles import Tiles

TILES = Tiles(4, 6, 2, 3)


def test_tiles_are_numbered_row_by_row_and_hold_their_places_row_by_row() -> None:
    maps = np.arange(24.0).reshape(1, 24)
    cut = TILES.cut(maps)
    assert cut.shape == (1, TILES.count, TILES.places)
    assert cut[0, 1].tolist() == [3, 4, 5, 9, 10, 11]
    assert cut[0, 2].tolist() == [12, 13, 14, 18, 19, 20]


def test_joining_undoes_cutting_of_arrays_and_tensors() -> None:
    maps = np.arange(48.0).reshape(2, 24)
    assert np.array_equal(TILES.joined(TILES.cut(maps)), maps)
    tensor = torch.from_numpy(maps)
    assert torch.equal(TILES.joined(TILES.cut(tensor)), tensor)


def test_maps_are_joined_already() -> None:
    maps = np.zeros((2, 24))
    assert TILES.joined(maps) is maps


def test_a_tile_holds_its_channels_one_after_the_other() -> None:
    first, second = np.arange(24.0), 100 + np.arange(24.0)
    cut = TILES.cut(np.concatenate([first, second])[np.newaxis], channels=2)
    assert cut[0, 0].tolist() == [0, 1, 2, 6, 7, 8, 100, 101, 102, 106, 107, 108]


@pytest.mark.parametrize("sizes", [(4, 6, 3, 3), (4, 6, 2, 4), (4, 6, 0, 3)])
def test_tiles_that_do_not_fill_the_map_are_refused(sizes: tuple[int, int, int, int]) -> None:
    with pytest.raises(ConfigError, match="allowed: tiles that fill it"):
        Tiles(*sizes)
