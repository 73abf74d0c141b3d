"""What training a fully connected network asks of the host, in operations and bytes; NOT how long that takes.

Counted for a batch of 32-bit numbers, layer by layer, with no step fused into another. Operations: a
multiplication, an addition, a division, a root, an exponential and a tanh are one each. Bytes: in every step each
operand is read once and each result is written once, as if a cache held one step's matrices and nothing longer.
"""

from collections.abc import Sequence
from itertools import pairwise

from controllers.feedback_alignment.work import StepWork, Work

__all__ = [
    "backpropagation_work",
    "error_work",
    "forward_work",
    "local_gradient_work",
    "output_gradient_work",
    "parameter_count",
    "projection_work",
    "step_work",
    "update_work",
]

_BYTES = 4

_FLOPS_PER_ADAM = 13
"""3 for the mean, 4 for the mean square; root, its bias correction, + epsilon, division, step, subtraction."""

_WORDS_PER_ADAM = 7
"""Read weight, gradient, mean and mean square; write weight, mean and mean square."""

_FLOPS_PER_ERROR = 6
"""Subtract the largest, exponential, sum, division; subtract the one-hot target, and compare for the largest."""


def step_work(sizes: Sequence[int], batch: int) -> StepWork:
    """Return the work of every part of a training step of a network of ``sizes`` (inputs, hidden..., outputs)."""
    return StepWork(
        forward=forward_work(sizes, batch),
        error=error_work(sizes[-1], batch),
        output_gradient=output_gradient_work(sizes, batch),
        backpropagation=backpropagation_work(sizes, batch),
        projection=projection_work(sizes, batch),
        local_gradient=local_gradient_work(sizes, batch),
        update=update_work(parameter_count(sizes)),
    )


def parameter_count(sizes: Sequence[int]) -> int:
    """Return the weights and biases of a network of ``sizes`` (inputs, hidden..., outputs)."""
    return sum((inputs + 1) * outputs for inputs, outputs in pairwise(sizes))


def forward_work(sizes: Sequence[int], batch: int) -> Work:
    """Return the work of one forward pass: product, bias, and an activation on all layers but the last."""
    matrices = [_product(batch, inputs, outputs) for inputs, outputs in pairwise(sizes)]
    biases = [Work(batch * outputs, _BYTES * outputs) for outputs in sizes[1:]]
    activations = [Work(batch * units, 2 * _BYTES * batch * units) for units in sizes[1:-1]]
    return _total([*matrices, *biases, *activations])


def error_work(classes: int, batch: int) -> Work:
    """Return the work of softmax minus target."""
    return Work(_FLOPS_PER_ERROR * batch * classes, 2 * _BYTES * batch * classes)


def local_gradient_work(sizes: Sequence[int], batch: int) -> Work:
    """Return the work of all hidden layers' gradients, given the gradients of their outputs.

    A layer: the derivative of tanh, 1 - h^2, times the gradient (3 a value); its weights' and biases' gradients.
    """
    return _total(
        [
            Work(3 * batch * outputs, 3 * _BYTES * batch * outputs) + _layer_gradient(inputs, outputs, batch)
            for inputs, outputs in pairwise(sizes[:-1])
        ]
    )


def output_gradient_work(sizes: Sequence[int], batch: int) -> Work:
    """Return the work of the last layer's gradient, given the error."""
    return _layer_gradient(sizes[-2], sizes[-1], batch)


def backpropagation_work(sizes: Sequence[int], batch: int) -> Work:
    """Return what backpropagation adds to the local work: each layer's error through the transposed next matrix."""
    return _total([_product(batch, outputs, inputs) for inputs, outputs in pairwise(sizes[1:])])


def projection_work(sizes: Sequence[int], batch: int) -> Work:
    """Return the work of projecting the error to all hidden layers on the host instead of with light."""
    return _product(batch, sizes[-1], sum(sizes[1:-1]))


def update_work(parameters: int) -> Work:
    """Return the work of one step of Adam on that many parameters: 13 operations and 28 bytes each."""
    return Work(_FLOPS_PER_ADAM * parameters, _WORDS_PER_ADAM * _BYTES * parameters)


def _layer_gradient(inputs: int, outputs: int, batch: int) -> Work:
    biases = Work(batch * outputs, _BYTES * outputs)
    return _product(inputs, batch, outputs) + biases


def _product(rows: int, inner: int, columns: int) -> Work:
    """Return the work of (rows, inner) times (inner, columns)."""
    words = rows * inner + inner * columns + rows * columns
    return Work(2 * rows * inner * columns, _BYTES * words)


def _total(parts: Sequence[Work]) -> Work:
    return sum(parts, Work(0, 0))
