"""Weights of others made fit for a chip: no singular value, activation or output beyond what it can carry.

A network without biases whose activation is max(., 0) keeps its answers, up to one positive factor, when a whole
layer is scaled. So each layer is scaled down as far as its chip needs, and never up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.sets import FloatArray

__all__ = ["Deployable", "Reach", "deployable"]

_WITHIN = 1.0 - 1e-12  # keeps a recomputed singular value from exceeding the limit by a rounding error


@dataclass(frozen=True)
class Reach:
    """Say what a chip can carry: singular values of a layer, activations, and its converters' full scales."""

    sigma_max: float
    activation_clip: float
    full_scale_hidden: float
    full_scale_output: float


@dataclass(frozen=True, eq=False)
class Deployable:
    """Hold matrices that a chip can carry, and the factor (each, > 0) by which each layer was scaled."""

    weights: tuple[FloatArray, ...]
    factors: tuple[float, ...]

    @property
    def factor(self) -> float:
        """Return the factor of the network's outputs."""
        return float(np.prod(self.factors))

    def notes(self) -> tuple[str, ...]:
        """Return in words what was done, or nothing."""
        scaled = [f"layer {n} x {f:.4g}" for n, f in enumerate(self.factors, start=1) if f != 1.0]
        if not scaled:
            return ()
        return (
            f"weights scaled to what the chip can carry: {', '.join(scaled)}; answers are the same up to "
            "the factor "
            f"{self.factor:.4g}",
        )


def deployable(weights: Sequence[FloatArray], x: FloatArray, reach: Reach) -> Deployable:
    """Return ``weights``, each (outputs, inputs), scaled so that ``x`` (samples, inputs) passes unclipped."""
    scaled, factors = [], []
    signal, last = x, len(weights) - 1
    for number, matrix in enumerate(weights):
        exact = np.asarray(matrix, dtype=np.float64)
        outputs = signal @ exact.T
        greatest = float(np.abs(outputs).max(initial=0.0))
        room = (
            reach.full_scale_output if number == last else min(reach.activation_clip, reach.full_scale_hidden)
        )
        sigma = float(np.linalg.norm(exact, 2))
        factor = 1.0
        if sigma > reach.sigma_max:
            factor = reach.sigma_max * _WITHIN / sigma
        if greatest * factor > room:
            factor = room / greatest
        scaled.append(exact * factor)
        factors.append(factor)
        signal = np.maximum(outputs * factor, 0.0)
    return Deployable(tuple(scaled), tuple(factors))
