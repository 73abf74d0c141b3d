"""The rates at which blocks learn, step by step."""

import math
from itertools import pairwise
from typing import Any

import pytest
import torch

from controllers.feedback_alignment.descent import Descent, rate_share
from controllers.feedback_alignment.odfa import OdfaConfig


def test_the_rate_rises_to_all_of_it_and_falls_to_what_is_left_at_the_last_step() -> None:
    shares = [rate_share(step, 100, 10, 0.05) for step in range(100)]
    assert shares[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert shares[10] == pytest.approx(1.0)
    assert shares[-1] == pytest.approx(0.05)
    assert all(late <= early for early, late in pairwise(shares[10:]))


def test_without_a_fall_it_stays() -> None:
    assert [rate_share(step, 10, 0, 1.0) for step in range(10)] == [1.0] * 10


def moved(**options: Any) -> tuple[float, float]:
    """Return how far one weight in each of two blocks goes in one step along gradients of 1."""
    blocks = [torch.nn.Linear(1, 1, bias=False) for _ in range(2)]
    before = [block.weight.item() for block in blocks]
    descent = Descent(OdfaConfig(**options), blocks, 1, 5)
    for block in blocks:
        block.weight.grad = torch.ones(1, 1)
    descent.step()
    first, last = (block.weight.item() - was for block, was in zip(blocks, before, strict=True))
    return first, last


def test_the_blocks_before_the_tail_may_have_a_rate_of_their_own() -> None:
    assert moved(learning_rate=0.01) == pytest.approx((-0.01, -0.01), rel=1e-4)
    assert moved(learning_rate=0.01, hidden_learning_rate=0.001) == pytest.approx((-0.001, -0.01), rel=1e-3)


def test_warming_up_shortens_the_first_step() -> None:
    assert moved(learning_rate=0.01, warmup_steps=4) == pytest.approx((-0.0025, -0.0025), rel=1e-3)


def test_shallow_moves_the_tail_alone() -> None:
    assert moved(learning_rate=0.01, feedback="shallow") == pytest.approx((0.0, -0.01), rel=1e-4)


def test_decay_takes_off_a_share_of_each_weight() -> None:
    block = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        block.weight.fill_(2.0)
    block.weight.grad = torch.zeros(1, 1)
    Descent(OdfaConfig(learning_rate=0.1, weight_decay=0.5), [block], 0, 1).step()
    assert math.isclose(block.weight.item(), 2.0 * (1 - 0.1 * 0.5), rel_tol=1e-6)
