"""Trainings with light of ten digits and a few batches on a bench; no test lives here."""

from dataclasses import replace

import torch

from emulator.bench import RunResult
from emulator.streams import stream
from emulator.trace import NullRecorder
from experiments.models.mlp import mlp
from experiments.run.study import TrainingConfig
from experiments.run.training import (
    PreparedTraining,
    TrainingWatch,
    make_training_bench,
    make_training_controller,
    prepare_training,
)
from experiments.tasks.task import Task
from tests.experiments.light_traces import light_study

__all__ = [
    "BATCH",
    "CLASSES",
    "HIDDEN",
    "LAUNCH_S",
    "SAMPLES",
    "SILENT",
    "SLOW_TO_START",
    "distance",
    "few_digits",
    "first_weights",
    "prepared",
    "ten_digits",
    "train",
]

HIDDEN, CLASSES = (16, 12), 10
SAMPLES, BATCH = 96, 32
LAUNCH_S = 5e-3
"""What every piece of work takes on a host that is only slow to start."""

TEN_DIGITS = (
    "task.classes=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]", "task.hidden=[16, 12]", f"controller.batch_size={BATCH}",
    "controller.align_every=2",
)  # fmt: skip
SILENT = ("opu.camera.noise=false", "host.preset=ideal")
SLOW_TO_START = ("host.preset=ideal", f"host.launch_s={LAUNCH_S}")


def ten_digits(*overrides: str) -> TrainingConfig:
    return light_study(*TEN_DIGITS, *overrides)


def few_digits() -> Task:
    """Return the ten digits, of which only a few batches are to be learnt."""
    whole = prepare_training(ten_digits()).task
    return replace(whole, x_train=whole.x_train[:SAMPLES].copy(), y_train=whole.y_train[:SAMPLES].copy())


def first_weights(study: TrainingConfig, task: Task) -> list[torch.nn.Module]:
    return mlp(task.layer_sizes, stream(study.seed, "odfa/weights"))


def prepared(study: TrainingConfig, task: Task) -> PreparedTraining:
    return PreparedTraining(task, first_weights(study, task))


def train(study: TrainingConfig, task: Task) -> tuple[PreparedTraining, RunResult]:
    """Return the trained network, and the result of the run."""
    ready = prepared(study, task)
    bench = make_training_bench(study, ready, NullRecorder())
    controller = make_training_controller(study, ready, TrainingWatch(ready))
    return ready, bench.run({"odfa": controller})


def distance(one: list[torch.Tensor], other: list[torch.Tensor]) -> float:
    return max((a - b).abs().max().item() for a, b in zip(one, other, strict=True))
