"""Tests of residual blocks with attention."""

import torch

from emulator.streams import stream
from experiments.models.attention.pieces import Block, Head, Tokens


def test_a_block_ends_in_a_layer_norm() -> None:
    block = Block(32, stream(0, "test/pieces"))
    out = block(torch.ones(2, 5, 32) * torch.arange(32.0))
    assert torch.allclose(out.mean(dim=-1), torch.zeros(2, 5), atol=1e-5)
    assert torch.allclose(out.var(dim=-1, unbiased=False), torch.ones(2, 5), atol=1e-3)


def test_rows_of_a_sample_see_one_another_and_no_other_sample() -> None:
    block = Block(32, stream(0, "test/pieces"))
    rng = stream(1, "test/pieces")
    x = torch.from_numpy(rng.normal(size=(2, 4, 32))).float()
    changed = x.clone()
    changed[0, 3, ::2] += 1.0  # a shift of a whole row is what LayerNorm takes off
    differs = (block(x) != block(changed)).any(dim=-1)
    assert differs.tolist() == [[True] * 4, [False] * 4]


def test_side_inputs_change_what_a_block_does_with_a_sample() -> None:
    block = Block(32, stream(0, "test/pieces"), side=3)
    x = torch.from_numpy(stream(1, "test/pieces").normal(size=(2, 4, 32))).float()
    one, other = (block(x, torch.eye(3)[[0, k]]) for k in (0, 1))
    assert torch.equal(one[0], other[0])
    assert not torch.allclose(one[1], other[1])


def test_equal_values_at_different_places_become_different_rows() -> None:
    rng = stream(0, "test/pieces")
    tokens = Tokens(6, 4, Block(32, rng), 32, rng)
    out = tokens(torch.ones(1, 4, 6))
    assert not torch.allclose(out[0, 0], out[0, 1], atol=1e-4)


def test_a_head_reads_each_row_and_needs_no_side() -> None:
    head = Head(8, 3, stream(0, "test/pieces"))
    assert head(torch.ones(2, 5, 8), torch.ones(2, 1)).shape == (2, 5, 3)


def test_the_same_stream_gives_the_same_weights() -> None:
    first, again = (Block(16, stream(3, "test/pieces"), 2).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
