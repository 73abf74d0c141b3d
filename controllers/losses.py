"""The loss that a controller computes from a reading: mean cross-entropy of the softmax of the outputs."""

import math

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import kernel

__all__ = ["cross_entropy"]


_LOG2_E = 1.4426950408889634
_LN_2 = 0.6931471805599453
_LARGEST = 700.0


@kernel
def _exponentials(values: NDArray[np.float64]) -> None:
    """Replace ``values``, limited to [-700, 700], by their exponentials, to 1e-13.

    exp(x) = 2^k e^r with |r| <= ln 2 / 2: a power series in r and an exponent field, which vectorise.
    """
    powers = np.empty(values.size, np.int64)
    for i in range(values.size):
        x = min(max(values[i], -_LARGEST), _LARGEST)
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
        powers[i] = (np.int64(k) + 1023) << 52
    scales = powers.view(np.float64)
    for i in range(values.size):
        values[i] *= scales[i]


@kernel
def cross_entropy(outputs: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the mean over samples of log(sum_j exp(y_j - y_label)), in nats.

    ``outputs`` has shape (samples, classes), C-contiguous, ``labels`` (samples,). Measured from the label's own
    output, sums cannot underflow; a difference beyond 700 counts as 700, where exponentials would overflow.
    """
    samples, classes = outputs.shape
    terms = np.empty(samples * classes)
    for sample in range(samples):
        reference = outputs[sample, labels[sample]]
        for j in range(classes):
            terms[sample * classes + j] = outputs[sample, j] - reference
    _exponentials(terms)
    total = 0.0
    for sample in range(samples):
        norm = 0.0
        for j in range(classes):
            norm += terms[sample * classes + j]
        total += math.log(norm)
    return float(total / samples)
