"""The three-valued error that a micromirror device can show; NOT its encoding into frames.

Source: J. Launay et al., Light-in-the-loop (2020), Eq. 4, which leaves the two thresholds themselves open: here
they give 0, so that a value must exceed the threshold.
"""

import math

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError, DivergedError

__all__ = ["THRESHOLD", "empty_rows", "ternarize"]

THRESHOLD = 0.1
"""The paper's threshold, for errors of a softmax, which lie in [-1, 1]."""


def ternarize(errors: NDArray[np.floating], threshold: float = THRESHOLD) -> NDArray[np.int8]:
    """Return 1 where an error exceeds ``threshold``, -1 where it lies below -``threshold``, else 0.

    ``errors`` has shape (samples, classes), each sample's own, NOT divided by the batch; the threshold is compared
    in their precision. Raises ``ConfigError`` unless the threshold is finite and at least 0, and ``DivergedError``
    when an error is not finite.
    """
    if not (math.isfinite(threshold) and threshold >= 0.0):
        raise ConfigError(f"ternarize: threshold={threshold!r} is not allowed; it must be finite and >= 0")
    if not np.isfinite(errors).all():
        raise DivergedError("ternarize: an error is not finite; lower the learning rate")
    return np.subtract(errors > threshold, errors < -threshold, dtype=np.int8)


def empty_rows(ternary: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Tell, for each row of (samples, classes), whether it is all zero: a dark frame, whose projection is 0."""
    dark: NDArray[np.bool_] = np.count_nonzero(ternary, axis=1) == 0
    return dark
