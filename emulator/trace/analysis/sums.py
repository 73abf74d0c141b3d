"""Sums that are rounded once, whatever is added: what a damaged run has logged may be infinite, or no number."""

import math
from collections.abc import Iterable

__all__ = ["sum_once"]


def sum_once(amounts: Iterable[float]) -> float:
    """Return the sum of ``amounts``, rounded once; infinite or NaN where it is beyond what a float holds."""
    parts = list(amounts)
    try:
        return math.fsum(parts)
    except (OverflowError, ValueError):  # beyond a float on the way, or infinities of both signs
        return sum(parts)
