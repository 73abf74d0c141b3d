"""Convolutions in words, and what feeds their layers."""

import numpy as np
import pytest

from emulator.errors import ConfigError
from emulator.physics.chip.patches import Patches
from experiments.models.cnn import Convolutions, convolutions, training_bytes


def weights_of(network: Convolutions) -> list[int]:
    return [o * feed.inputs for o, feed in zip(network.sizes[1:], network.feeds, strict=True)]


@pytest.mark.parametrize(
    ("picture", "layers", "weights", "symbols"),
    [
        ((1, 16, 16), "c8s2-c6s2", [72, 432, 960], [64, 16, 1]),
        ((1, 32, 32), "c8s2-c8s2", [72, 576, 5120], [256, 64, 1]),
        ((3, 32, 32), "c8s2-c8s2-c8s2", [216, 576, 576, 1280], [256, 64, 16, 1]),
    ],
)
def test_the_paper_s_networks_have_so_many_weights_and_symbols(
    picture: tuple[int, int, int], layers: str, weights: list[int], symbols: list[int]
) -> None:
    network = convolutions(picture, layers, (), 10)
    assert weights_of(network) == weights
    assert [feed.count for feed in network.feeds] == symbols


def test_a_word_says_kernel_stride_and_padding_and_averages_go_before_the_next_layer() -> None:
    network = convolutions((2, 9, 9), "c5k4s3p1-a2-c7k1", (6,), 3)
    assert network.feeds == (
        Patches(2, 9, 9, (4, 4), stride=3, padding=1),
        Patches(5, 3, 3, (1, 1), pool=2),
        Patches.whole(7, 1, 1),
        Patches.vector(6),
    )
    assert network.sizes == (162, 5, 7, 6, 3)
    pooled = convolutions((1, 8, 8), "c4-a2-a2", (), 2).feeds[-1]
    assert (pooled.pool, pooled.inputs, pooled.count) == (4, 16, 1)


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ("c8s", "refused at 'c8s'"), ("", "refused at ''"), ("a2-c8", "refused at 'a2'"), ("c0", "refused at 'c0'"),
        ("c8_c6", "half the kernel"), ("c8k9p0", "1 x 8 x 8 values"), ("c4-a9", "4 x 8 x 8 values"),
    ],
)  # fmt: skip
def test_words_that_say_no_network_are_refused(layers: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        convolutions((1, 8, 8), layers, (), 10)


def test_more_samples_and_larger_batches_take_more_memory() -> None:
    network = convolutions((1, 16, 16), "c8s2-c6s2", (), 10)
    shapes = [(o, feed.inputs) for o, feed in zip(network.sizes[1:], network.feeds, strict=True)]
    small, many, large = (training_bytes(shapes, network.feeds, n, b) for n, b in ((9, 1), (90, 1), (9, 10)))
    assert many - small == 81 * 256 * 8
    assert large - small == 9 * 2 * 8 * sum(
        f.count * sum(s) for f, s in zip(network.feeds, shapes, strict=True)
    )


def test_every_feed_takes_what_the_layer_before_gives() -> None:
    network = convolutions((3, 11, 7), "c4s2-c5k2-a2-c3", (8,), 4)
    for outputs, before, after in zip(network.sizes[1:], network.feeds, network.feeds[1:], strict=False):
        assert after.values == outputs * before.count
    assert network.feeds[0].values == int(np.prod((3, 11, 7)))
