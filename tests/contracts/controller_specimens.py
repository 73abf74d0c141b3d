"""Every controller in small, and a bench of canned replies to talk to; a new one joins a list below.

Replies are right in kind and shape and random otherwise, NOT an instrument's. No test lives here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from controllers.batches import mini_batches
from controllers.deployment import Deployment, deploy
from controllers.feedback_alignment.odfa import OdfaConfig, TrainingSet, odfa
from controllers.zeroth_order.szo_scd import SzoScdConfig, szo_scd
from docs.examples.my_controller import random_steps
from emulator.commands import (
    Command,
    Compute,
    Computed,
    Controller,
    Forward,
    FrameCounts,
    Join,
    PhasesSet,
    Project,
    Projection,
    Reading,
    Reply,
    SetPhases,
    Settle,
    Settled,
    Start,
    Ticket,
)
from emulator.streams import stream
from experiments.models.mlp import mlp
from experiments.run.session import Setting

__all__ = [
    "CHIP_CONTROLLERS",
    "HOST_CONTROLLERS",
    "LIGHT_CONTROLLERS",
    "LOOK",
    "MODULES",
    "SIZES",
    "CannedBench",
    "ChipSpecimen",
    "Maker",
    "conversation",
    "told",
]

SIZES = (6, 5, 3)
SAMPLES = 40
LOOK = 300
"""Commands after which a test has seen enough."""


def small_task(seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = stream(seed, "tests/task")
    return rng.random((SAMPLES, SIZES[0])), rng.integers(SIZES[-1], size=SAMPLES)


# ------------------------------------------------------------------- controllers that tune a chip


@dataclass(frozen=True)
class ChipSpecimen:
    """A controller, and the chip that it tunes."""

    controller: Controller
    deployment: Deployment


def small_deployment(seed: int) -> Deployment:
    """Deploy layers that only pass light on: many of their phases are 0, from where a step back wraps."""
    passing = [np.eye(outputs, inputs) for inputs, outputs in pairwise(SIZES)]
    return deploy(passing, 0.5, stream(seed, "tests/deploy"))


def szo_scd_specimen(seed: int, **options: Any) -> ChipSpecimen:
    deployment = small_deployment(seed)
    controller = szo_scd(
        SzoScdConfig(**{"sparsity": 0.4, "queries": 100, **options}),
        deployment.heaters,
        deployment.phases[deployment.active],
        mini_batches(*small_task(seed), 8, stream(seed, "tests/batches")),
        SAMPLES // 8,
        stream(seed, "tests/choices"),
        0.02,
    )
    return ChipSpecimen(controller, deployment)


def coarse_szo_scd_specimen(seed: int) -> ChipSpecimen:
    """Take steps of half a turn: phases wrap all the time."""
    return szo_scd_specimen(seed, step_rad=3.0, step_decay=1.0, phase_memory="dac", selection="bernoulli")


def pruning_szo_scd_specimen(seed: int) -> ChipSpecimen:
    """Prune often: every other step of half a turn would raise the power."""
    return szo_scd_specimen(seed, step_rad=3.0, power_awareness=1.0, order="shuffled")


def my_controller_specimen(seed: int) -> ChipSpecimen:
    deployment = small_deployment(seed)
    x, y = small_task(seed)
    phases = deployment.phases[deployment.active]
    given = Setting(x, y, lambda name: stream(seed, f"tests/{name}"), deployment.heaters, phases)
    return ChipSpecimen(random_steps(given, steps=25), deployment)


# ------------------------------------------------------- controllers that train a network elsewhere


def small_training(seed: int, **options: Any) -> Controller:
    x, y = small_task(seed)
    return odfa(
        OdfaConfig(**{"batch_size": 8, "epochs": 5, "align_every": 4, **options}),
        mlp(SIZES, stream(seed, "tests/weights")),
        SIZES,
        TrainingSet(torch.tensor(x, dtype=torch.float32), torch.tensor(y)),
        stream(seed, "tests/batches"),
        stream(seed, "tests/feedback"),
    )


def odfa_specimen(seed: int) -> Controller:
    return small_training(seed)


def late_odfa_specimen(seed: int) -> Controller:
    return small_training(seed, schedule="late", sharing="shared", centre=False)


def ternary_odfa_specimen(seed: int) -> Controller:
    return small_training(seed, feedback="ternary")


# -------------------------------------------------------------------------------------- the lists

Maker = Callable[[int], Controller]

CHIP_CONTROLLERS: list[Callable[[int], ChipSpecimen]] = [
    szo_scd_specimen,
    coarse_szo_scd_specimen,
    pruning_szo_scd_specimen,
    my_controller_specimen,
]
LIGHT_CONTROLLERS: list[Maker] = [odfa_specimen, late_odfa_specimen]
HOST_CONTROLLERS: list[Maker] = [ternary_odfa_specimen]
"""They ask for computing time alone: no reply tells them anything."""

MODULES = [
    "controllers.feedback_alignment.odfa",
    "controllers.zeroth_order.szo_scd",
    "docs.examples.my_controller",
]


# --------------------------------------------------------------------------------- the other side


class CannedBench:
    """Reply to every command at once; ``given`` are the arrays of its replies, each with a copy."""

    def __init__(self, seed: int = 0) -> None:
        self.given: list[tuple[NDArray[Any], NDArray[Any]]] = []
        self._rng = stream(seed, "tests/replies")
        self._started: list[Reply] = []

    def reply(self, command: Command) -> Reply:
        if isinstance(command, Start):
            self._started.append(self.reply(command.command))
            return Ticket(len(self._started) - 1)
        if isinstance(command, Join):
            return self._started[command.ticket.number]
        if isinstance(command, Forward):
            return Reading(self._normals(len(command.batch.inputs), SIZES[-1], np.float64), 0)
        if isinstance(command, Project):
            return self._projection(len(command.vectors))
        if isinstance(command, SetPhases):
            return PhasesSet(0.01)
        if isinstance(command, Settle):
            return Settled(6_000_000)
        return Computed(1_000_000) if isinstance(command, Compute) else None

    def _projection(self, vectors: int) -> Projection:
        """Return a projection of which every tenth vector is lost."""
        outputs, valid = self._normals(vectors, sum(SIZES[1:-1]), np.float32), self._rng.random(vectors) > 0.1
        outputs[~valid] = 0.0
        self.given[-1] = outputs, outputs.copy()
        self.given.append((valid, valid.copy()))
        frames, used = 2 * vectors, 2 * int(valid.sum())
        return Projection(outputs, valid, FrameCounts(vectors, 0, frames, used, frames - used, 0, 0), 0)

    def _normals(self, rows: int, columns: int, kind: type[np.floating]) -> NDArray[Any]:
        numbers = self._rng.standard_normal((rows, columns)).astype(kind)
        self.given.append((numbers, numbers.copy()))
        return numbers


def conversation(
    controller: Controller, seed: int = 0, most: int = LOOK, bench: CannedBench | None = None
) -> Iterator[Command]:
    """Yield what ``controller`` asks, at most ``most`` commands, and reply to it."""
    bench = bench or CannedBench(seed)
    reply: Any = None
    for _ in range(most):
        try:
            command = controller.send(reply)
        except StopIteration:
            return
        yield command
        reply = bench.reply(command)


def told(command: Command) -> tuple[Any, ...]:
    """Return all that is in ``command``, to be compared."""
    if isinstance(command, Forward):
        batch = command.batch
        return ("Forward", batch.key, batch.inputs.tobytes(), batch.labels.tobytes(), batch.samples.tobytes())
    if isinstance(command, SetPhases):
        return ("SetPhases", *command.heaters, *command.radians)
    if isinstance(command, Project):
        return ("Project", command.vectors.shape, command.vectors.tobytes())
    if isinstance(command, Start):
        return ("Start", *told(command.command))
    return (type(command).__name__, repr(command))
