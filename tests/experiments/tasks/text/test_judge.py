"""Bits a character: of a uniform guess they are known, and they are independent of how text is cut."""

import math

import numpy as np
import pytest
import torch

from emulator.streams import stream
from experiments.tasks.text.judge import NEXT_TOKEN, BitsPerCharacter

LENGTHS = np.array([1, 2, 3, 4], dtype=np.int64)


def test_a_uniform_guess_costs_the_logarithm_of_the_vocabulary_over_the_mean_length() -> None:
    targets = np.array([[0, 1, 2], [3, 3, 3]])
    found = BitsPerCharacter(LENGTHS).of_arrays(np.zeros((2, 3, 4), dtype=np.float32), targets)
    assert found == pytest.approx(6 * 2 / (1 + 2 + 3 + 4 + 4 + 4))


def test_bits_are_the_loss_times_the_tokens_over_the_characters() -> None:
    rng = stream(0, "test/judge")
    outputs = rng.normal(size=(700, 5, 4)).astype(np.float32)
    targets = rng.integers(0, 4, (700, 5))
    nats = NEXT_TOKEN.of_arrays(outputs, targets)
    bits = BitsPerCharacter(LENGTHS).of_arrays(outputs, targets)
    assert bits == pytest.approx(nats / math.log(2) * targets.size / LENGTHS[targets].sum(), rel=1e-5)


def test_the_loss_is_a_mean_over_all_tokens() -> None:
    outputs = torch.tensor(stream(0, "test/judge").normal(size=(2, 3, 4)), requires_grad=True)
    NEXT_TOKEN.of_tensors(outputs, torch.zeros(2, 3).long()).backward()
    assert outputs.grad is not None
    assert float(outputs.grad.abs().sum(dim=-1).max()) < 2 / 6
