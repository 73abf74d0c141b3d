"""Tests of chains of blocks with attention."""

import numpy as np
import pytest

from emulator.errors import ConfigError
from emulator.streams import stream
from experiments.models.attention.chain import chain_bytes, rows_of
from experiments.models.model import Blueprint
from experiments.models.tiles import Tiles
from experiments.models.vit import draw_vit

TILES = Tiles(8, 8, 4, 4)


def test_rows_are_tiles_of_all_channels_of_a_picture() -> None:
    rows = rows_of(Blueprint((128, 16, 16, 64), (2, 8, 8), tiles=TILES), "vit")
    assert (rows.count, rows.inputs, rows.outputs, rows.widths) == (4, 32, 16, (16, 16))


def test_without_a_picture_each_row_is_given_all_that_there_is() -> None:
    assert rows_of(Blueprint((5, 16, 64), tiles=TILES), "vit").inputs == 5


def test_what_comes_out_of_a_row_may_be_fewer_values_than_its_tile_has_places() -> None:
    blueprint = Blueprint((128, 16, 16, 12), (2, 8, 8), tiles=TILES)
    assert (rows_of(blueprint, "vit").inputs, rows_of(blueprint, "vit").outputs) == (32, 3)
    answers = draw_vit(blueprint, stream(0, "test/chain")).answers(np.zeros((5, 128)))
    assert answers.shape == (5, 4, 3)


def test_a_task_without_maps_and_blocks_of_different_widths_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"task.model = 'vit' is refused: .* no map"):
        rows_of(Blueprint((5, 16, 64)), "vit")
    with pytest.raises(ConfigError, match=r"task.hidden = \[16, 8\] is refused.*one width"):
        rows_of(Blueprint((5, 16, 8, 64), tiles=TILES), "vit")


def test_answers_do_not_depend_on_how_many_are_asked_together() -> None:
    model = draw_vit(Blueprint((64, 16, 64), (1, 8, 8), tiles=TILES), stream(0, "test/chain"))
    x = stream(1, "test/chain").normal(size=(251, 64))
    assert np.allclose(model.answers(x)[250], model.answers(x[250:])[0], atol=1e-5)


def test_the_work_has_an_entry_a_block_and_grows_with_the_batch() -> None:
    blueprint = Blueprint((64, 16, 16, 64), (1, 8, 8), tiles=TILES)
    model = draw_vit(blueprint, stream(0, "test/chain"))
    one, ten = model.work(1), model.work(10)
    assert len(one.blocks) == len(model.blocks) == 3
    assert 9 < ten.blocks[1].forward.flops / one.blocks[1].forward.flops <= 10
    learnt = sum(p.numel() for block in model.blocks for p in block.parameters())
    assert sum(block.parameters for block in one.blocks) == learnt
    assert chain_bytes(rows_of(blueprint, "vit"), 10) > 16 * learnt
