"""Long series, thinned for the page: what is left shows every peak, and the page says that it is thinned."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_POINTS", "extremes"]

MAX_POINTS = 2000
"""Points of a curve that a page holds at most."""


def extremes(values: NDArray[np.float64], most: int = MAX_POINTS) -> NDArray[np.intp]:
    """Return the positions, ascending, of at most ``most`` (4 or more) of ``values`` that keep the look.

    These are the first, the last, and the least and the greatest of each of equally long bins; NaN is never
    an extreme. All positions when there are no more than ``most``.
    """
    count = len(values)
    if count <= most:
        return np.arange(count)
    edges = np.linspace(0, count, (most - 2) // 2 + 1).astype(np.intp)
    low = np.where(np.isnan(values), np.inf, values)
    high = np.where(np.isnan(values), -np.inf, values)
    kept = [0, count - 1]
    for start, stop in pairwise(edges.tolist()):
        kept += [start + int(low[start:stop].argmin()), start + int(high[start:stop].argmax())]
    return np.unique(np.array(kept, dtype=np.intp))
