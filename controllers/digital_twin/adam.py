"""Steps of Adam upon phases, whose rate falls along half a cosine.

Source: D. P. Kingma and J. Ba, ICLR 2015, Algorithm 1; the falling rate is I. Loshchilov and F. Hutter, ICLR 2017,
without restarts.
"""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["Adam", "falling"]

Floats = NDArray[np.float64]

_SMALL = 1e-12


class Adam:
    """Turn slopes (n,) into steps (n,): moving means of the slopes over the root of that of their squares."""

    def __init__(self, count: int, keep: float = 0.9, keep_squares: float = 0.99) -> None:
        self._keep, self._keep_squares = keep, keep_squares
        self._mean, self._square, self._steps = np.zeros(count), np.zeros(count), 0

    def step(self, slopes: Floats, rate: float) -> Floats:
        """Return the next step, downhill; ``rate`` is its size where slopes agree, in the units of the phases."""
        self._steps += 1
        self._mean += (1.0 - self._keep) * (slopes - self._mean)
        self._square += (1.0 - self._keep_squares) * (slopes**2 - self._square)
        mean = self._mean / (1.0 - self._keep**self._steps)
        square = self._square / (1.0 - self._keep_squares**self._steps)
        return np.asarray(-rate * mean / (np.sqrt(square) + _SMALL))


def falling(share: float) -> float:
    """Return what is left of a rate after ``share`` of the way, from 1 to 0."""
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, share)))
