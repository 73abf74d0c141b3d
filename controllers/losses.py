"""The loss that a controller computes from a reading: mean cross-entropy of the softmax of the outputs."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["cross_entropy"]


@njit(cache=True)
def cross_entropy(outputs: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the mean over samples of log(sum_j exp(y_j)) - y_label, in nats.

    ``outputs`` has shape (samples, classes), ``labels`` (samples,). The largest output is taken out of the
    exponentials, so that they cannot overflow.
    """
    total = 0.0
    classes = outputs.shape[1]
    for sample in range(outputs.shape[0]):
        largest = outputs[sample, 0]
        for j in range(1, classes):
            largest = max(largest, outputs[sample, j])
        norm = 0.0
        for j in range(classes):
            norm += math.exp(outputs[sample, j] - largest)
        total += math.log(norm) + largest - outputs[sample, labels[sample]]
    return float(total / outputs.shape[0])
