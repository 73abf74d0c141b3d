"""How values in front of a layer become its symbols: whole vectors, or the patches of pictures (im2col).

Modelled: zero padding, a stride, and an average over small squares before it all. A layer's mesh sees one patch at
a time, so that a convolution is its matrix (channels out, channels in x kernel) and as many symbols as there are
places. Not modelled: what the electronics that hold, average and cut the values take.

Source: K. Chellapilla et al., IWFHR 2006 (unrolled convolutions); its use on meshes: J. Gu et al., AAAI 2021.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError

__all__ = ["Patches", "chained", "fold", "pooled", "unfold"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Patches:
    """Say how a picture (``channels``, ``height``, ``width``) is cut into the inputs of a layer's symbols.

    First squares of ``pool`` x ``pool`` are averaged (what is left over at the edges is dropped); then a window of
    ``kernel`` (rows, columns) goes over the picture, with ``padding`` zeros around it, in steps of ``stride``.
    Raises ``ConfigError`` where there is no place for a window.
    """

    channels: int
    height: int = 1
    width: int = 1
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: int = 0
    pool: int = 1

    def __post_init__(self) -> None:
        """Check that at least one window fits."""
        least = min(self.channels, self.height, self.width, *self.kernel, self.stride, self.pool)
        pads = 0 <= self.padding < min(self.kernel)
        if least < 1 or not pads or self.pool > min(self.height, self.width) or min(self.places) < 1:
            raise ConfigError(
                f"patches: {self} is not allowed; every number is at least 1, the padding 0 or more and less than "
                "the kernel, and a window fits into the padded picture"
            )

    @classmethod
    def vector(cls, values: int) -> Self:
        """Return what takes ``values`` as one symbol."""
        return cls(values)

    @classmethod
    def whole(cls, channels: int, height: int, width: int, pool: int = 1) -> Self:
        """Return what takes a whole picture as one symbol."""
        return cls(channels, height, width, (height // pool, width // pool), pool=pool)

    @property
    def values(self) -> int:
        """Return the number of values of one picture."""
        return self.channels * self.height * self.width

    @property
    def picture(self) -> tuple[int, ...]:
        """Return height and width, and before them the channels if there are several."""
        sides = (self.height, self.width)
        return sides if self.channels == 1 else (self.channels, *sides)

    @property
    def inputs(self) -> int:
        """Return the inputs of the layer: the values of one patch."""
        return self.channels * self.kernel[0] * self.kernel[1]

    @property
    def places(self) -> tuple[int, int]:
        """Return at how many heights and widths the window stands."""
        sides = zip((self.height, self.width), self.kernel, strict=True)
        rows, columns = ((side // self.pool + 2 * self.padding - k) // self.stride + 1 for side, k in sides)
        return rows, columns

    @property
    def count(self) -> int:
        """Return the patches, hence symbols, of one picture."""
        return self.places[0] * self.places[1]

    @property
    def is_vector(self) -> bool:
        """Return whether the values are the inputs as they stand."""
        return self.height == self.width == 1

    def row(self) -> list[int]:
        """Return the numbers in the order in which kernels read them: see ``kernels.unfolding``."""
        return [
            self.count, self.channels, self.height, self.width, *self.kernel, self.stride, self.padding, self.pool,
            self.places[1], int(self.is_vector),
        ]  # fmt: skip


def chained(feeds: Sequence[Patches], shapes: Sequence[tuple[int, int]]) -> tuple[Patches, ...]:
    """Return ``feeds``, or vectors where it is empty, checked against layers of ``shapes`` (outputs, inputs).

    Raises ``ConfigError`` where a layer's outputs are not what the next one is fed with, or the last has patches.
    """
    if not feeds:
        feeds = tuple(Patches.vector(inputs) for _, inputs in shapes)
    if [feed.inputs for feed in feeds] != [inputs for _, inputs in shapes]:
        raise ConfigError(
            f"design: patches of {[feed.inputs for feed in feeds]} values feed layers of "
            f"{[inputs for _, inputs in shapes]} inputs"
        )
    for number, (feed, after) in enumerate(pairwise(feeds)):
        outputs = shapes[number][0]
        if (outputs, *feed.places) != (after.channels, after.height, after.width):
            before, behind = _shown(outputs, *feed.places), _shown(after.channels, after.height, after.width)
            raise ConfigError(f"design: a layer with {before} outputs feeds one with {behind} inputs")
    if feeds[-1].count != 1:
        last = _shown(shapes[-1][0], *feeds[-1].places)
        raise ConfigError(f"design: the last layer has {last} outputs; allowed: one symbol a sample")
    if feeds[0].pool != 1:
        raise ConfigError(
            "design: what is averaged before the first layer is not light; allowed: pool = 1 there"
        )
    return tuple(feeds)


def _shown(channels: int, height: int, width: int) -> str:
    return str(channels) if height == width == 1 else f"{channels} x {height} x {width}"


def pooled(values: Floats, feed: Patches) -> Floats:
    """Return ``values`` (values, samples) averaged over squares, (channels, height, width, samples)."""
    pool, samples = feed.pool, values.shape[1]
    picture = values.reshape(feed.channels, feed.height, feed.width, samples)
    if pool == 1:
        return picture
    rows, columns = feed.height // pool, feed.width // pool
    whole = picture[:, : rows * pool, : columns * pool]
    squares = whole.reshape(feed.channels, rows, pool, columns, pool, samples)
    return np.asarray(squares.mean(axis=(2, 4)))


def unfold(values: Floats, feed: Patches) -> Floats:
    """Return the symbols (inputs, patches * samples) of ``values`` (values, samples): the clear version.

    Values run over channels, rows, columns, and so do the inputs; symbols run over patches, then samples.
    """
    picture, samples = pooled(values, feed), values.shape[1]
    edge = (feed.padding, feed.padding)
    padded = np.pad(picture, ((0, 0), edge, edge, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, feed.kernel, axis=(1, 2))
    chosen = windows[:, :: feed.stride, :: feed.stride]  # channels, rows, columns, samples, kernel
    symbols = chosen.transpose(0, 4, 5, 1, 2, 3)
    return np.ascontiguousarray(symbols.reshape(feed.inputs, feed.count * samples))


def fold(symbols: Floats, feed: Patches) -> Floats:
    """Return ``unfold``'s transpose of ``symbols`` (inputs, patches * samples): values (values, samples).

    What is known of each symbol goes back to the values that it was cut from, and is summed where patches overlap:
    so gradients by symbols become gradients by values.
    """
    (rows, columns), (high, wide) = feed.places, feed.kernel
    samples, pool = symbols.shape[1] // feed.count, feed.pool
    by_place = symbols.reshape(feed.channels, high, wide, rows, columns, samples)
    tall, broad = feed.height // pool, feed.width // pool
    padded = np.zeros((feed.channels, tall + 2 * feed.padding, broad + 2 * feed.padding, samples))
    for row in range(high):
        for column in range(wide):
            down = slice(row, row + feed.stride * (rows - 1) + 1, feed.stride)
            right = slice(column, column + feed.stride * (columns - 1) + 1, feed.stride)
            padded[:, down, right] += by_place[:, row, column]
    squares = padded[:, feed.padding : feed.padding + tall, feed.padding : feed.padding + broad]
    picture = np.zeros((feed.channels, feed.height, feed.width, samples))
    spread = (squares / pool**2).repeat(pool, axis=1).repeat(pool, axis=2)
    picture[:, : tall * pool, : broad * pool] = spread
    return picture.reshape(feed.values, samples)
