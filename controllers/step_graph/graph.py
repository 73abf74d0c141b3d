"""A training step as kernels and projections, counted from a workload's dimensions; it plays nothing.

Memory that the training needs is that of weights, gradients, the optimiser's states and what blocks keep between
forward and backward pass; workspaces and fragmentation are not counted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from controllers.step_graph.blocks import Block, blocks_of
from controllers.step_graph.operations import OPTIMIZERS, Operation, Sizes, pointwise, product, update
from controllers.step_graph.workload import WorkloadConfig
from emulator.commands import Kernel

__all__ = ["Graph", "graph_of"]

_BYTES: Final = {"single": 4, "half": 2}
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


def graph_of(workload: WorkloadConfig, gpus: int = 1) -> Graph:
    """Return the step of ``workload`` on ``gpus`` that share its batch and add up their gradients.

    The GPU with most samples sets the pace. A ring of n GPUs passes 2 (n - 1)/n of the gradients' bytes through
    each (P. Patarasuk, X. Yuan, J. Parallel Distrib. Comput. 69, 117, 2009).
    """
    rows = workload.batch * workload.context
    mine = -(-workload.batch // gpus) * workload.context
    sizes = Sizes(mine, _BYTES[workload.precision])
    blocks = blocks_of(workload, sizes)
    parameters = sum(block.parameters for block in blocks)
    hidden, last = blocks[:-1], blocks[-1]
    count = len(hidden) if workload.sharing == "slices" else 1
    projections = workload.width * count
    optical, feedback = workload.method == "odfa", workload.method != "bp"
    half = workload.precision == "half"
    whole, offloaded = _memory(workload, blocks, sizes)
    graph = Graph(
        rows=rows,
        features=workload.projected,
        projections=projections,
        parameters=parameters,
        whole_bytes=whole,
        offloaded_bytes=offloaded,
        forward=(
            *_pass("forward", blocks, half, sizes.value_bytes),
            *_kernels("error", [_loss(workload, sizes)], half),
        ),
        ahead=tuple(_kernels("output_gradient", _ahead(workload, last), half)),
        projection=tuple(
            _kernels("projection", [product(sizes, workload.projected, projections)], half)
            if feedback and not optical
            else ()
        ),
        sent=_moved("error_transfer", mine * workload.projected) if optical else (),
        fetched=_moved("projection_transfer", mine * projections) if optical else (),
        backward=tuple(_backward(workload, blocks, half, sizes)),
    )
    return graph if gpus == 1 else _shared(graph, gpus, sizes.value_bytes)


def _shared(graph: Graph, gpus: int, value_bytes: int) -> Graph:
    """Return ``graph`` done by ``gpus`` at once, the gradients added up before the update."""
    passed = 2 * (gpus - 1) * value_bytes * graph.parameters // gpus
    first = next(at for at, kernel in enumerate(graph.backward) if kernel.activity == "update")
    reduced = Kernel("gradient_reduction", launches=1, reduced=passed)
    backward = (*graph.backward[:first], reduced, *graph.backward[first:])

    def all_at_once(kernels: tuple[Kernel, ...]) -> tuple[Kernel, ...]:
        return tuple(replace(kernel, devices=gpus) for kernel in kernels)

    return replace(
        graph,
        forward=all_at_once(graph.forward),
        ahead=all_at_once(graph.ahead),
        projection=all_at_once(graph.projection),
        sent=all_at_once(graph.sent),
        fetched=all_at_once(graph.fetched),
        backward=all_at_once(backward),
    )


def _loss(workload: WorkloadConfig, sizes: Sizes) -> Operation:
    """Return loss and error at the outputs and, for light, its three values: some passes over the outputs."""
    shown = workload.outputs // workload.context if workload.network == "vit" else workload.outputs
    work = pointwise(sizes, shown, 4, 3)
    return work + pointwise(sizes, workload.projected, 3, 2) if workload.method == "odfa" else work


def _ahead(workload: WorkloadConfig, last: Block) -> Iterable[Operation]:
    """Return the last block's own gradients; the error at its input, too, where that is what is projected."""
    return (*last.local, *last.error) if workload.tokens and workload.method != "bp" else last.local


def _backward(
    workload: WorkloadConfig, blocks: tuple[Block, ...], half: bool, sizes: Sizes
) -> Iterator[Kernel]:
    """Yield what follows the projection: gradients from the last block to the first, and the update of all."""
    passes_error = workload.method == "bp"
    for number in range(len(blocks) - 1, -1, -1):
        block = blocks[number]
        if number < len(blocks) - 1:
            yield from _kernels("local_gradient", block.local, half)
        if passes_error and number > 0:
            weights = sizes.value_bytes * block.parameters
            yield from _kernels("error_backward", block.error, half, weights)
    for block in blocks:
        work = update(workload.optimizer, block.parameters, block.tensors, half)
        yield from _kernels("update", [work], False, sizes.value_bytes * block.parameters)


def _pass(activity: str, blocks: tuple[Block, ...], half: bool, value_bytes: int) -> Iterator[Kernel]:
    for block in blocks:
        yield from _kernels(activity, block.forward, half, value_bytes * block.parameters)


def _kernels(activity: str, work: Iterable[Operation], half: bool, weights: int = 0) -> Iterator[Kernel]:
    """Yield a Kernel for each operation; the first of them waits for the ``weights`` bytes of its block."""
    for one in work:
        yield Kernel(
            activity, one.flops, one.bytes, one.launches, half, one.summed, one.made, weights=weights
        )
        weights = 0


def _moved(activity: str, values: int) -> tuple[Kernel, ...]:
    return (Kernel(activity, launches=0, moved=_WIRE_BYTES * values),)


def _memory(workload: WorkloadConfig, blocks: tuple[Block, ...], sizes: Sizes) -> tuple[int, int]:
    """Return the bytes that a GPU needs for all, and for what is left when weights and states lie elsewhere."""
    half = workload.precision == "half"
    states = OPTIMIZERS[workload.optimizer].states + half
    each = 2 * sizes.value_bytes + _STATE_BYTES * states
    kept = sizes.rows * sizes.value_bytes * sum(block.kept for block in blocks)
    parameters = [block.parameters for block in blocks]
    return each * sum(parameters) + kept, 2 * sizes.value_bytes * max(parameters) + kept
