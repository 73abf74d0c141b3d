"""The loss that a controller computes from a reading; the chip's sequencer computes the same, bit for bit."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.physics.chip.loss import cross_entropy, mean_squared_error

__all__ = ["cross_entropy", "curvature_of", "loss_for", "mean_squared_error", "slopes_of"]


def loss_for(targets: NDArray[Any]) -> Callable[[NDArray[np.float64], NDArray[Any]], float]:
    """Return the loss of outputs (samples, outputs) against ``targets``: what they are decides.

    Labels (samples,), int64, take the mean cross-entropy in nats, values (samples, outputs), float64, the mean
    squared error.
    """
    return cross_entropy if targets.ndim == 1 else mean_squared_error


def slopes_of(outputs: NDArray[np.float64], targets: NDArray[Any]) -> NDArray[np.float64]:
    """Return the derivatives (samples, outputs) of ``loss_for(targets)`` by the ``outputs`` (samples, outputs)."""
    if targets.ndim == 1:
        shares = _softmax(outputs)
        shares[np.arange(len(targets)), targets] -= 1.0
        return np.asarray(shares / len(targets))
    return np.asarray(2.0 * (outputs - targets) / outputs.size)


def curvature_of(
    outputs: NDArray[np.float64], targets: NDArray[Any], changes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how ``slopes_of`` the ``outputs`` changes, to first order, where these change by ``changes``.

    All have shape (samples, outputs): it is the loss's second derivative times the changes.
    """
    if targets.ndim == 1:
        shares = _softmax(outputs)
        mean = (shares * changes).sum(axis=1, keepdims=True)
        return np.asarray(shares * (changes - mean) / len(targets))
    return np.asarray(2.0 * changes / outputs.size)


def _softmax(outputs: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
