"""The blocks of a network, each with the work of its forward pass, its own gradients, and the error it passes on.

``local`` is what a block does with the gradient of its output: gradients of its weights and, inside a block of
several layers, of what passes between them. ``error`` is the rest of backpropagation: the gradient of the block's
input, which feedback alignment does without. In a Transformer only the first product of a block is that.
"""

from dataclasses import dataclass

from controllers.step_graph.operations import (
    Operation,
    Sizes,
    attention,
    attention_backward,
    pointwise,
    product,
)
from controllers.step_graph.workload import WorkloadConfig

__all__ = ["Block", "blocks_of"]

_EXPANSION = 4  # of the perceptron in a Transformer's block


@dataclass(frozen=True, slots=True)
class Block:
    """Hold one block: ``kept`` values a row wait in memory from the forward to the backward pass."""

    parameters: int
    tensors: int
    kept: int
    forward: tuple[Operation, ...]
    local: tuple[Operation, ...]
    error: tuple[Operation, ...]


def blocks_of(workload: WorkloadConfig, sizes: Sizes) -> tuple[Block, ...]:
    """Return the blocks in order; the last one gets the true gradient, whatever the method."""
    w = workload
    if w.network == "fcnn":
        hidden = (_layer(sizes, w.width, w.width),) * (w.depth - 1)
        return _layer(sizes, w.inputs, w.width), *hidden, _layer(sizes, w.width, w.outputs, last=True)
    block = _transformer(sizes, w.width, w.context, w.heads)
    if w.network == "transformer":
        first, last = _embedding(sizes, w.outputs, w.width), _layer(sizes, w.width, w.outputs, last=True)
    else:
        patch, shown = w.inputs // w.context, w.outputs // w.context
        first, last = _layer(sizes, patch, w.width), _layer(sizes, w.width, shown, last=True)
    return first, *(block,) * w.depth, last


def _layer(sizes: Sizes, inputs: int, outputs: int, last: bool = False) -> Block:
    """Return a matrix with biases and, unless it is the ``last``, a tanh."""
    work = product(sizes, inputs, outputs)
    bend, unbend = pointwise(sizes, outputs, 2), pointwise(sizes, outputs, 3)
    bias = pointwise(sizes, outputs, 1)
    return Block(
        (inputs + 1) * outputs,
        2,
        inputs if last else inputs + outputs,
        (work,) if last else (work, bend),
        (work, bias) if last else (unbend, work, bias),
        (work,),
    )


def _embedding(sizes: Sizes, words: int, width: int) -> Block:
    """Return a table of ``words``: rows are read, and their gradients added to one that is zero before."""
    read = pointwise(sizes, width, 2)
    cleared = Operation(0, sizes.value_bytes * words * width, 1)
    return Block(words * width, 1, 0, (read,), (cleared, pointwise(sizes, width, 3)), ())


def _transformer(sizes: Sizes, width: int, context: int, heads: int) -> Block:
    """Return attention and a perceptron, each behind a LayerNorm and beside a residual path."""
    inner = _EXPANSION * width
    norm, norm_back = pointwise(sizes, width, 2), pointwise(sizes, width, 4, 2)
    add, bend, unbend = pointwise(sizes, width, 3), pointwise(sizes, inner, 2), pointwise(sizes, inner, 3)
    into, out = product(sizes, width, 3 * width), product(sizes, width, width)
    up, down = product(sizes, width, inner), product(sizes, inner, width)
    attend = attention(sizes, width, context, heads)
    attend_back = attention_backward(sizes, width, context, heads)
    sides = norm.times(2) + add.times(2) + bend
    sides_back = norm_back + add.times(2) + unbend
    parameters = (4 + 2 * _EXPANSION) * width**2 + (9 + _EXPANSION) * width
    kept = (8 + 2 * _EXPANSION) * width + 2 * context * heads
    return Block(
        parameters,
        12,
        kept,
        (into, attend, out, up, down, sides),
        (into, attend_back, out.times(2), up.times(2), down.times(2), sides_back),
        (into, norm_back),
    )
