"""What a model tells the agent that trains it: its blocks, and what each part of a step asks of the host.

A model counts its own work, as only it knows what its blocks do; NOT how long that takes, which the host knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import torch

__all__ = ["Model", "StepWork", "Work", "centring_work"]

_BYTES = 4


@dataclass(frozen=True, slots=True)
class Work:
    """Count floating-point operations and bytes moved."""

    flops: int
    bytes: int

    def __add__(self, other: "Work") -> "Work":
        return Work(self.flops + other.flops, self.bytes + other.bytes)


class StepWork(NamedTuple):
    """Hold the work of each part of a training step on one batch."""

    forward: Work
    """From inputs to outputs."""
    error: Work
    """From outputs and targets to the gradient of each sample's loss."""
    output_gradient: Work
    """The last block's parameters, given the error."""
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
    def hidden(self) -> tuple[int, ...]:
        """Return the output values a sample of each hidden block."""

    @property
    def outputs(self) -> int:
        """Return the output values a sample of the last block."""

    def work(self, batch: int) -> StepWork:
        """Return what a step on ``batch`` samples asks of the host."""


def centring_work(width: int, batch: int) -> Work:
    """Return the work of taking the mean over the batch off a projection (batch, width): a sum and a difference."""
    return Work(2 * batch * width, _BYTES * (3 * batch * width + 2 * width))
