"""The loss that a controller computes from a reading; the chip's sequencer computes the same, bit for bit."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import emulator.physics.chip.loss as kernels
from emulator.arguments import checked_array
from emulator.errors import ConfigError

__all__ = ["cross_entropy", "curvature_of", "loss_for", "mean_squared_error", "slopes_of"]


def cross_entropy(outputs: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the mean over samples of log(sum_j exp(y_j - y_label)), in nats.

    ``outputs`` has shape (samples, classes), ``labels`` (samples,), whole numbers from 0 to classes - 1; a
    difference beyond 700 counts as 700. Raises ``ConfigError`` for what is no such array.
    """
    found = _outputs("cross_entropy", outputs)
    allowed = f"({len(found)},) whole numbers, 0..{found.shape[1] - 1}, one a sample"
    known = checked_array("cross_entropy: labels", labels, allowed, kinds="iu")
    if known.shape != (len(found),) or not ((known >= 0) & (known < found.shape[1])).all():
        raise ConfigError(
            f"cross_entropy: labels of shape {known.shape}, from {known.min(initial=0)} to {known.max(initial=0)}, "
            f"are refused; allowed: {allowed}"
        )
    return float(kernels.cross_entropy(found, known.astype(np.int64, copy=False)))


def mean_squared_error(outputs: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Return the mean over samples and outputs of (y - t)^2; both arrays have shape (samples, outputs).

    Raises ``ConfigError`` for what are no such arrays.
    """
    found = _outputs("mean_squared_error", outputs)
    known = checked_array("mean_squared_error: values", values, f"real numbers of shape {found.shape}")
    if known.shape != found.shape:
        raise ConfigError(
            f"mean_squared_error: values of shape {known.shape} are refused; allowed: shape {found.shape}"
        )
    return float(kernels.mean_squared_error(found, np.ascontiguousarray(known, dtype=np.float64)))


def _outputs(name: str, outputs: object) -> NDArray[np.float64]:
    """Return ``outputs`` as the kernels take them; raises ``ConfigError``."""
    found = checked_array(f"{name}: outputs", outputs, "real numbers, (samples, outputs)")
    if found.ndim != 2 or found.size == 0:
        raise ConfigError(
            f"{name}: outputs of shape {found.shape} are refused; allowed: (samples, outputs), neither of them 0"
        )
    return np.ascontiguousarray(found, dtype=np.float64)


def loss_for(targets: NDArray[Any]) -> Callable[[NDArray[np.float64], NDArray[Any]], float]:
    """Return the loss of outputs (samples, outputs) against ``targets``: what they are decides.

    Labels (samples,), int64, take the mean cross-entropy in nats, values (samples, outputs), float64, the mean
    squared error. It judges nothing and is fast: for arrays that a chip has read.
    """
    return kernels.cross_entropy if targets.ndim == 1 else kernels.mean_squared_error


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
