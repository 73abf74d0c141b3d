"""A training step as kernels and projections, counted from a workload's dimensions; it plays nothing."""

from collections.abc import Iterator
from dataclasses import replace

from controllers.step_graph.blocks import Block, blocks_of
from controllers.step_graph.operations import Sizes, product
from controllers.step_graph.pieces import (
    VALUE_BYTES,
    Graph,
    ahead,
    forward_pass,
    kernels,
    loss,
    memory,
    moved,
    updated,
)
from controllers.step_graph.pipeline import pipelined
from controllers.step_graph.workload import WorkloadConfig
from emulator.commands import Kernel

__all__ = ["Graph", "graph_of"]


def graph_of(workload: WorkloadConfig, gpus: int = 1) -> Graph:
    """Return the step of ``workload`` on ``gpus``, which share its batch and add up their gradients, or its blocks.

    Of those that share the batch the one with most samples sets the pace. A ring of n GPUs passes 2 (n - 1)/n of
    the gradients' bytes through each (P. Patarasuk, X. Yuan, J. Parallel Distrib. Comput. 69, 117, 2009).
    """
    if workload.parallel == "pipeline" and gpus > 1:
        return pipelined(workload, gpus)
    rows = workload.batch * workload.context
    mine = -(-workload.batch // gpus) * workload.context
    sizes = Sizes(mine, VALUE_BYTES[workload.precision])
    blocks = blocks_of(workload, sizes)
    parameters = sum(block.parameters for block in blocks)
    hidden, last = blocks[:-1], blocks[-1]
    count = len(hidden) if workload.sharing == "slices" else 1
    projections = workload.width * count
    optical, feedback = workload.method == "odfa", workload.method != "bp"
    half = workload.precision == "half"
    whole, offloaded = memory(workload, blocks, sizes)
    graph = Graph(
        rows=rows,
        features=workload.projected,
        projections=projections,
        parameters=parameters,
        whole_bytes=whole,
        offloaded_bytes=offloaded,
        forward=(
            *forward_pass(blocks, half, sizes.value_bytes),
            *kernels("error", [loss(workload, sizes)], half),
        ),
        ahead=tuple(kernels("output_gradient", ahead(workload, last), half)),
        projection=tuple(
            kernels("projection", [product(sizes, workload.projected, projections)], half)
            if feedback and not optical
            else ()
        ),
        sent=moved("error_transfer", mine * workload.projected) if optical else (),
        fetched=moved("projection_transfer", mine * projections) if optical else (),
        backward=tuple(_backward(workload, blocks, half, sizes)),
    )
    return graph if gpus == 1 else _shared(graph, gpus, sizes.value_bytes)


def _shared(graph: Graph, gpus: int, value_bytes: int) -> Graph:
    """Return ``graph`` done by ``gpus`` at once, the gradients added up before the update."""
    passed = 2 * (gpus - 1) * value_bytes * graph.parameters // gpus
    first = next(at for at, kernel in enumerate(graph.backward) if kernel.activity == "update")
    reduced = Kernel("gradient_reduction", launches=1, reduced=passed)
    backward = (*graph.backward[:first], reduced, *graph.backward[first:])

    def all_at_once(work: tuple[Kernel, ...]) -> tuple[Kernel, ...]:
        return tuple(replace(kernel, devices=gpus) for kernel in work)

    return replace(
        graph,
        forward=all_at_once(graph.forward),
        ahead=all_at_once(graph.ahead),
        projection=all_at_once(graph.projection),
        sent=all_at_once(graph.sent),
        fetched=all_at_once(graph.fetched),
        backward=all_at_once(backward),
    )


def _backward(
    workload: WorkloadConfig, blocks: tuple[Block, ...], half: bool, sizes: Sizes
) -> Iterator[Kernel]:
    """Yield what follows the projection: gradients from the last block to the first, and the update of all."""
    passes_error = workload.method == "bp"
    for number in range(len(blocks) - 1, -1, -1):
        block = blocks[number]
        if number < len(blocks) - 1:
            yield from kernels("local_gradient", block.local, half)
        if passes_error and number > 0:
            weights = sizes.value_bytes * block.parameters
            yield from kernels("error_backward", block.error, half, weights)
    yield from updated(workload, blocks, sizes.value_bytes)
