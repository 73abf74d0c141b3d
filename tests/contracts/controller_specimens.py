"""Every controller in small, and a bench of canned replies to talk to; a new one joins ``SPECIMENS``.

A specimen is started as a run starts it, from its kind, its options and what is public. Replies are right in kind
and shape and random otherwise, NOT an instrument's. No test lives here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from controllers.ask_tell import ask_tell
from controllers.data_sheet import DataSheet
from controllers.deployment import Deployment, deploy
from controllers.digital_twin import twin_fit, twin_online
from controllers.digital_twin.twin_fit import TwinFitConfig
from controllers.digital_twin.twin_online import TwinOnlineConfig
from controllers.feedback_alignment import odfa
from controllers.feedback_alignment.odfa import OdfaConfig
from controllers.gauss_newton import fd_gauss_newton, subspace_newton
from controllers.gauss_newton.fd_gauss_newton import FdGaussNewtonConfig
from controllers.gauss_newton.subspace_newton import SubspaceNewtonConfig
from controllers.in_situ import avm
from controllers.in_situ.avm import AvmConfig
from controllers.kind import DEPLOYMENT, Kind, Options, Program, Setting
from controllers.populations import cmaes, ga, pso
from controllers.populations.search import PopulationOptions
from controllers.registry import CONTROLLERS
from controllers.step_graph import agent as step_graph
from controllers.step_graph.workload import WorkloadConfig
from controllers.zeroth_order import admm, flops, phase_sweep, stp, szo_scd, zadam, znewton
from controllers.zeroth_order.admm import AdmmConfig
from controllers.zeroth_order.flops import FlopsConfig
from controllers.zeroth_order.phase_sweep import PhaseSweepConfig
from controllers.zeroth_order.stp import StpConfig
from controllers.zeroth_order.szo_scd import SzoScdConfig
from controllers.zeroth_order.zadam import ZadamConfig
from controllers.zeroth_order.znewton import ZnewtonConfig
from docs.examples.my_controller import random_steps
from emulator.commands import (
    Command,
    Compute,
    Computed,
    Controller,
    Forward,
    FrameCounts,
    Incumbent,
    Join,
    Kernel,
    Monitor,
    Monitored,
    PhasesSet,
    Probe,
    Project,
    Projection,
    Reading,
    Readings,
    Reply,
    Sequence,
    SetPhases,
    Settle,
    Settled,
    Spending,
    Spent,
    Start,
    Ticket,
)
from emulator.streams import stream
from experiments.models.mlp import Mlp

__all__ = [
    "CHIP_CONTROLLERS",
    "HOST_CONTROLLERS",
    "LIGHT_CONTROLLERS",
    "LOOK",
    "MODULES",
    "SIZES",
    "SPECIMENS",
    "CannedBench",
    "Maker",
    "Specimen",
    "conversation",
    "small_deployment",
    "small_setting",
    "told",
]

SIZES = (6, 5, 3)
SAMPLES = 40
LOOK = 300
"""Commands after which a test has seen enough."""

Maker = Callable[[int], Controller]


TIMED: Any = {"width": 5, "depth": 1, "inputs": 6, "outputs": 3, "batch": 8, "method": "odfa", "steps": 20}


def small_task(seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = stream(seed, "tests/task")
    return rng.random((SAMPLES, SIZES[0])), rng.integers(SIZES[-1], size=SAMPLES)


def small_deployment(seed: int) -> Deployment:
    """Deploy layers that only pass light on: many of their phases are 0, from where a step back wraps."""
    passing = [np.eye(outputs, inputs) for inputs, outputs in pairwise(SIZES)]
    return deploy(passing, 0.5, stream(seed, "tests/deploy"))


def small_setting(seed: int) -> Setting:
    """Return what is public in a laboratory that has everything: deployed weights and a network."""
    deployment = small_deployment(seed)
    return Setting(
        *small_task(seed),
        partial(stream, seed),
        deployment.heaters,
        deployment.phases[deployment.active],
        dac_step_rad=0.02,
        deployment=deployment,
        sheet=DataSheet(),
        model=Mlp.drawn(SIZES, stream(seed, "tests/weights")),
        workload=WorkloadConfig(**TIMED, numeric=True),
    )


@dataclass(frozen=True)
class Specimen:
    """A controller of a kind that is registered, with options that make it small."""

    name: str
    kind: Kind
    options: Options

    def program(self, seed: int) -> Program:
        return self.kind.start(self.options, small_setting(seed))

    def __call__(self, seed: int) -> Controller:
        return self.program(seed).controller


def tuning(**options: Any) -> SzoScdConfig:
    return SzoScdConfig(**{"sparsity": 0.4, "queries": 100, "batch_size": 8, **options})


def training(**options: Any) -> OdfaConfig:
    return OdfaConfig(**{"batch_size": 8, "epochs": 5, "align_every": 4, **options})


def stepping(**options: Any) -> SubspaceNewtonConfig:
    return SubspaceNewtonConfig(**{"directions": 4, "queries": 250, "samples": 8, **options})


def searching(config: Callable[..., PopulationOptions], **options: Any) -> PopulationOptions:
    return config(**{"queries": 300, "batch_size": 8, **options})


FEW: dict[str, Any] = {"batch_size": 8, "look": 3, "fit_steps": 1, "fit_products": 3, "poke_readings": 2}
"""Options of a twin that make its fits short."""

BRIEF: dict[str, Any] = {
    "batch_size": 8, "fit_steps": 1, "fit_products": 2, "poke_readings": 2, "train_steps": 2, "train_batch": 16,
}  # fmt: skip

SPECIMENS = [
    Specimen("szo_scd", szo_scd.KIND, tuning()),
    # Steps of half a turn: phases wrap all the time.
    Specimen(
        "szo_scd in coarse steps",
        szo_scd.KIND,
        tuning(step_rad=3.0, step_decay=1.0, phase_memory="dac", selection="bernoulli"),
    ),
    # Every other step of half a turn would raise the power.
    Specimen(
        "szo_scd that prunes", szo_scd.KIND, tuning(step_rad=3.0, power_awareness=1.0, order="shuffled")
    ),
    Specimen(
        "szo_scd by the chip's sequencer",
        szo_scd.KIND,
        tuning(loop="sequencer", power_awareness=0.5, queries=2000),
    ),
    Specimen("szo_scd that reads both sides", szo_scd.KIND, tuning(verify="best_of_both")),
    Specimen("stp", stp.KIND, StpConfig(sparsity=0.4, queries=100, batch_size=8)),
    Specimen("subspace_newton", subspace_newton.KIND, stepping()),
    Specimen("subspace_newton by the host", subspace_newton.KIND, stepping(loop="host", probe_rad=3.0)),
    Specimen("cmaes", cmaes.KIND, searching(cmaes.CmaesConfig)),
    Specimen(
        "cmaes of variances alone",
        cmaes.KIND,
        searching(cmaes.CmaesConfig, covariance="separable", sigma_rad=3.0, population=6),
    ),
    Specimen("ga", ga.KIND, searching(ga.GaConfig, population=6, span_rad=3.0)),
    Specimen("ga by the host", ga.KIND, searching(ga.GaConfig, population=8, loop="host")),
    Specimen("pso", pso.KIND, searching(pso.PsoConfig, population=6, span_rad=3.0)),
    Specimen("flops", flops.KIND, FlopsConfig(samples=5, queries=100, batch_size=8)),
    Specimen("zadam", zadam.KIND, ZadamConfig(difference_rad=0.02, queries=100, batch_size=8)),
    Specimen("znewton", znewton.KIND, ZnewtonConfig(queries=100, batch_size=8)),
    Specimen("admm", admm.KIND, AdmmConfig(sparsity=0.4, queries=100, batch_size=8, dual_iterations=2)),
    Specimen("phase_sweep", phase_sweep.KIND, PhaseSweepConfig(levels=5, queries=300, batch_size=8)),
    Specimen("twin_online", twin_online.KIND, TwinOnlineConfig(queries=45, **FEW)),
    Specimen(
        "twin_online that pokes each heater",
        twin_online.KIND,
        TwinOnlineConfig(queries=65, poke="each", refits=(8,), **FEW),
    ),
    Specimen(
        "twin_fit", twin_fit.KIND, TwinFitConfig(queries=300, rounds=25, readings=8, poke="none", **BRIEF)
    ),
    Specimen(
        "twin_fit that pokes all together",
        twin_fit.KIND,
        TwinFitConfig(queries=300, rounds=25, poke="together", noise="spread", **BRIEF),
    ),
    Specimen("fd_gauss_newton", fd_gauss_newton.KIND, FdGaussNewtonConfig(queries=700, samples=8)),
    Specimen(
        "fd_gauss_newton by the host",
        fd_gauss_newton.KIND,
        FdGaussNewtonConfig(queries=120, samples=8, loop="host"),
    ),
    Specimen("odfa", odfa.KIND, training()),
    Specimen("late odfa", odfa.KIND, training(schedule="late", sharing="shared", centre=False)),
    Specimen("odfa without light", odfa.KIND, training(feedback="ternary")),
    Specimen("step_graph", step_graph.KIND, step_graph.StepGraphConfig()),
    Specimen("avm", avm.KIND, AvmConfig(queries=600, batch_size=8)),
]


@dataclass(frozen=True)
class Example:
    """The guide's controller, which nobody registered."""

    name: str = "my_controller"

    def __call__(self, seed: int) -> Controller:
        return random_steps(small_setting(seed), steps=25)


class Halving:
    """An optimiser of the tests' own: it draws around its mean, and goes half-way to the best of what it drew."""

    population_size = 6

    def __init__(self, setting: Setting) -> None:
        self.mean = setting.phases
        self._rng = setting.stream("tests/halving")

    def ask(self) -> NDArray[np.float64]:
        return self.mean + 0.3 * self._rng.standard_normal(self.mean.size)

    def tell(self, solutions: list[tuple[NDArray[np.float64], float]]) -> None:
        best, _ = min(solutions, key=lambda each: each[1])
        self.mean += 0.5 * (best - self.mean)  # in place, as cmaes does


@dataclass(frozen=True)
class Asked:
    """An optimiser by ask and tell; a generation is one command for the sequencer, or many by the host."""

    name: str
    loop: Literal["sequencer", "host"]
    queries: int

    def __call__(self, seed: int) -> Controller:
        return ask_tell(Halving, queries=self.queries, batch_size=8, loop=self.loop)(small_setting(seed))


CHIP_CONTROLLERS: list[Specimen | Example | Asked] = [
    *(each for each in SPECIMENS if DEPLOYMENT in each.kind.needs),
    Example(),
    Asked("ask and tell", "sequencer", 240),
    Asked("ask and tell by the host", "host", 120),
]
LIGHT_CONTROLLERS = [
    each
    for each in SPECIMENS
    if each not in CHIP_CONTROLLERS and each.kind.needs - each.kind.unused(each.options)
]
HOST_CONTROLLERS = [each for each in SPECIMENS if each not in [*CHIP_CONTROLLERS, *LIGHT_CONTROLLERS]]
"""They ask for computing time alone: no reply tells them anything."""

MODULES = [
    *(kind.start.__module__ for kind in CONTROLLERS.values()),
    "docs.examples.my_controller",
    ask_tell.__module__,
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
        if isinstance(command, Forward | Probe):
            return Reading(self._normals(len(command.batch.inputs), SIZES[-1], np.float64), 0)
        if isinstance(command, Sequence):
            return self._readings(command)
        if isinstance(command, Monitor):
            return self._monitored(command)
        if isinstance(command, Project):
            return self._projection(len(command.vectors))
        if isinstance(command, SetPhases):
            return PhasesSet(0.01)
        if isinstance(command, Settle):
            return Settled(6_000_000)
        if isinstance(command, Spending):
            return Spent(0, 0, 0, 0.0, 0.0, *5 * (None,))
        return Computed(1_000_000) if isinstance(command, Compute | Kernel) else None

    def _readings(self, command: Sequence) -> Readings:
        """Return the readings of all probes, or an end of every visit that was chosen by lot."""
        count, decide = len(command.heaters), command.decide
        if decide is None:
            outputs = self._normals(count * len(command.batch.inputs), SIZES[-1], np.float64)
            by_probe = outputs.reshape(count, -1, SIZES[-1])
            return Readings(by_probe, command.radians[:, -1], float("nan"), count, 0, 0, 0, 0.01)
        stays = self._rng.random(count) < 0.5
        elsewhere = np.where(decide.keep_home, decide.home, decide.back)
        found = np.where(stays, command.radians[:, 0], elsewhere)
        self.given.append((found, found.copy()))
        pruned = int((~stays & decide.keep_home).sum())
        readings = 1 + count + int((~stays & ~decide.keep_home).sum())
        loss = float(self._rng.random())
        return Readings(np.empty((0, 0, 0)), found, loss, readings, int(stays.sum()), 0, pruned, 0.01)

    def _monitored(self, command: Monitor) -> Monitored:
        """Return intensities by lot, and outputs where light went forwards."""
        heaters, samples = small_deployment(0).heaters.size, len(command.batch.inputs)
        intensities, worth = self._normals(2, heaters, np.float64)
        forward = command.light == "forward"
        outputs = self._normals(samples, SIZES[-1], np.float64) if forward else np.empty((0, 0))
        return Monitored(intensities, outputs, worth, 0, 0.01)

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
    if isinstance(command, Probe):
        return ("Probe", *command.heaters, *command.radians, *told(Forward(command.batch)))
    if isinstance(command, Sequence):
        arrays = [command.heaters, command.radians, *((command.decide or ())[1:4])]
        ends = [] if command.decide is None else [command.decide.rule, command.decide.queries]
        return ("Sequence", *(each.tobytes() for each in arrays), *ends, *told(Forward(command.batch)))
    if isinstance(command, Monitor):
        errors = b"" if command.errors is None else command.errors.tobytes()
        return ("Monitor", command.light, errors, *told(Forward(command.batch)))
    if isinstance(command, Project):
        return ("Project", command.vectors.shape, command.vectors.tobytes())
    if isinstance(command, Incumbent):
        return ("Incumbent", *np.asarray(command.heaters).tolist(), *np.asarray(command.radians).tolist())
    if isinstance(command, Start):
        return ("Start", *told(command.command))
    return (type(command).__name__, repr(command))
