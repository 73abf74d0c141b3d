"""Tests of networks whose weights come from a named stream."""

import numpy as np
import pytest
import torch

from emulator.errors import ConfigError
from emulator.streams import stream
from experiments.models.mlp import mlp


def test_the_blocks_are_the_network_written_out() -> None:
    blocks = mlp((5, 4, 3, 2), stream(0, "test/network"))
    x = stream(1, "test/network").normal(size=(6, 5))
    signal = x
    weights = [p.detach().double().numpy() for block in blocks for p in block.parameters()]
    for layer in range(3):
        signal = signal @ weights[2 * layer].T + weights[2 * layer + 1]
        signal = np.tanh(signal) if layer < 2 else signal
    found = torch.nn.Sequential(*blocks)(torch.tensor(x, dtype=torch.float32))
    assert np.allclose(found.detach().numpy(), signal, rtol=0, atol=1e-6)


def test_weights_fill_the_range_of_torchs_own_layers() -> None:
    (layer,) = mlp((400, 300), stream(0, "test/network"))
    for parameter in layer.parameters():
        values = parameter.detach().numpy()
        assert np.abs(values).max() <= 1 / 20
        # a uniform number's variance is range^2 / 12, its own spread range^2 / sqrt(180)
        assert values.var() == pytest.approx(0.1**2 / 12, abs=5 * 0.1**2 / np.sqrt(180 * values.size))


def test_the_same_stream_gives_the_same_weights_and_leaves_torchs_own_state_alone() -> None:
    before = torch.random.get_rng_state()
    first, again = (mlp((5, 4, 3), stream(2, "test/network")) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    for a, b in zip(first, again, strict=True):
        assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


def test_another_activation_may_be_chosen() -> None:
    blocks = mlp((3, 4, 2), stream(0, "test/network"), torch.nn.ReLU)
    assert float(blocks[0](torch.ones(1, 3)).detach().min()) >= 0.0


@pytest.mark.parametrize("sizes", [(), (4,), (4, 0, 2)])
def test_sizes_that_make_no_network_are_refused(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="sizes"):
        mlp(sizes, stream(0, "test/network"))
