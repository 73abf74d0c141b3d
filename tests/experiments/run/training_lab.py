"""Trainings with light of ten digits and a few batches on a bench; no test lives here."""

from dataclasses import replace

import torch

from emulator.bench import Bench, RunResult
from emulator.streams import stream
from emulator.trace import AnyRecorder, NullRecorder
from experiments.models.mlp import Mlp, mlp
from experiments.run.bench import make_bench
from experiments.run.prepare import Prepared, prepare, task_of
from experiments.run.run import program_of
from experiments.run.study import Study
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
    "bench",
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


def ten_digits(*overrides: str) -> Study:
    return light_study(*TEN_DIGITS, *overrides)


def few_digits() -> Task:
    """Return the ten digits, of which only a few batches are to be learnt."""
    whole = task_of(ten_digits())
    return replace(whole, x_train=whole.x_train[:SAMPLES].copy(), y_train=whole.y_train[:SAMPLES].copy())


def first_weights(study: Study, task: Task) -> list[torch.nn.Module]:
    return mlp(task.layer_sizes, stream(study.seed, "odfa/weights"))


def prepared(study: Study, task: Task) -> Prepared:
    """Return what ``study`` prepares, for this ``task`` instead of its own."""
    model = Mlp(task.layer_sizes, first_weights(study, task))
    setting = replace(prepare(study).setting, inputs=task.x_train, targets=task.y_train, model=model)
    return Prepared(task, setting, model=model)


def bench(study: Study, ready: Prepared, recorder: AnyRecorder | None = None) -> Bench:
    bench = make_bench(study, ready, program_of(study, ready).sizes)
    bench.attach(recorder or NullRecorder())
    return bench


def train(study: Study, task: Task) -> tuple[Prepared, RunResult]:
    """Return the trained network, and the result of the run."""
    ready = prepared(study, task)
    return ready, bench(study, ready).run({"odfa": program_of(study, ready).controller})


def distance(one: list[torch.Tensor], other: list[torch.Tensor]) -> float:
    return max((a - b).abs().max().item() for a, b in zip(one, other, strict=True))
