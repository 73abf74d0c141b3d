"""Which of the active phases an iteration takes."""

import numpy as np
from numpy.typing import NDArray

from controllers.zeroth_order.options import DescentOptions

__all__ = ["chosen", "exact_share"]


def exact_share(share: float, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return ``share`` of the places below ``count`` in random order, each once, and one at least."""
    return rng.choice(count, size=max(1, round(share * count)), replace=False)


def chosen(options: DescentOptions, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the places, below ``count``, of the phases that an iteration takes, in the order in which it does."""
    if options.selection == "exact":
        places = exact_share(options.sparsity, count, rng)
    else:
        places = rng.permutation(np.flatnonzero(rng.random(count) < options.sparsity))
    return np.sort(places) if options.order == "index" else places
