"""Conjugate gradients: solve a linear problem whose matrix is symmetric and positive, and known by its products.

Source: M. Hestenes and E. Stiefel, J. Res. Natl. Bur. Stand. 49, 409 (1952).
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["conjugate"]

Floats = NDArray[np.float64]

_ENOUGH: Final = 1e-6
"""Share of the first squared residual at which there is nothing more to gain."""


def conjugate(curved: Callable[[Floats], Floats], right: Floats, most: int) -> tuple[Floats, int]:
    """Return what comes close to solving curved(x) = ``right`` (n,) in ``most`` products, and how many it took.

    It ends where the residual is a thousandth of ``right``.
    """
    found, rest = np.zeros_like(right), right.copy()
    way, square = rest.copy(), float(rest @ rest)
    enough = _ENOUGH * square
    for used in range(most):
        if square <= enough:
            return found, used
        bent = curved(way)
        length = square / float(way @ bent)
        found += length * way
        rest -= length * bent
        before, square = square, float(rest @ rest)
        way = rest + square / before * way
    return found, most
