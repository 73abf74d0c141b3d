"""The loss of a reading: mean cross-entropy of the softmax of the outputs, or their mean squared error from values.

It is part of the chip because the chip's sequencer computes it beside the receivers; controllers compute the same
number, bit for bit, with the same kernel.
"""

import math

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import bare_kernel, fma, kernel
from emulator.physics.chip.kernels.tape import LANES

__all__ = [
    "cross_entropy",
    "cross_entropy_of_tiles",
    "mean_squared_error",
    "mean_squared_error_of_tiles",
]

Floats = NDArray[np.float64]

_LANES = np.uint64(LANES)
_LOG2_E = 1.4426950408889634
_LN_2 = 0.6931471805599453
_LARGEST = 700.0
_BIAS, _MANTISSA = np.int64(1023), np.int64(52)

_LARGE_SUM = 1e100
"""Sums of exponentials beyond it get a logarithm of their own; smaller ones are multiplied first."""

_LARGE_PRODUCT = 1e200
"""Products beyond it are put away; one more factor of _LARGE_SUM cannot overflow them before."""


@bare_kernel
def _exponentials(values: Floats, begin: int, count: int) -> None:
    """Replace ``values[begin:]``, limited to [-700, 700], by their exponentials, to 1e-13.

    exp(x) = 2^k e^r with |r| <= ln 2 / 2: a power series in r, whose even and odd terms are summed side by side,
    and an exponent field; both vectorise.
    """
    place = np.uint64(begin)
    for i in range(np.uint64(count)):
        x = min(max(values[place + i], -_LARGEST), _LARGEST)
        k = np.floor(x * _LOG2_E + 0.5)
        r = fma(k, -_LN_2, x)
        z = r * r
        even = fma(z, fma(z, 1 / 3628800, 1 / 40320), 1 / 720)
        even = fma(z, fma(z, fma(z, even, 1 / 24), 1 / 2), 1.0)
        odd = fma(z, fma(z, 1 / 39916800, 1 / 362880), 1 / 5040)
        odd = r * fma(z, fma(z, fma(z, odd, 1 / 120), 1 / 6), 1.0)
        values[place + i] = (even + odd) * np.int64((np.int64(k) + _BIAS) << _MANTISSA).view(np.float64)


@bare_kernel
def _mean_log(norms: Floats, begin: int, samples: int) -> float:
    """Return the mean of the logarithms of ``norms[begin:]`` (samples,), none of which lies below 1.

    Those of ordinary sums are taken together: the logarithm of their product.
    """
    total, product = 0.0, 1.0
    for sample in range(samples):
        norm = norms[begin + sample]
        if norm < _LARGE_SUM:
            product *= norm
        else:  # NaN, too
            total += math.log(norm)
        if product > _LARGE_PRODUCT:
            total += math.log(product)
            product = 1.0
    return float((total + math.log(product)) / samples)


@kernel
def cross_entropy(outputs: Floats, labels: NDArray[np.int64]) -> float:
    """Return the mean over samples of log(sum_j exp(y_j - y_label)), in nats.

    ``outputs`` has shape (samples, classes), C-contiguous, ``labels`` (samples,). Measured from the label's own
    output, sums cannot underflow; a difference beyond 700 counts as 700, where exponentials would overflow.
    """
    samples, classes = outputs.shape
    terms, norms = np.empty(samples * classes), np.zeros(samples)
    for sample in range(samples):
        reference = outputs[sample, labels[sample]]
        for j in range(classes):
            terms[sample * classes + j] = outputs[sample, j] - reference
    _exponentials(terms, 0, terms.size)
    for sample in range(samples):
        for j in range(classes):
            norms[sample] += terms[sample * classes + j]
    return _mean_log(norms, 0, samples)


@bare_kernel
def cross_entropy_of_tiles(
    tiles: Floats, begin: int, labels: NDArray[np.int64], classes: int, terms: Floats, sums: Floats
) -> float:
    """Return the ``cross_entropy`` of outputs that lie in tiles (classes, LANES) at ``tiles[begin:]``; same bits.

    ``terms`` (tiles x classes x LANES,) and ``sums`` (tiles x LANES,) are workspace. Here the samples lie side by
    side, so that all loops run over them, and vectorise because no two arrays of a loop are the same.
    """
    samples = labels.size
    width = np.uint64(
        min(LANES, sums.size)
    )  # always LANES; were it known, LLVM would unroll and not vectorise
    for first in range(0, samples, LANES):
        source, target, line = (
            np.uint64(begin + first * classes),
            np.uint64(first * classes),
            np.uint64(first),
        )
        for lane in range(width):
            sums[line + lane] = 0.0
        for lane in range(min(samples - first, LANES)):  # first the label's own output, gathered one by one
            sums[first + lane] = tiles[begin + first * classes + labels[first + lane] * LANES + lane]
        for row in range(np.uint64(classes)):
            for lane in range(width):
                terms[target + row * _LANES + lane] = tiles[source + row * _LANES + lane] - sums[line + lane]
        _exponentials(terms, first * classes, classes * LANES)
        for lane in range(width):
            sums[line + lane] = 0.0
        for row in range(np.uint64(classes)):
            for lane in range(width):
                sums[line + lane] = sums[line + lane] + terms[target + row * _LANES + lane]
    return _mean_log(sums, 0, samples)


@bare_kernel
def mean_squared_error(outputs: Floats, values: Floats) -> float:
    """Return the mean over samples and outputs of (y - t)^2; both arrays have shape (samples, outputs)."""
    samples, classes = outputs.shape
    total = 0.0
    for sample in range(samples):
        for j in range(classes):
            difference = outputs[sample, j] - values[sample, j]
            total += difference * difference
    return float(total / (samples * classes))


@bare_kernel
def mean_squared_error_of_tiles(tiles: Floats, begin: int, values: Floats) -> float:
    """Return the ``mean_squared_error`` of outputs in tiles at ``tiles[begin:]``; same order, same bits."""
    samples, classes = values.shape
    total = 0.0
    for sample in range(samples):
        first = begin + (sample // LANES) * LANES * classes + sample % LANES
        for j in range(classes):
            difference = tiles[first + j * LANES] - values[sample, j]
            total += difference * difference
    return float(total / (samples * classes))
