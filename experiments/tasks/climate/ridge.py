"""Ridge regression of maps on what drives them: what every network is compared with; NOT trained with light."""

from collections.abc import Callable
from typing import Final

import numpy as np

from data.sets import FloatArray

__all__ = ["PENALTIES", "ridge"]

PENALTIES: Final = tuple(10.0**power for power in range(-4, 6))
"""Tried penalties, of inputs with unit variance and per input; the best on the validation years is taken."""


def ridge(
    x: FloatArray, y: FloatArray, x_val: FloatArray, x_test: FloatArray, loss: Callable[[FloatArray], float]
) -> tuple[FloatArray, float]:
    """Return the maps predicted for ``x_test``, and the penalty whose maps for ``x_val`` have the least ``loss``.

    ``x`` (years, inputs), ``y`` (years, places). The mean map is not penalised. With more inputs than years it is
    solved in the years.
    """
    centre, mean = x.mean(axis=0), y.mean(axis=0)
    inputs, maps = x - centre, y - mean
    # Of inputs @ inputs.T all penalties have the same vectors; new years enter by their products with these.
    values, vectors = np.linalg.eigh(inputs @ inputs.T / x.shape[1])
    rotated = vectors.T @ maps
    val, test = ((new - centre) @ inputs.T / x.shape[1] @ vectors for new in (x_val, x_test))

    def predicted(products: FloatArray, penalty: float) -> FloatArray:
        return np.asarray(products / (np.maximum(values, 0.0) + penalty) @ rotated + mean)

    best = min(PENALTIES, key=lambda penalty: loss(predicted(val, penalty)))
    return predicted(test, best), best
