"""What training a fully connected network asks of the host, in operations and bytes; NOT how long that takes.

Counted layer by layer, as the work of a step is.
"""

from collections.abc import Sequence
from itertools import pairwise

from controllers.feedback_alignment import work
from controllers.feedback_alignment.work import (
    NOTHING,
    BlockWork,
    NetworkWork,
    StepWork,
    Work,
    product_work,
    total,
    update_work,
)

__all__ = [
    "backpropagation_work",
    "error_work",
    "forward_work",
    "local_gradient_work",
    "network_work",
    "output_gradient_work",
    "parameter_count",
    "projection_work",
    "step_work",
    "update_work",
]

_BYTES = 4

_FLOPS_PER_ERROR = 6
"""Subtract the largest, exponential, sum, division; subtract the one-hot target, and compare for the largest."""


def network_work(sizes: Sequence[int], batch: int) -> NetworkWork:
    """Return the work of every layer of a network of ``sizes`` (inputs, hidden..., outputs)."""
    pairs, last = list(pairwise(sizes)), len(sizes) - 2
    blocks = tuple(
        BlockWork(
            forward=forward_work(pair, batch) + (NOTHING if layer == last else _activation(pair[1], batch)),
            local_gradient=_layer_gradient(*pair, batch)
            + (NOTHING if layer == last else _derivative(pair[1], batch)),
            input_gradient=product_work(batch, pair[1], pair[0]),
            parameters=parameter_count(pair),
        )
        for layer, pair in enumerate(pairs)
    )
    return NetworkWork(blocks, error_work(sizes[-1], batch))


def step_work(sizes: Sequence[int], batch: int) -> StepWork:
    """Return the work of every part of a training step of a network of ``sizes`` (inputs, hidden..., outputs)."""
    return work.step_work(network_work(sizes, batch), projection=projection_work(sizes, batch))


def parameter_count(sizes: Sequence[int]) -> int:
    """Return the weights and biases of a network of ``sizes`` (inputs, hidden..., outputs)."""
    return sum((inputs + 1) * outputs for inputs, outputs in pairwise(sizes))


def forward_work(sizes: Sequence[int], batch: int) -> Work:
    """Return the work of one forward pass: product, bias, and an activation on all layers but the last."""
    matrices = [product_work(batch, inputs, outputs) for inputs, outputs in pairwise(sizes)]
    biases = [Work(batch * outputs, _BYTES * outputs) for outputs in sizes[1:]]
    return total([*matrices, *biases, *(_activation(units, batch) for units in sizes[1:-1])])


def error_work(classes: int, batch: int) -> Work:
    """Return the work of softmax minus target."""
    return Work(_FLOPS_PER_ERROR * batch * classes, 2 * _BYTES * batch * classes)


def local_gradient_work(sizes: Sequence[int], batch: int) -> Work:
    """Return the work of all hidden layers' gradients, given the gradients of their outputs.

    A layer: the derivative of tanh, 1 - h^2, times the gradient (3 a value); its weights' and biases' gradients.
    """
    return total(
        _derivative(outputs, batch) + _layer_gradient(inputs, outputs, batch)
        for inputs, outputs in pairwise(sizes[:-1])
    )


def output_gradient_work(sizes: Sequence[int], batch: int) -> Work:
    """Return the work of the last layer's gradient, given the error."""
    return _layer_gradient(sizes[-2], sizes[-1], batch)


def backpropagation_work(sizes: Sequence[int], batch: int) -> Work:
    """Return what backpropagation adds to the local work: each layer's error through the transposed next matrix."""
    return total(product_work(batch, outputs, inputs) for inputs, outputs in pairwise(sizes[1:]))


def projection_work(sizes: Sequence[int], batch: int) -> Work:
    """Return the work of projecting the error to all hidden layers on the host instead of with light."""
    return product_work(batch, sizes[-1], sum(sizes[1:-1]))


def _activation(units: int, batch: int) -> Work:
    return Work(batch * units, 2 * _BYTES * batch * units)


def _derivative(units: int, batch: int) -> Work:
    return Work(3 * batch * units, 3 * _BYTES * batch * units)


def _layer_gradient(inputs: int, outputs: int, batch: int) -> Work:
    return product_work(inputs, batch, outputs) + Work(batch * outputs, _BYTES * outputs)
