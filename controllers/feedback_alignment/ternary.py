"""The three-valued errors that a micromirror device can show, and what its host keeps of them; NOT frames.

Source: J. Launay et al., Light-in-the-loop (2020), Eq. 4, which leaves the two thresholds themselves open: here
they give 0, so that a value must exceed the threshold.
"""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError, DivergedError

__all__ = ["THRESHOLD", "ThresholdUnit", "empty_rows", "row_scale", "ternarize", "ternary_planes"]

ThresholdUnit = Literal["absolute", "row_rms", "batch_rms"]
"""What a threshold is a multiple of: 1, each row's own root mean square, or that of the whole batch."""

THRESHOLD = 0.1
"""The paper's threshold, for errors of a softmax, which lie in [-1, 1]."""


def ternarize(
    errors: NDArray[np.floating], threshold: float = THRESHOLD, unit: ThresholdUnit = "absolute"
) -> NDArray[np.int8]:
    """Return 1 where an error exceeds ``threshold``, -1 where it lies below -``threshold``, else 0.

    ``errors`` has shape (rows, values), each row's own, NOT divided by the batch; the threshold, in units of
    ``unit``, is compared in their precision. Raises ``ConfigError`` unless the threshold is finite and at least 0,
    and ``DivergedError`` when an error is not finite.
    """
    if not (math.isfinite(threshold) and threshold >= 0.0):
        raise ConfigError(f"ternarize: threshold={threshold!r} is not allowed; it must be finite and >= 0")
    if not np.isfinite(errors).all():
        raise DivergedError("ternarize: an error is not finite; lower the learning rate")
    limit: float | NDArray[np.floating] = threshold
    if unit != "absolute":
        axis = 1 if unit == "row_rms" else None
        rms = np.sqrt(np.mean(np.square(errors), axis=axis, keepdims=True))
        limit = (threshold * rms).astype(errors.dtype)
    return np.subtract(errors > limit, errors < -limit, dtype=np.int8)


def row_scale(errors: NDArray[np.floating], ternary: NDArray[np.int8]) -> NDArray[np.floating]:
    """Return for each row (rows, 1) the s for which s q comes closest to the error e: <e, q>/<q, q>.

    q is the row of ``ternary``; a dark row has 0. Light projects q, and the host multiplies by s afterwards, as a
    linear projection allows.
    """
    lit = np.count_nonzero(ternary, axis=1, keepdims=True)
    along = np.einsum("ij,ij->i", errors, ternary.astype(errors.dtype))[:, np.newaxis]
    scale: NDArray[np.floating] = (along / np.maximum(lit, 1)).astype(errors.dtype)
    return scale


def ternary_planes(
    errors: NDArray[np.floating], count: int, threshold: float, unit: ThresholdUnit
) -> tuple[NDArray[np.int8], NDArray[np.floating]]:
    """Return ``count`` planes q of three values and their scales s, whose sum of s q comes close to ``errors``.

    The planes have shape (count, rows, values), the scales (count, rows, 1). Each shows what those before it leave,
    e - s1 q1 - ..., cut by its own root mean square where ``unit`` says so: no plane makes the rest larger, as its
    scale is the best one. Of normal errors, cut at 0.8 of it, one leaves 0.20 of the squares and two
    leave 0.04. A projection is linear, so that theirs add up. Raises as ``ternarize`` does.
    """
    planes, left = [ternarize(errors, threshold, unit)], errors
    scales = [row_scale(left, planes[0])]
    while len(planes) < count:
        left = left - scales[-1] * planes[-1]
        planes.append(ternarize(left, threshold, unit))
        scales.append(row_scale(left, planes[-1]))
    return np.stack(planes), np.stack(scales)


def empty_rows(ternary: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Tell, for each row of (rows, values), whether it is all zero: a dark frame, whose projection is 0."""
    dark: NDArray[np.bool_] = np.count_nonzero(ternary, axis=1) == 0
    return dark
