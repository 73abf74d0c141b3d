"""Which part of a projected error each block gets, and the digital stand-in for the scattering medium.

NOT the medium itself: an optical projection comes from outside and is split here as a digital one is.

Sources: A. Nøkland 2016, Direct Feedback Alignment (a random matrix for each layer); LightOn's TinyDFA (one
projection for all layers, cut to the size of each).
"""

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from emulator.errors import CommandError, ConfigError

__all__ = ["FeedbackLayout", "Sharing", "centred", "feedback_matrix"]

Sharing = Literal["slices", "shared"]


@dataclass(frozen=True, slots=True)
class FeedbackLayout:
    """Say how one projection serves several blocks; raises ``ConfigError`` unless there are sizes, all >= 1."""

    sizes: tuple[int, ...]
    """Output values a sample of each hidden block, in order."""
    sharing: Sharing = "slices"
    """``slices``: every block has outputs of its own; ``shared``: all read the first of the same outputs."""

    def __post_init__(self) -> None:
        if not self.sizes or min(self.sizes) < 1:
            raise ConfigError(f"feedback: sizes={self.sizes} is not allowed; each block needs a size >= 1")

    @property
    def width(self) -> int:
        """Return the outputs that a projection must have."""
        return sum(self.sizes) if self.sharing == "slices" else max(self.sizes)

    def split(self, projection: NDArray[np.floating]) -> tuple[NDArray[np.floating], ...]:
        """Return the view (samples, size) of each block into ``projection`` (samples, width).

        Raises ``CommandError`` when the projection has another width.
        """
        if projection.ndim != 2 or projection.shape[1] != self.width:
            raise CommandError(
                f"feedback: the projection has shape {projection.shape}, must be (samples, {self.width})"
            )
        if self.sharing == "shared":
            return tuple(projection[:, :size] for size in self.sizes)
        ends = accumulate(self.sizes)
        return tuple(projection[:, end - size : end] for size, end in zip(self.sizes, ends, strict=True))


def feedback_matrix(
    classes: int, width: int, rng: np.random.Generator, scale: float | None = None
) -> NDArray[np.float32]:
    """Draw the fixed matrix (classes, width), normal with mean 0 and deviation ``scale``: projection = e @ matrix.

    None means 1/sqrt(classes), by which a projected value is as large as the root mean square of the error. The
    scale matters to plain gradient descent alone: Adam divides by the size of the gradient and cancels it, as long
    as the gradient stays far above Adam's epsilon. Raises ``ConfigError`` unless the scale is finite and above 0.
    """
    deviation = 1.0 / math.sqrt(classes) if scale is None else scale
    if not (math.isfinite(deviation) and deviation > 0.0):
        raise ConfigError(f"feedback: scale={scale!r} is not allowed; it must be finite and above 0")
    matrix = rng.standard_normal((classes, width), dtype=np.float32)
    matrix *= np.float32(deviation)
    return matrix


def centred(projection: NDArray[np.floating]) -> NDArray[np.floating]:
    """Subtract from every output of ``projection`` (samples, width) its mean over the batch.

    A softmax's error averages to almost zero over a batch; its three values do not, while probabilities lie about
    the threshold: for an untrained network the mean is up to 0.8. Every sample then pushes every unit the same way,
    Adam makes whole steps of it, and tanh saturates within some twenty steps (seen on MNIST). Projection is linear,
    so the mean may be taken off afterwards, by the host: samples * width * 2 operations.
    """
    centre: NDArray[np.floating] = projection - projection.mean(axis=0)
    return centre
