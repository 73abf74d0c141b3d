"""Tests of networks whose steps do not grow with their inputs."""

import numpy as np
import torch

from emulator.streams import stream
from experiments.models.fcnn import Fcnn, share_of
from experiments.models.mlp import Mlp


def test_the_first_answers_are_those_of_an_mlp() -> None:
    sizes = (200, 100, 7)
    mine, plain = (kind.drawn(sizes, stream(0, "test/fcnn")) for kind in (Fcnn, Mlp))
    x = stream(1, "test/fcnn").normal(size=(5, 200))
    assert np.allclose(mine.answers(x), plain.answers(x), atol=1e-6)


def test_a_step_of_adam_moves_a_unit_of_many_inputs_no_further_than_one_of_64() -> None:
    moved = {}
    for inputs in (64, 6400):
        net = Fcnn.drawn((inputs, 8, 2), stream(0, "test/fcnn"))
        x = torch.ones(1, inputs)
        before = net.blocks[0](x).atanh().detach()
        adam = torch.optim.Adam(net.blocks[0].parameters(), lr=1e-3)
        net.blocks[0](x).sum().backward()
        adam.step()
        moved[inputs] = float((net.blocks[0](x).atanh() - before).abs().mean().detach())
    assert abs(moved[6400] / moved[64] - 1.0) < 0.05


def test_few_inputs_are_fed_as_they_are() -> None:
    assert share_of(4) == share_of(64) == 1.0
    assert share_of(128) == 0.5


def test_the_scaling_is_charged() -> None:
    sizes = (200, 100, 7)
    mine, plain = (kind.drawn(sizes, stream(0, "test/fcnn")).work(3).blocks for kind in (Fcnn, Mlp))
    assert [a.forward.flops - b.forward.flops for a, b in zip(mine, plain, strict=True)] == [600, 300]
