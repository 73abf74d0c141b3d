"""What a model tells the agent that trains it: its blocks, and what each of them asks of the host.

A model counts its own work, as only it knows what its blocks do; which of it makes a step depends on how the blocks
learn, and is added up here. NOT how long that takes, which the host knows.

Counted in 32-bit numbers, with no step fused into another. Operations: a multiplication, an addition, a division,
a root, an exponential and a tanh are one each. Bytes: in every step each operand is read once and each result is
written once, as if a cache held one step's matrices and nothing longer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import torch

from controllers.feedback_alignment.dfa import LAST_BLOCK, Split

__all__ = [
    "NOTHING",
    "BlockWork",
    "Model",
    "NetworkWork",
    "StepWork",
    "Work",
    "centring_work",
    "planes_work",
    "product_work",
    "scaling_work",
    "step_work",
    "threshold_work",
    "total",
    "update_work",
]

_BYTES = 4

_FLOPS_PER_ADAM = 13
"""3 for the mean, 4 for the mean square; root, its bias correction, + epsilon, division, step, subtraction."""

_WORDS_PER_ADAM = 7
"""Read weight, gradient, mean and mean square; write weight, mean and mean square."""


@dataclass(frozen=True, slots=True)
class Work:
    """Count floating-point operations and bytes moved."""

    flops: int
    bytes: int

    def __add__(self, other: "Work") -> "Work":
        return Work(self.flops + other.flops, self.bytes + other.bytes)


NOTHING = Work(0, 0)


class BlockWork(NamedTuple):
    """Hold what one block asks of the host for one batch."""

    forward: Work
    """From its input to its output."""
    local_gradient: Work
    """Its parameters' gradients, given that of its output."""
    input_gradient: Work
    """What the gradient of its input takes besides, when those of its parameters are known or wanted, too."""
    parameters: int
    """Numbers that are learnt."""


class NetworkWork(NamedTuple):
    """Hold what a network asks of the host for one batch, block by block."""

    blocks: tuple[BlockWork, ...]
    error: Work
    """From outputs and targets to the gradient of each row's loss."""


class StepWork(NamedTuple):
    """Hold the work of each part of a training step on one batch."""

    forward: Work
    """From inputs to outputs."""
    error: Work
    """From outputs and targets to the error that is projected."""
    output_gradient: Work
    """The parameters of the last block, or of all blocks that get the true gradient, given the error."""
    backpropagation: Work
    """The true error of each hidden block, given the error."""
    projection: Work
    """A projection of the error to all hidden blocks by a matrix on the host."""
    local_gradient: Work
    """The hidden blocks' parameters, given what is fed back to each block's output."""
    update: Work
    """One step of Adam on all parameters."""


class Model(Protocol):
    """A network given as blocks, of which all but the last are hidden."""

    @property
    def blocks(self) -> "Sequence[torch.nn.Module]":
        """Return the blocks, in order; they are trained in place."""

    @property
    def rows(self) -> int:
        """Return how many rows of values a sample has between blocks: tokens or patches, 1 of a plain vector."""

    @property
    def hidden(self) -> tuple[int, ...]:
        """Return the output values a row of each block but the last."""

    @property
    def outputs(self) -> int:
        """Return the output values a row of the last block."""

    def work(self, batch: int) -> NetworkWork:
        """Return what ``batch`` samples ask of the host."""


def total(works: Iterable[Work]) -> Work:
    """Return the sum of ``works``."""
    return sum(works, NOTHING)


def step_work(
    network: NetworkWork,
    split: Split = LAST_BLOCK,
    projection: Work = NOTHING,
    decays: bool = False,
) -> StepWork:
    """Return the work of a step of ``network`` whose blocks learn as ``split`` says.

    The way from the outputs to the error belongs to the error. ``projection`` is what a host projects by itself;
    ``decays`` says that Adam takes off a share of each weight, too.
    """
    blocks, count = network.blocks, len(network.blocks)
    hidden, known = count - split.tail, count - split.error_at
    trained = blocks[hidden:] if split.frozen else blocks
    between = range(1, min(hidden, known - 1) + 1)
    return StepWork(
        forward=total(block.forward for block in blocks),
        error=network.error + total(block.input_gradient for block in blocks[known:]),
        output_gradient=total(block.local_gradient for block in blocks[hidden:])
        + total(block.input_gradient for block in blocks[hidden + 1 : known]),
        backpropagation=total(blocks[number].input_gradient for number in between),
        projection=projection,
        local_gradient=NOTHING if split.frozen else total(block.local_gradient for block in blocks[:hidden]),
        update=update_work(sum(block.parameters for block in trained), decays),
    )


def update_work(parameters: int, decays: bool = False) -> Work:
    """Return the work of one step of Adam on that many parameters: 13 operations and 28 bytes each.

    Weight decay, where it ``decays``, is a multiplication more.
    """
    return Work((_FLOPS_PER_ADAM + decays) * parameters, _WORDS_PER_ADAM * _BYTES * parameters)


def product_work(rows: int, inner: int, columns: int) -> Work:
    """Return the work of (rows, inner) times (inner, columns)."""
    words = rows * inner + inner * columns + rows * columns
    return Work(2 * rows * inner * columns, _BYTES * words)


def threshold_work(rows: int, values: int) -> Work:
    """Return the work of cutting errors (rows, values) by their root mean square.

    A value: a square, a sum, two comparisons.
    """
    return Work(4 * rows * values, _BYTES * 2 * rows * values)


def scaling_work(rows: int, values: int, width: int) -> Work:
    """Return the work of a scale for each row of errors (rows, values), given to its projection (rows, width).

    Three operations an error (a product, a sum, a count), a multiplication a projected value.
    """
    return Work(rows * (3 * values + width), _BYTES * 2 * rows * (values + width))


def planes_work(rows: int, values: int, width: int) -> Work:
    """Return the work of ``rows`` further planes: what the planes before leave, and a sum of projections.

    A product and a difference an error, an addition a projected value.
    """
    return Work(rows * (2 * values + width), _BYTES * 3 * rows * (values + width))


def centring_work(width: int, batch: int) -> Work:
    """Return the work of taking the mean over the batch off a projection (batch, width): a sum and a difference."""
    return Work(2 * batch * width, _BYTES * (3 * batch * width + 2 * width))
