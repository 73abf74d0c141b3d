"""One run of a study, top to bottom: task, pre-training, deployment, bench, controller, observers, trace.

A study of training with light goes the same way through ``experiments.run.training``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol

from controllers.batches import mini_batches
from controllers.deployment import Deployment, deploy
from controllers.zeroth_order.szo_scd import szo_scd
from emulator.bench import Bench, Observer, RunResult
from emulator.commands import Controller
from emulator.config.models import digest, to_toml
from emulator.errors import TraceError
from emulator.instruments.chip.state import Design
from emulator.instruments.instrument import Stand
from emulator.physics.chip.converters import phase_step_rad
from emulator.streams import stream
from emulator.trace import AnyRecorder, Header, NullRecorder, Recorder
from experiments.run.recovery_watch import RecoveryObserver
from experiments.run.study import Study, StudyConfig
from experiments.run.training import (
    TrainingWatch,
    make_training_bench,
    make_training_controller,
    prepare_training,
    training_queries,
)
from experiments.tasks.pretraining import Pretrained, default_options, pretrain, reproducible
from experiments.tasks.registry import build_task
from experiments.tasks.task import Task, TaskOptions

__all__ = ["Prepared", "Started", "Watch", "make_bench", "make_controller", "prepare", "run_study"]


class Watch(Protocol):
    """Know how a run is doing, for people who watch it."""

    verb: str

    def facts(self, bench: Bench) -> str:
        """Return in a few words what the run is at."""


class Started(NamedTuple):
    """Hold what there is to watch when emulated time begins, and how many queries are to come."""

    bench: Bench
    watch: Watch
    queries: int


OnStart = Callable[[Started], None]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Hold what a study needs before any emulated time passes."""

    task: Task
    pretrained: Pretrained
    deployment: Deployment


def prepare(study: StudyConfig) -> Prepared:
    """Load the data, train the network electronically (or find it in the cache), and deploy it."""
    options = study.task
    task = build_task(
        TaskOptions(
            options.name, options.classes, options.split, study.task_seed, options.validation_fraction
        )
    )
    mesh = study.chip.mesh
    training = replace(
        default_options(options.name), sigma_max=mesh.sigma_max, activation_clip=study.chip.activation_clip
    )
    pretrained = pretrain(task, training, study.task_seed)
    deployment = deploy(
        pretrained.weights,
        study.controller.alpha,
        stream(study.seed, "deployment/active"),
        mesh.sigma_max,
        mesh.shape,
        mesh.rotation,
        study.controller.active_share,
    )
    return Prepared(task, pretrained, deployment)


def make_bench(study: StudyConfig, prepared: Prepared) -> Bench:
    """Build the bench of ``study``; nothing is recorded before it is run."""
    design = Design(prepared.deployment.layers, prepared.deployment.active)
    lab = {"chip": Stand(study.chip, design), "host": Stand(study.host)}
    return Bench(lab, study.seed, study.budget, study.clock)


def _recorder(study: Study, out: Path | None) -> AnyRecorder:
    if out is None:
        return NullRecorder()
    _make_folder(out.parent)
    return Recorder.create(out, Header.now(to_toml(study), study.seed, digest(study)), study.trace.detail)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TraceError(f"{folder}: the folder cannot be made ({error.strerror}); choose another") from error


def make_controller(study: StudyConfig, prepared: Prepared) -> Controller:
    """Build the controller of ``study``: it knows nominal phases, a training set and its own stream."""
    task, deployment, config = prepared.task, prepared.deployment, study.controller
    return szo_scd(
        config,
        deployment.heaters,
        deployment.phases[deployment.active],
        mini_batches(task.x_train, task.y_train, config.batch_size, stream(study.seed, "controller/batches")),
        max(1, len(task.x_train) // config.batch_size),
        stream(study.seed, "controller/choices"),
        phase_step_rad(study.chip.dac.bits),
    )


def run_study(
    study: Study,
    out: Path | None = None,
    observers: Sequence[Observer] = (),
    on_start: OnStart | None = None,
) -> RunResult:
    """Run ``study`` and return its result; ``on_start`` is called with what to watch before time begins.

    Raises ``LightloopError`` on bad input before anything is written.
    """
    if isinstance(study, StudyConfig):
        return _recover(study, out, observers, on_start)
    with reproducible():
        prepared = prepare_training(study)
        watch = TrainingWatch(prepared)
        controller = make_training_controller(study, prepared, watch)
        bench = make_training_bench(study, prepared)  # what is refused is refused before a file exists
        bench.attach(_recorder(study, out))
        if on_start is not None:
            on_start(Started(bench, watch, training_queries(study, prepared)))
        return bench.run({"odfa": controller}, observers)


def _recover(
    study: StudyConfig, out: Path | None, observers: Sequence[Observer], on_start: OnStart | None
) -> RunResult:
    prepared = prepare(study)
    controller = make_controller(study, prepared)
    bench = make_bench(study, prepared)  # what physics refuses is refused here, before a file exists
    bench.attach(_recorder(study, out))
    watch = RecoveryObserver(prepared.task, study.evaluate_every)
    if on_start is not None:
        on_start(Started(bench, watch, study.controller.queries))
    bench.log("ideal_test_accuracy", prepared.pretrained.test_accuracy)
    bench.log("ideal_val_accuracy", prepared.pretrained.val_accuracy)
    return bench.run({"szo_scd": controller}, [watch, *observers])
