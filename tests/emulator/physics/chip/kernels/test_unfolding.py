"""Tiles of patches against the clear version."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.errors import ConfigError
from emulator.physics.chip.kernels.tape import LANES, untile
from emulator.physics.chip.kernels.unfolding import lay_patches
from emulator.physics.chip.patches import Patches, unfold
from emulator.streams import stream


@settings(max_examples=60, deadline=None)
@given(
    numbers=st.tuples(*[st.integers(1, 6)] * 3),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    pool=st.integers(1, 2),
    samples=st.integers(1, 70),
)
def test_tiles_of_patches_hold_what_the_clear_version_gives(
    numbers: tuple[int, int, int], kernel: tuple[int, int], stride: int, padding: int, pool: int, samples: int
) -> None:
    try:
        feed = Patches(*numbers, kernel, stride, padding, pool)
    except ConfigError:
        return
    columns = stream(samples, "test").standard_normal((feed.values, samples))
    modes, tiles = feed.inputs + 2, -(-samples // LANES)
    light = np.zeros(feed.count * tiles * modes * LANES)
    lay_patches(light, columns, modes, feed)
    laid = light.reshape(feed.count, tiles, modes, LANES)
    symbols = unfold(columns, feed).reshape(feed.inputs, feed.count, samples)
    for patch in range(feed.count):
        np.testing.assert_allclose(untile(laid[patch], feed.inputs, samples), symbols[:, patch], atol=1e-14)
    assert not laid[:, :, feed.inputs :].any()
