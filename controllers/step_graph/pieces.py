"""What a step's graph is made of: kernels of operations, transfers, and the memory that blocks need.

Memory that the training needs is that of weights, gradients, the optimiser's states and what blocks keep between
forward and backward pass; workspaces and fragmentation are not counted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from controllers.step_graph.blocks import Block
from controllers.step_graph.operations import OPTIMIZERS, Operation, Sizes, pointwise, update
from controllers.step_graph.workload import WorkloadConfig
from emulator.commands import Kernel

__all__ = [
    "VALUE_BYTES",
    "Graph",
    "ahead",
    "forward_pass",
    "kernels",
    "loss",
    "memory",
    "moved",
    "updated",
]

VALUE_BYTES: Final = {"single": 4, "half": 2}
"""Of a weight, a gradient and an activation, by precision."""

_STATE_BYTES: Final = 4
_WIRE_BYTES: Final = 4
"""Of a value on its way between GPU and optical processing unit."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Hold the kernels of a step, in order, and what the projection of its errors is.

    ``forward`` ends with the loss and the error. ``ahead`` needs no projection: the last block's own gradients.
    ``projection`` is what a GPU does in the place of light, or brings errors to it (``sent``) and projections back
    (``fetched``). ``backward`` needs the projection, or, with backpropagation, nothing; it ends with the update.
    """

    rows: int
    features: int
    projections: int
    parameters: int
    whole_bytes: int
    offloaded_bytes: int
    forward: tuple[Kernel, ...]
    ahead: tuple[Kernel, ...]
    projection: tuple[Kernel, ...]
    sent: tuple[Kernel, ...]
    fetched: tuple[Kernel, ...]
    backward: tuple[Kernel, ...]

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """Return all kernels of a step."""
        light = (*self.sent, *self.fetched)
        return (*self.forward, *self.ahead, *self.projection, *light, *self.backward)


def loss(workload: WorkloadConfig, sizes: Sizes) -> Operation:
    """Return loss and error at the outputs and, for light, its three values: some passes over the outputs."""
    shown = workload.outputs // workload.context if workload.network == "vit" else workload.outputs
    work = pointwise(sizes, shown, 4, 3)
    return work + pointwise(sizes, workload.projected, 3, 2) if workload.method == "odfa" else work


def ahead(workload: WorkloadConfig, last: Block) -> Iterable[Operation]:
    """Return the last block's own gradients; the error at its input, too, where that is what is projected."""
    return (*last.local, *last.error) if workload.tokens and workload.method != "bp" else last.local


def forward_pass(blocks: Sequence[Block], half: bool, value_bytes: int) -> Iterator[Kernel]:
    """Yield the forward pass of ``blocks``."""
    for block in blocks:
        yield from kernels("forward", block.forward, half, value_bytes * block.parameters)


def kernels(activity: str, work: Iterable[Operation], half: bool, weights: int = 0) -> Iterator[Kernel]:
    """Yield a Kernel for each operation; the first of them waits for the ``weights`` bytes of its block."""
    for one in work:
        yield Kernel(
            activity, one.flops, one.bytes, one.launches, half, one.summed, one.made, weights=weights
        )
        weights = 0


def moved(activity: str, values: int) -> tuple[Kernel, ...]:
    """Return the transfer of ``values`` between a GPU and the host."""
    return (Kernel(activity, launches=0, moved=_WIRE_BYTES * values),)


def updated(workload: WorkloadConfig, blocks: Sequence[Block], value_bytes: int) -> Iterator[Kernel]:
    """Yield the optimiser's step on all of ``blocks``."""
    half = workload.precision == "half"
    for block in blocks:
        work = update(workload.optimizer, block.parameters, block.tensors, half)
        yield from kernels("update", [work], False, value_bytes * block.parameters)


def memory(workload: WorkloadConfig, blocks: Sequence[Block], sizes: Sizes) -> tuple[int, int]:
    """Return the bytes that a GPU needs for ``blocks``, and with weights and states kept elsewhere."""
    half = workload.precision == "half"
    states = OPTIMIZERS[workload.optimizer].states + half
    each = 2 * sizes.value_bytes + _STATE_BYTES * states
    kept = sizes.rows * sizes.value_bytes * sum(block.kept for block in blocks)
    parameters = [block.parameters for block in blocks]
    return each * sum(parameters) + kept, 2 * sizes.value_bytes * max(parameters) + kept
