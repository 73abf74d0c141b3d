"""Patches against torch's own unfolding, convolution and pooling."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.errors import ConfigError
from emulator.physics.chip.patches import Patches, chained, fold, unfold
from emulator.streams import stream

sides = st.integers(1, 9)
cut_anyhow = given(
    channels=st.integers(1, 3),
    height=sides,
    width=sides,
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    pool=st.integers(1, 3),
)


@settings(max_examples=60, deadline=None)
@cut_anyhow
def test_patches_are_those_of_torch(
    channels: int, height: int, width: int, kernel: tuple[int, int], stride: int, padding: int, pool: int
) -> None:
    try:
        feed = Patches(channels, height, width, kernel, stride, padding, pool)
    except ConfigError:
        return
    pictures = stream(height, "test").standard_normal((3, channels, height, width))
    averaged = torch.nn.functional.avg_pool2d(torch.tensor(pictures), pool)
    expected = torch.nn.functional.unfold(averaged, kernel, padding=padding, stride=stride)
    symbols = unfold(np.ascontiguousarray(pictures.reshape(3, -1).T), feed)
    assert (feed.values, feed.inputs, feed.count) == (pictures[0].size, expected.shape[1], expected.shape[2])
    np.testing.assert_allclose(
        symbols.reshape(feed.inputs, feed.count, 3).transpose(2, 0, 1), expected.numpy(), rtol=0, atol=1e-15
    )


@settings(max_examples=60, deadline=None)
@cut_anyhow
def test_what_is_known_of_symbols_goes_back_to_their_values_as_torch_sends_gradients(
    channels: int, height: int, width: int, kernel: tuple[int, int], stride: int, padding: int, pool: int
) -> None:
    try:
        feed = Patches(channels, height, width, kernel, stride, padding, pool)
    except ConfigError:
        return
    rng = stream(height, "test")
    pictures = torch.tensor(rng.standard_normal((3, channels, height, width)), requires_grad=True)
    averaged = torch.nn.functional.avg_pool2d(pictures, pool)
    symbols = torch.nn.functional.unfold(averaged, kernel, padding=padding, stride=stride)
    slopes = rng.standard_normal(symbols.shape)
    symbols.backward(torch.tensor(slopes))
    assert pictures.grad is not None
    expected = pictures.grad.numpy().reshape(3, -1).T
    found = fold(slopes.transpose(1, 2, 0).reshape(feed.inputs, -1), feed)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


def test_a_matrix_times_patches_is_a_convolution() -> None:
    feed, rng = Patches(3, 8, 7, (3, 3), stride=2, padding=1), stream(0, "test")
    pictures, kernels = rng.standard_normal((5, 3, 8, 7)), rng.standard_normal((4, 3, 3, 3))
    symbols = kernels.reshape(4, -1) @ unfold(np.ascontiguousarray(pictures.reshape(5, -1).T), feed)
    expected = torch.nn.functional.conv2d(torch.tensor(pictures), torch.tensor(kernels), stride=2, padding=1)
    np.testing.assert_allclose(
        symbols.reshape(4, *feed.places, 5).transpose(3, 0, 1, 2), expected.numpy(), rtol=0, atol=1e-12
    )


def test_a_vector_is_one_symbol_as_it_stands() -> None:
    values = stream(0, "test").random((6, 4))
    np.testing.assert_array_equal(unfold(values, Patches.vector(6)), values)
    np.testing.assert_array_equal(unfold(values, Patches.whole(1, 2, 3)), values)


@pytest.mark.parametrize(
    "wrong",
    [
        {"channels": 0}, {"kernel": (6, 6)}, {"stride": 0}, {"padding": -1}, {"padding": 3}, {"pool": 0},
        {"pool": 6}, {"pool": 2},
    ],
)  # fmt: skip
def test_patches_without_a_place_are_refused(wrong: dict[str, object]) -> None:
    numbers: dict[str, object] = {"channels": 2, "height": 5, "width": 5, "kernel": (3, 3)}
    with pytest.raises(ConfigError, match="a window fits"):
        Patches(**(numbers | wrong))  # type: ignore[arg-type]


FIRST = Patches(1, 6, 6, (3, 3), stride=2, padding=1)


@pytest.mark.parametrize(
    ("feeds", "shapes", "said"),
    [
        ((FIRST, Patches.whole(4, 3, 3)), ((4, 9), (2, 35)), "patches of"),
        ((FIRST, Patches.whole(4, 2, 3)), ((4, 9), (2, 24)), "4 x 3 x 3 outputs feeds one with 4 x 2 x 3"),
        ((FIRST, Patches.vector(36)), ((4, 9), (2, 36)), "4 x 3 x 3 outputs feeds one with 36"),
        ((FIRST,), ((4, 9),), "the last layer has 4 x 3 x 3 outputs"),
        ((Patches.whole(1, 6, 6, 2),), ((4, 9),), "averaged before the first layer"),
        ((), ((4, 9), (2, 5)), "a layer with 4 outputs feeds one with 5 inputs"),
    ],
)
def test_layers_that_do_not_chain_are_refused(
    feeds: tuple[Patches, ...], shapes: tuple[tuple[int, int], ...], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        chained(feeds, shapes)
