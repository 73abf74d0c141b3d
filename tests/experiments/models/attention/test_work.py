"""Tests of the work of blocks with attention, against torch's own counter of products."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from emulator.streams import stream
from experiments.models.attention.pieces import Block, Head, Tokens
from experiments.models.attention.work import block_work, head_work, heads_of, tokens_work

SAMPLES, ROWS, WIDTH, SIDE = 3, 8, 32, 5


@pytest.mark.parametrize("side", [0, SIDE])
def test_parameters_are_those_that_a_block_has(side: int) -> None:
    rng = stream(0, "test/work")
    block = Block(WIDTH, rng, side)
    assert block_work(1, ROWS, WIDTH, side).parameters == sum(p.numel() for p in block.parameters())
    tokens = Tokens(6, ROWS, block, WIDTH, rng)
    more = sum(p.numel() for p in tokens.parameters()) - sum(p.numel() for p in block.parameters())
    assert tokens_work(1, ROWS, 6, WIDTH).parameters == more
    assert head_work(1, ROWS, WIDTH, 7).parameters == sum(p.numel() for p in Head(WIDTH, 7, rng).parameters())


@pytest.mark.parametrize("side", [0, SIDE])
def test_products_are_counted_as_torch_counts_them_and_the_rest_is_small(side: int) -> None:
    block = Block(WIDTH, stream(0, "test/work"), side)
    x = torch.ones(SAMPLES, ROWS, WIDTH, requires_grad=True)
    given = (torch.ones(SAMPLES, side),) if side else ()
    with FlopCounterMode(display=False) as counted:
        out = block(x, *given)
    forward = counted.get_total_flops()
    with FlopCounterMode(display=False) as counted:
        out.sum().backward()
    backward = counted.get_total_flops()
    work = block_work(SAMPLES, ROWS, WIDTH, side)
    assert 1.0 <= work.forward.flops / forward < 1.25
    whole = work.local_gradient.flops + work.input_gradient.flops
    # torch computes the scores once more on its way back, instead of keeping them
    assert 0.95 <= whole / backward < 1.25


def test_bytes_of_a_block_are_at_least_its_weights_and_its_input() -> None:
    work = block_work(SAMPLES, ROWS, WIDTH)
    assert work.forward.bytes > 4 * (work.parameters - 2 * WIDTH - 9 * WIDTH + SAMPLES * ROWS * WIDTH)


def test_heads_have_sixteen_values_where_the_width_allows() -> None:
    assert [heads_of(width) for width in (8, 16, 64, 65)] == [1, 1, 4, 1]
