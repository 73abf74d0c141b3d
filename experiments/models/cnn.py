"""Convolutional networks of a chip: from words such as "c8s2-c6s2" to what feeds each of its layers.

NOT a network that is trained from scratch with light: its weights are trained electronically and taped out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emulator.errors import ConfigError
from emulator.physics.chip.patches import Patches

__all__ = ["CNN", "Convolutions", "convolutions", "training_bytes"]

CNN: Final = "cnn"
"""The name of such a model."""

_CONVOLUTION: Final = re.compile(r"c([1-9]\d{0,3})(?:k([1-9]\d?))?(?:s([1-9]\d?))?(?:p(\d\d?))?")
_AVERAGE: Final = re.compile(r"a([1-9]\d?)")
_KERNEL: Final = 3  # SZO-SCD, Table 2: "c8s2 is 8 kernels with size 3x3 and stride 2"
_SPOKEN: Final = (
    "words joined by '-': cN is N kernels, with kK of K x K pixels (3), sS a stride S (1) and pP a padding P (half "
    "the kernel); aN averages squares of N x N of what comes before; the first is a c"
)
_DOUBLE_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Convolutions:
    """Hold the sizes of a network (values, channels..., hidden..., outputs), and what feeds each of its layers."""

    sizes: tuple[int, ...]
    feeds: tuple[Patches, ...]


def convolutions(
    picture: tuple[int, int, int], layers: str, hidden: Sequence[int], outputs: int
) -> Convolutions:
    """Return the network that takes a ``picture`` (channels, height, width) through ``layers`` and vectors.

    Behind the convolutions all values of a sample are one vector, for layers of ``hidden`` units and the
    ``outputs``. Padding, which SZO-SCD does not tell, is half the kernel unless said; nothing is averaged unless
    said. Raises ``ConfigError`` for other words and for windows without a place.
    """
    shape, pool = picture, 1
    sizes = [picture[0] * picture[1] * picture[2]]
    feeds: list[Patches] = []
    for word in layers.split("-"):
        if (average := _AVERAGE.fullmatch(word)) and feeds:
            pool *= int(average[1])
            continue
        found = _CONVOLUTION.fullmatch(word)
        if found is None:
            raise ConfigError(
                f"task.layers = {layers[:60]!r} is refused at {word[:20]!r}; allowed: {_SPOKEN}"
            )
        kernel = int(found[2] or _KERNEL)
        feed = _fed(layers, *shape, (kernel, kernel), int(found[3] or 1), int(found[4] or kernel // 2), pool)
        feeds.append(feed)
        sizes.append(int(found[1]))
        shape, pool = (int(found[1]), *feed.places), 1
    side = (max(1, shape[1] // pool), max(1, shape[2] // pool))
    feeds.append(_fed(layers, *shape, side, 1, 0, pool))
    feeds += [Patches.vector(units) for units in hidden]
    return Convolutions((*sizes, *hidden, outputs), tuple(feeds))


def _fed(
    layers: str, channels: int, height: int, width: int, kernel: tuple[int, int], stride: int, padding: int,
    pool: int,
) -> Patches:  # fmt: skip
    try:
        return Patches(channels, height, width, kernel, stride, padding, pool)
    except ConfigError as error:
        raise ConfigError(
            f"task.layers = {layers[:60]!r} is refused at {channels} x {height} x {width} values: {error}"
        ) from error


def training_bytes(
    shapes: Sequence[tuple[int, int]], feeds: Sequence[Patches], samples: int, batch: int
) -> int:
    """Return the bytes that pre-training takes for layers of ``shapes`` (outputs, inputs), fed with ``feeds``.

    Of each weight six are kept, of each sample its values, and of each symbol of a batch its patch, its reading and
    the derivatives of both.
    """
    weights = [outputs * inputs for outputs, inputs in shapes]
    symbols = sum(feed.count * sum(shape) for feed, shape in zip(feeds, shapes, strict=True))
    kept = 6 * sum(weights) + 4 * max(weights) + samples * feeds[0].values
    return _DOUBLE_BYTES * (kept + 2 * batch * symbols)
