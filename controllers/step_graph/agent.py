"""The agent that plays a training step again and again: kernels, and with light the frames of its projections.

It learns nothing and knows no numbers; where ``numeric`` asks for it, a small perceptron is trained beside it, by
the projections that really come back, and the same is asked of GPU and light. NOT here: how long anything takes.

Source: Z. Wang et al., arXiv 2409.12965, Fig. 2a and 4, for the steps' order.
"""

from collections.abc import Generator
from typing import Any, Literal

from controllers.kind import WORKLOAD, Kind, Options, Program, Setting
from controllers.step_graph.graph import Graph, graph_of
from controllers.step_graph.numeric import Numbers, numbers_of
from controllers.step_graph.workload import WorkloadConfig
from emulator.commands import (
    Command,
    Controller,
    Join,
    Kernel,
    Log,
    Project,
    ProjectFrames,
    Spending,
    Start,
    Ticket,
)
from emulator.errors import ConfigError
from emulator.units import ps_to_s

__all__ = ["KIND", "StepGraphConfig", "pieces_of", "played", "start"]

Talk = Generator[Command, Any, None]


class StepGraphConfig(Options):
    """Play a training step of [workload] as a graph of operations, for its time and energy alone."""

    kind: Literal["step_graph"] = "step_graph"
    """Which controller this section configures."""


def played(
    workload: WorkloadConfig, graph: Graph, pieces: tuple[int, ...], numbers: Numbers | None = None
) -> Controller:
    """Play ``workload.steps`` steps of ``graph``, whose rows are projected in ``pieces``.

    Logs ``step_s`` and ``step_j``, what each step took, and with ``numbers`` ``train_loss``. Steps end when the
    last command of one has its reply; with the schedule "late" the last step's projection is waited for at the end.
    """
    late = workload.schedule == "late"
    flying: tuple[Ticket, ...] = ()
    spent = yield Spending()
    for step in range(workload.steps):
        yield from _all(graph.forward)
        if numbers is not None:
            yield Log("train_loss", numbers.forward())
        yield from _all(graph.sent)
        before, flying = flying, (yield from _begun(graph, pieces, numbers))
        yield from _all(graph.ahead)
        if not late:
            yield from _learnt(graph, flying, numbers)
        elif step:
            yield from _learnt(graph, before, numbers)
        if late and step == workload.steps - 1:
            yield from _learnt(graph, flying, numbers)
        last, spent = spent, (yield Spending())
        yield Log("step_s", ps_to_s(spent.time_ps - last.time_ps))
        yield Log("step_j", spent.energy_j - last.energy_j)


def _all(kernels: tuple[Kernel, ...]) -> Talk:
    for kernel in kernels:  # noqa: UP028  (a tuple cannot be sent replies)
        yield kernel


def _begun(
    graph: Graph, pieces: tuple[int, ...], numbers: Numbers | None
) -> Generator[Command, Any, tuple[Ticket, ...]]:
    """Begin the projection of a step's errors and return what to wait for; without light there is nothing."""
    if not graph.sent:
        return ()
    tickets = []
    for vectors in pieces:
        shown: Project | ProjectFrames = ProjectFrames(vectors)
        if numbers is not None:
            shown = Project(numbers.errors())
        tickets.append((yield Start(shown)))
    return tuple(tickets)


def _learnt(graph: Graph, flying: tuple[Ticket, ...], numbers: Numbers | None) -> Talk:
    """Wait for the projections that fly, and make the step."""
    for ticket in flying:
        found = yield Join(ticket)
        if numbers is not None:
            numbers.projected(found.outputs)
    yield from _all(graph.projection)
    yield from _all(graph.fetched)
    yield from _all(graph.backward)
    if numbers is not None:
        numbers.learn()


def start(options: StepGraphConfig, setting: Setting) -> Program:
    """Return the steps of the setting's workload; raises ``ConfigError`` where it has none."""
    del options
    workload = setting.workload
    if workload is None:
        raise ConfigError("controller.kind: a step's graph is made of a [workload], and there is none here")
    graph = graph_of(workload, setting.gpus)
    optical = workload.method == "odfa"
    sizes = {"gpu": (graph.whole_bytes, graph.offloaded_bytes)}
    if optical:
        sizes["opu"] = (graph.features, graph.projections)
    numbers = numbers_of(workload, setting) if workload.numeric else None
    per_step = graph.rows if optical else len(graph.kernels)
    return Program(
        played(workload, graph, pieces_of(graph.rows, setting.projection_rows), numbers),
        per_step * workload.steps,
        "stepping",
        sizes,
        shows={"opu": "ternary"} if optical else {},
    )


def pieces_of(rows: int, most: int | None) -> tuple[int, ...]:
    """Return ``rows`` in pieces of at most ``most``; None is all at once."""
    if most is None or rows <= most:
        return (rows,)
    whole, rest = divmod(rows, most)
    return (most,) * whole + ((rest,) if rest else ())


KIND = Kind("step_graph", StepGraphConfig, needs=frozenset({WORKLOAD, "gpu", "opu"}), start=start)
