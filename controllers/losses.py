"""The loss that a controller computes from a reading; the chip's sequencer computes the same, bit for bit."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.physics.chip.loss import cross_entropy, mean_squared_error

__all__ = ["cross_entropy", "loss_for", "mean_squared_error"]


def loss_for(targets: NDArray[Any]) -> Callable[[NDArray[np.float64], NDArray[Any]], float]:
    """Return the loss of outputs (samples, outputs) against ``targets``: what they are decides.

    Labels (samples,), int64, take the mean cross-entropy in nats, values (samples, outputs), float64, the mean
    squared error.
    """
    return cross_entropy if targets.ndim == 1 else mean_squared_error
