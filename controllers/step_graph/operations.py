"""What single operations ask of a GPU: floating-point operations, bytes of memory, kernels. No network, no time.

Every matrix is read or written once by each operation that uses it; what fits into caches is not modelled.
"""

from dataclasses import dataclass, replace
from typing import Final

from controllers.step_graph.workload import Optimizer

__all__ = [
    "OPTIMIZERS",
    "Operation",
    "Sizes",
    "attention",
    "attention_backward",
    "pointwise",
    "product",
    "update",
]


@dataclass(frozen=True, slots=True)
class Operation:
    """Count the work of some kernels; ``summed`` and ``made`` are those of a product with one vector."""

    flops: int = 0
    bytes: int = 0
    launches: int = 1
    summed: int = 0
    made: int = 0

    def __add__(self, other: "Operation") -> "Operation":
        return Operation(
            self.flops + other.flops,
            self.bytes + other.bytes,
            self.launches + other.launches,
            self.summed + other.summed,
            self.made + other.made,
        )

    def times(self, count: int) -> "Operation":
        """Return ``count`` of it."""
        return replace(
            self,
            flops=count * self.flops,
            bytes=count * self.bytes,
            launches=count * self.launches,
            summed=count * self.summed,
            made=count * self.made,
        )


@dataclass(frozen=True, slots=True)
class Sizes:
    """Hold what all operations of a network share: ``rows`` vectors at a time, of ``value_bytes`` a value."""

    rows: int
    value_bytes: int


def product(sizes: Sizes, inputs: int, outputs: int) -> Operation:
    """Return the product of (rows, inputs) with (inputs, outputs): 2 operations a weight and row.

    Forward pass, gradient of the input and gradient of the weights are of the same size: each reads two and writes
    one of the three matrices.
    """
    rows = sizes.rows
    values = rows * inputs + inputs * outputs + rows * outputs
    one = rows == 1
    return Operation(
        2 * rows * inputs * outputs,
        sizes.value_bytes * values,
        1,
        inputs if one else 0,
        outputs if one else 0,
    )


def pointwise(sizes: Sizes, values: int, passes: int, kernels: int = 1) -> Operation:
    """Return ``kernels`` that together read and write ``values`` numbers a row ``passes`` times."""
    return Operation(sizes.rows * values * passes, sizes.value_bytes * sizes.rows * values * passes, kernels)


def attention(sizes: Sizes, width: int, context: int, heads: int) -> Operation:
    """Return softmax(Q K^T) V over ``context`` tokens: two products of 2 context width operations a row.

    Scores are written and read by each of three kernels; the mask saves nothing.
    """
    rows = sizes.rows
    scores = rows * context * heads
    return Operation(
        4 * rows * context * width + 5 * scores, sizes.value_bytes * (4 * rows * width + 4 * scores), 3
    )


def attention_backward(sizes: Sizes, width: int, context: int, heads: int) -> Operation:
    """Return the gradients of Q, K and V: four products, and the softmax's derivative."""
    rows = sizes.rows
    scores = rows * context * heads
    return Operation(
        8 * rows * context * width + 5 * scores, sizes.value_bytes * (7 * rows * width + 8 * scores), 5
    )


@dataclass(frozen=True, slots=True)
class _Optimizer:
    """Say what an optimiser costs a parameter: bytes moved in single precision, operations, kernels, states."""

    bytes: int
    flops: int
    kernels: int
    states: int


OPTIMIZERS: Final[dict[Optimizer, _Optimizer]] = {
    # w -= lr g: reads w and g, writes w
    "sgd": _Optimizer(12, 2, 1, 0),
    # m *= b (8), m += g (12), w -= lr m (12)
    "momentum": _Optimizer(32, 4, 3, 1),
    # m lerp g (12), v *= b (8), v += g g (12), sqrt (8), divide (8), add (8), w -= lr m/d (16)
    "adam": _Optimizer(72, 12, 7, 2),
    # reads w, g, m, v, writes w, m, v
    "adam_fused": _Optimizer(28, 12, 1, 2),
}
"""Bytes follow from which arrays each kernel reads and writes, 4 bytes a value."""


def update(optimizer: Optimizer, parameters: int, tensors: int, half: bool) -> Operation:
    """Return a step of ``optimizer`` on ``parameters`` in ``tensors`` arrays.

    In half precision weights in single precision are kept and copied: 6 bytes a parameter more.
    """
    cost = OPTIMIZERS[optimizer]
    moved = (cost.bytes + 6 * half) * parameters
    kernels = 1 if optimizer == "adam_fused" else tensors
    return Operation(cost.flops * parameters, moved, cost.kernels * kernels)
