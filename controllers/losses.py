"""The loss that a controller computes from a reading: mean cross-entropy of the softmax of the outputs."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["cross_entropy"]


_LOG2_E = 1.4426950408889634
_LN_2 = 0.6931471805599453
_SMALLEST = -700.0


@njit(cache=True, error_model="numpy")
def _exponentials(values: NDArray[np.float64], bits: NDArray[np.int64]) -> None:
    """Replace ``values``, none above 0, by their exponentials, to 1e-13; ``bits`` is workspace of the same size.

    exp(x) = 2^k e^r with |r| <= ln 2 / 2: a power series in r and an exponent field, which vectorise.
    """
    for i in range(values.size):
        x = max(values[i], _SMALLEST)
        k = np.floor(x * _LOG2_E + 0.5)
        r = x - k * _LN_2
        p = 1.0 + r * (1 / 11)
        p = 1.0 + r * p * (1 / 10)
        p = 1.0 + r * p * (1 / 9)
        p = 1.0 + r * p * (1 / 8)
        p = 1.0 + r * p * (1 / 7)
        p = 1.0 + r * p * (1 / 6)
        p = 1.0 + r * p * (1 / 5)
        p = 1.0 + r * p * (1 / 4)
        p = 1.0 + r * p * (1 / 3)
        p = 1.0 + r * p * (1 / 2)
        values[i] = 1.0 + r * p
        bits[i] = (np.int64(k) + 1023) << 52
    powers = bits.view(np.float64)
    for i in range(values.size):
        values[i] *= powers[i]


@njit(cache=True, error_model="numpy")
def cross_entropy(outputs: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the mean over samples of log(sum_j exp(y_j)) - y_label, in nats.

    ``outputs`` has shape (samples, classes), C-contiguous, ``labels`` (samples,). The largest output is taken out
    of the exponentials, so that they cannot overflow.
    """
    samples, classes = outputs.shape
    shifted = np.empty(samples * classes)
    total = 0.0
    for sample in range(samples):
        largest = outputs[sample, 0]
        for j in range(1, classes):
            largest = max(largest, outputs[sample, j])
        for j in range(classes):
            shifted[sample * classes + j] = outputs[sample, j] - largest
        total += largest - outputs[sample, labels[sample]]
    _exponentials(shifted, np.empty(samples * classes, np.int64))
    for sample in range(samples):
        norm = 0.0
        for j in range(classes):
            norm += shifted[sample * classes + j]
        total += math.log(norm)
    return float(total / samples)
