"""The network as exact electronics: y = W3 clip(W2 clip(W1 x)); NO light, mesh, noise or converter."""

from collections.abc import Sequence

import numpy as np

from data.sets import FloatArray, IntArray
from emulator.physics.chip.patches import Patches, unfold

__all__ = ["accuracy", "layer_outputs", "logits"]

_AT_ONCE = 1024  # samples whose patches are held together


def layer_outputs(
    weights: Sequence[FloatArray], x: FloatArray, clip: float, feeds: Sequence[Patches] = ()
) -> tuple[FloatArray, ...]:
    """Return each layer's W x, before the activation, shapes (samples, outputs); the last are the logits.

    ``x`` has shape (samples, inputs); between layers the activation is min(max(., 0), ``clip``). Where ``feeds``
    say how values become a layer's symbols, its outputs run over channels and places.
    """
    outputs: list[FloatArray] = []
    light = x
    for number, matrix in enumerate(weights):
        outputs.append(_applied(matrix, light, feeds[number] if feeds else None))
        light = np.clip(outputs[-1], 0.0, clip)
    return tuple(outputs)


def _applied(matrix: FloatArray, light: FloatArray, feed: Patches | None) -> FloatArray:
    if feed is None or feed.is_vector:
        return light @ matrix.T
    readings = matrix @ unfold(np.ascontiguousarray(light.T), feed)
    return np.ascontiguousarray(readings.reshape(-1, len(light)).T)


def logits(
    weights: Sequence[FloatArray], x: FloatArray, clip: float, feeds: Sequence[Patches] = ()
) -> FloatArray:
    """Return the outputs of the last layer, shape (samples, classes)."""
    if not feeds:
        return layer_outputs(weights, x, clip)[-1]
    parts = (x[first : first + _AT_ONCE] for first in range(0, len(x), _AT_ONCE))
    return np.concatenate([layer_outputs(weights, part, clip, feeds)[-1] for part in parts])


def accuracy(weights: Sequence[FloatArray], x: FloatArray, y: IntArray, clip: float) -> float:
    """Return the share of samples, in [0, 1], whose greatest logit is that of their label."""
    return float((logits(weights, x, clip).argmax(axis=1) == y).mean())
