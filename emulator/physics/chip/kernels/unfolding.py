"""Patches of tiled light, cut for a layer by copying whole lanes: ``patches.unfold`` for kernels.

A tile holds LANES samples at one place, so that a value of a patch is one line of LANES numbers that lies somewhere
as it is needed. Tiles are numbered by place, then by LANES samples.
"""

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import bare_kernel
from emulator.physics.chip.kernels.tape import LANES, copy_part, tile
from emulator.physics.chip.patches import Patches

__all__ = ["COUNT", "IS_VECTOR", "POOL", "gather", "lay_patches"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COUNT, _CHANNELS, _HEIGHT, _WIDTH, _ROWS, _COLUMNS, _STRIDE, _PADDING, POOL, _ACROSS, IS_VECTOR = range(11)
"""Columns of ``feeds``, as ``Patches.row`` gives them: patches a sample, picture, kernel, stride, padding, squares
that are averaged, places in a row; and whether the values are the inputs as they stand."""

_LANES = np.uint64(LANES)


@bare_kernel
def _average(
    source: Floats, first: int, across: int, down: int, pool: int, target: Floats, begin: int
) -> None:
    """Write the mean of ``pool`` x ``pool`` lines of ``source`` to ``target[begin:]``."""
    there, share = np.uint64(begin), 1.0 / (pool * pool)
    for lane in range(_LANES):
        target[there + lane] = 0.0
    for row in range(pool):
        for column in range(pool):
            here = np.uint64(first + row * down + column * across)
            for lane in range(_LANES):
                target[there + lane] += source[here + lane]
    for lane in range(_LANES):
        target[there + lane] *= share


@bare_kernel
def gather(
    source: Floats,
    first: int,
    by_pixel: int,
    by_channel: int,
    feed: Ints,
    patch: int,
    target: Floats,
    begin: int,
) -> None:
    """Write one patch of LANES samples, (inputs, LANES), to ``target[begin:]``.

    ``feed`` is the row of the layer. In ``source`` the line of a value begins at ``first``, and ``by_pixel`` and
    ``by_channel`` numbers farther on for each pixel and channel.
    """
    pool = feed[POOL]
    height, width = feed[_HEIGHT] // pool, feed[_WIDTH] // pool
    top = patch // feed[_ACROSS] * feed[_STRIDE] - feed[_PADDING]
    left = patch % feed[_ACROSS] * feed[_STRIDE] - feed[_PADDING]
    across, down = by_pixel, by_pixel * feed[_WIDTH]
    place = begin
    for channel in range(feed[_CHANNELS]):
        for y in range(top, top + feed[_ROWS]):
            for x in range(left, left + feed[_COLUMNS]):
                if 0 <= y < height and 0 <= x < width:
                    at = first + channel * by_channel + (y * down + x * across) * pool
                    if pool == 1:
                        copy_part(source, at, target, place, LANES)
                    else:
                        _average(source, at, across, down, pool, target, place)
                else:
                    there = np.uint64(place)
                    for lane in range(_LANES):
                        target[there + lane] = 0.0
                place += LANES


@bare_kernel
def _lay(light: Floats, pictures: Floats, tiles: int, values: int, modes: int, feed: Ints) -> None:
    pixels = feed[_HEIGHT] * feed[_WIDTH]
    for patch in range(feed[COUNT]):
        for t in range(tiles):
            begin = (patch * tiles + t) * modes * LANES
            gather(pictures, t * values * LANES, LANES, pixels * LANES, feed, patch, light, begin)


def lay_patches(light: Floats, columns: Floats, modes: int, feed: Patches) -> None:
    """Write the symbols of ``columns`` (values, samples) to the beginning of ``light``, as tiles.

    Waveguides beyond the patches' inputs are left as they are: dark, in light that is new.
    """
    pictures = tile(columns, feed.values)
    row = np.array(feed.row(), dtype=np.int64)
    _lay(light, pictures.ravel(), len(pictures), feed.values, modes, row)
