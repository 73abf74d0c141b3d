"""The network as exact electronics: y = W3 clip(W2 clip(W1 x)); NO light, mesh, noise or converter."""

from collections.abc import Sequence

import numpy as np

from data.sets import FloatArray, IntArray

__all__ = ["accuracy", "layer_outputs", "logits"]


def layer_outputs(weights: Sequence[FloatArray], x: FloatArray, clip: float) -> tuple[FloatArray, ...]:
    """Return each layer's W x, before the activation, shapes (samples, outputs); the last are the logits.

    ``x`` has shape (samples, inputs); between layers the activation is min(max(., 0), ``clip``).
    """
    outputs: list[FloatArray] = []
    light = x
    for matrix in weights:
        outputs.append(light @ matrix.T)
        light = np.clip(outputs[-1], 0.0, clip)
    return tuple(outputs)


def logits(weights: Sequence[FloatArray], x: FloatArray, clip: float) -> FloatArray:
    """Return the outputs of the last layer, shape (samples, classes)."""
    return layer_outputs(weights, x, clip)[-1]


def accuracy(weights: Sequence[FloatArray], x: FloatArray, y: IntArray, clip: float) -> float:
    """Return the share of samples, in [0, 1], whose greatest logit is that of their label."""
    return float((logits(weights, x, clip).argmax(axis=1) == y).mean())
