"""The loss that a controller computes from a reading; the chip's sequencer computes the same, bit for bit."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.physics.chip.loss import cross_entropy, mean_squared_error

__all__ = ["cross_entropy", "loss_for", "mean_squared_error", "slopes_of"]


def loss_for(targets: NDArray[Any]) -> Callable[[NDArray[np.float64], NDArray[Any]], float]:
    """Return the loss of outputs (samples, outputs) against ``targets``: what they are decides.

    Labels (samples,), int64, take the mean cross-entropy in nats, values (samples, outputs), float64, the mean
    squared error.
    """
    return cross_entropy if targets.ndim == 1 else mean_squared_error


def slopes_of(outputs: NDArray[np.float64], targets: NDArray[Any]) -> NDArray[np.float64]:
    """Return the derivatives (samples, outputs) of ``loss_for(targets)`` by the ``outputs`` (samples, outputs)."""
    if targets.ndim == 1:
        shares = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        shares[np.arange(len(targets)), targets] -= 1.0
        return np.asarray(shares / len(targets))
    return np.asarray(2.0 * (outputs - targets) / outputs.size)
