"""The loss of a reading: mean cross-entropy of the softmax of the outputs.

It is part of the chip because the chip's sequencer computes it beside the receivers; controllers compute the same
number, bit for bit, with the same kernel.
"""

import math

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import kernel

__all__ = ["cross_entropy"]


_LOG2_E = 1.4426950408889634
_LN_2 = 0.6931471805599453
_LARGEST = 700.0
_BIAS, _MANTISSA = np.int64(1023), np.int64(52)

_LARGE_SUM = 1e100
"""Sums of exponentials beyond it get a logarithm of their own; smaller ones are multiplied first."""

_LARGE_PRODUCT = 1e200
"""Products beyond it are put away; one more factor of _LARGE_SUM cannot overflow them before."""


@kernel
def _exponentials(values: NDArray[np.float64]) -> None:
    """Replace ``values``, limited to [-700, 700], by their exponentials, to 1e-13.

    exp(x) = 2^k e^r with |r| <= ln 2 / 2: a power series in r, whose even and odd terms are summed side by side,
    and an exponent field; both vectorise.
    """
    for i in range(values.size):
        x = min(max(values[i], -_LARGEST), _LARGEST)
        k = np.floor(x * _LOG2_E + 0.5)
        r = x - k * _LN_2
        z = r * r
        even = 1 / 40320 + z * (1 / 3628800)
        even = 1.0 + z * (1 / 2 + z * (1 / 24 + z * (1 / 720 + z * even)))
        odd = 1 / 5040 + z * (1 / 362880 + z * (1 / 39916800))
        odd = r * (1.0 + z * (1 / 6 + z * (1 / 120 + z * odd)))
        values[i] = (even + odd) * np.int64((np.int64(k) + _BIAS) << _MANTISSA).view(np.float64)


@kernel
def cross_entropy(outputs: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the mean over samples of log(sum_j exp(y_j - y_label)), in nats.

    ``outputs`` has shape (samples, classes), C-contiguous, ``labels`` (samples,). Measured from the label's own
    output, sums cannot underflow; a difference beyond 700 counts as 700, where exponentials would overflow.
    Logarithms of ordinary sums are taken together: that of their product, as no sum lies below 1.
    """
    samples, classes = outputs.shape
    terms = np.empty(samples * classes)
    for sample in range(samples):
        reference = outputs[sample, labels[sample]]
        for j in range(classes):
            terms[sample * classes + j] = outputs[sample, j] - reference
    _exponentials(terms)
    total, product = 0.0, 1.0
    for sample in range(samples):
        norm = 0.0
        for j in range(classes):
            norm += terms[sample * classes + j]
        if norm < _LARGE_SUM:
            product *= norm
        else:  # NaN, too
            total += math.log(norm)
        if product > _LARGE_PRODUCT:
            total += math.log(product)
            product = 1.0
    return float((total + math.log(product)) / samples)
