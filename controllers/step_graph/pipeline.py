"""A step on a pipeline of GPUs: each holds some blocks, and pieces of a batch pass through them one by one.

The GPU with most operations sets the pace: n GPUs and m pieces take m + n - 1 turns forward, and as many backward
with backpropagation (GPipe: Y. Huang et al., arXiv 1811.06965). Feedback needs no error from the GPU behind, so all
make their local gradients at once. Each updates its own weights. Limits: no turn overlaps with what is handed over;
what several GPUs do in a turn lasts as long as on the slowest.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from controllers.step_graph.blocks import Block, blocks_of
from controllers.step_graph.operations import Operation, Sizes, product
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
from controllers.step_graph.workload import WorkloadConfig
from emulator.commands import Kernel

__all__ = ["pipelined", "stages_of"]

Stage = tuple[Block, ...]


def pipelined(workload: WorkloadConfig, gpus: int) -> Graph:
    """Return the step of ``workload`` on a pipeline of ``gpus``, of which each has one block at least."""
    w, half = workload, workload.precision == "half"
    piece = Sizes(-(-w.batch // w.microbatches) * w.context, VALUE_BYTES[w.precision])
    whole = Sizes(w.batch * w.context, piece.value_bytes)
    stages, wholes = stages_of(blocks_of(w, piece), gpus), stages_of(blocks_of(w, whole), gpus)
    blocks = [block for stage in wholes for block in stage]
    projections = w.width * (len(blocks) - 1 if w.sharing == "slices" else 1)
    bp, optical = w.method == "bp", w.method == "odfa"
    pace = max(stages, key=_flops_of(lambda block: block.forward))
    forward = _turns(workload, gpus, piece, tuple(forward_pass(pace, half, piece.value_bytes)))
    held = [memory(w, stage, whole) for stage in wholes]
    projected: tuple[Kernel, ...] = ()
    if not bp and not optical:
        passed = whole.value_bytes * whole.rows * projections
        projected = (
            *kernels("projection", [product(whole, w.projected, projections)], half),
            Kernel("projection_transfer", launches=0, reduced=passed),
        )
    return Graph(
        rows=whole.rows,
        features=w.projected,
        projections=projections,
        parameters=sum(block.parameters for block in blocks),
        whole_bytes=max(each for each, _ in held),
        offloaded_bytes=max(each for _, each in held),
        forward=(*forward, *kernels("error", [loss(w, whole)], half)),
        ahead=() if bp else tuple(kernels("output_gradient", ahead(w, blocks[-1]), half)),
        projection=projected,
        sent=moved("error_transfer", whole.rows * w.projected) if optical else (),
        fetched=tuple(_by(gpus, moved("projection_transfer", whole.rows * projections))) if optical else (),
        backward=(
            *(_chained(w, stages, gpus, piece) if bp else _at_once(w, wholes, gpus)),
            *_by(gpus, updated(w, max(wholes, key=_parameters), piece.value_bytes)),
        ),
    )


def stages_of(blocks: Sequence[Block], gpus: int) -> tuple[Stage, ...]:
    """Return ``blocks`` in ``gpus`` stages, cut where the operations of the forward pass are shared out evenly."""
    sums = list(accumulate(_operations(block.forward) for block in blocks))
    cuts = [0]
    for number in range(1, gpus):
        at = bisect_left(sums, sums[-1] * number / gpus) + 1
        least, most = cuts[-1] + 1, len(blocks) - (gpus - number)
        cuts.append(min(max(at, least), most))
    return tuple(tuple(blocks[begin:end]) for begin, end in zip(cuts, [*cuts[1:], len(blocks)], strict=True))


def _turns(w: WorkloadConfig, gpus: int, piece: Sizes, work: tuple[Kernel, ...]) -> Iterator[Kernel]:
    """Yield ``work`` turn by turn, by as many GPUs as are busy in it, with what is handed over between turns."""
    handed = Kernel("hand_over", launches=0, reduced=piece.value_bytes * piece.rows * w.width)
    turns = w.microbatches + gpus - 1
    for turn in range(turns):
        busy = min(turn + 1, turns - turn, gpus, w.microbatches)
        yield from _by(busy, work if turn == turns - 1 else (*work, handed))


def _chained(w: WorkloadConfig, stages: Sequence[Stage], gpus: int, piece: Sizes) -> Iterator[Kernel]:
    """Yield the backward pass of backpropagation, in turns: gradients, and the error that is passed on."""
    half, first = w.precision == "half", stages[0][0]

    def work(stage: Stage) -> Iterator[Kernel]:
        for block in reversed(stage):
            yield from kernels("local_gradient", block.local, half)
            if block is not first:
                weights = piece.value_bytes * block.parameters
                yield from kernels("error_backward", block.error, half, weights)

    pace = max(stages, key=_flops_of(lambda block: (*block.local, *block.error)))
    return _turns(w, gpus, piece, tuple(work(pace)))


def _at_once(w: WorkloadConfig, stages: Sequence[Stage], gpus: int) -> Iterator[Kernel]:
    """Yield the local gradients of the hidden blocks, which all GPUs make at the same time."""
    hidden: list[Sequence[Block]] = [*stages[:-1], stages[-1][:-1]]
    pace = max(hidden, key=_flops_of(lambda block: block.local))
    for block in reversed(pace):
        yield from _by(gpus, kernels("local_gradient", block.local, w.precision == "half"))


def _by(gpus: int, work: Iterable[Kernel]) -> Iterator[Kernel]:
    return (replace(kernel, devices=gpus) for kernel in work)


def _operations(work: Iterable[Operation]) -> int:
    return sum(each.flops for each in work)


def _flops_of(part: Callable[[Block], Iterable[Operation]]) -> Callable[[Sequence[Block]], int]:
    return lambda stage: sum(_operations(part(block)) for block in stage)


def _parameters(stage: Sequence[Block]) -> int:
    return sum(block.parameters for block in stage)
