"""Phases in one turn: what a heater is driven to lies in [0, 2 pi)."""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["TWO_PI", "total_rad", "wrapped"]

TWO_PI = 2.0 * math.pi


def wrapped(phases: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``phases`` in [0, 2 pi); the remainder of a tiny negative phase alone would be 2 pi itself."""
    remainder = np.mod(phases, TWO_PI)
    return np.where(remainder < TWO_PI, remainder, 0.0)


def total_rad(phases: NDArray[np.float64]) -> float:
    """Return the sum of ``phases`` (n,), in radians, as all controllers log it: heater power follows from it."""
    return float(phases.sum())
