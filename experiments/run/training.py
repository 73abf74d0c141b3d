"""One training of a network with light, top to bottom: task, network, bench, agent, evaluation.

``experiments.run.run`` calls it for a study whose controller is ``odfa``; nothing here knows a chip.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from controllers.feedback_alignment.feedback import FeedbackLayout
from controllers.feedback_alignment.odfa import TrainingSet, odfa
from emulator.bench import Bench
from emulator.commands import Controller
from emulator.errors import ConfigError
from emulator.instruments.instrument import Stand
from emulator.instruments.opu.timing import OpuDesign
from emulator.streams import stream
from experiments.models.mlp import mlp
from experiments.run.study import TrainingConfig
from experiments.tasks.registry import build_task
from experiments.tasks.task import Task, TaskOptions

if TYPE_CHECKING:
    import torch

__all__ = [
    "PreparedTraining",
    "TrainingWatch",
    "make_training_bench",
    "make_training_controller",
    "prepare_training",
    "training_queries",
]

_COMPUTATIONS = 4
"""Pieces of work in a step without light: forward pass, output gradient, projection or backpropagation, update."""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedTraining:
    """Hold what a training needs before any emulated time passes: data, and a network with its first weights."""

    task: Task
    blocks: "list[torch.nn.Module]"


def training_queries(study: TrainingConfig, prepared: PreparedTraining) -> int:
    """Return what the bench will have counted at the end: projected vectors, or computations without light."""
    samples, config = len(prepared.task.x_train), study.controller
    if config.feedback == "optical":
        return samples * config.epochs
    return _COMPUTATIONS * -(-samples // config.batch_size) * config.epochs


def prepare_training(study: TrainingConfig) -> PreparedTraining:
    """Load the data and draw the first weights; raises ``ConfigError`` for a network without hidden layers."""
    t = study.task
    task = build_task(
        TaskOptions(t.name, t.classes, t.split, study.task_seed, t.validation_fraction, hidden=t.hidden)
    )
    if len(task.layer_sizes) < 3:
        raise ConfigError(
            "task.hidden: feedback alignment needs at least one hidden layer; allowed: one or more"
        )
    return PreparedTraining(task, mlp(task.layer_sizes, stream(study.seed, "odfa/weights")))


def make_training_bench(study: TrainingConfig, prepared: PreparedTraining) -> Bench:
    """Build the bench: the host, and the optical processing unit when it gives the feedback."""
    lab = {"host": Stand(study.host)}
    if study.controller.feedback == "optical":
        sizes = prepared.task.layer_sizes
        layout = FeedbackLayout(sizes[1:-1], study.controller.sharing)
        lab = {"opu": Stand(study.opu, OpuDesign(sizes[-1], layout.width)), **lab}
    return Bench(lab, study.seed, study.budget, study.clock)


def make_training_controller(
    study: TrainingConfig, prepared: PreparedTraining, watch: "TrainingWatch"
) -> Controller:
    """Build the agent: it knows the network, the training set and its own streams."""
    import torch

    task = prepared.task
    training_set = TrainingSet(torch.tensor(task.x_train, dtype=torch.float32), torch.tensor(task.y_train))
    return odfa(
        study.controller,
        prepared.blocks,
        task.layer_sizes,
        training_set,
        stream(study.seed, "odfa/batches"),
        stream(study.seed, "odfa/feedback"),
        watch.evaluate,
    )


class TrainingWatch:
    """Measure accuracy after every epoch, beside the run and steering nothing.

    ``selected_test_accuracy`` is that of the epoch with the lowest validation loss so far.
    """

    verb = "training"

    def __init__(self, prepared: PreparedTraining) -> None:
        self._blocks = prepared.blocks
        self._task = prepared.task
        self._best_loss = math.inf
        self._selected = math.nan
        self.test_accuracy = math.nan

    def evaluate(self, epoch: int) -> Mapping[str, float]:
        """Return accuracies (fractions) and validation loss of the network as it is after ``epoch``."""
        del epoch
        task = self._task
        _, test_accuracy = self._measured(task.x_test, task.y_test)
        val_loss, val_accuracy = self._measured(task.x_val, task.y_val)
        self.test_accuracy = test_accuracy
        if val_loss < self._best_loss:
            self._best_loss, self._selected = val_loss, test_accuracy
        return {
            "test_accuracy": test_accuracy,
            "selected_test_accuracy": self._selected,
            "val_accuracy": val_accuracy,
            "val_loss": val_loss,
        }

    def _measured(
        self, x: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", labels: object
    ) -> tuple[float, float]:
        """Return mean cross-entropy and accuracy on ``x`` (samples, inputs)."""
        import torch

        with torch.no_grad():
            signal = torch.tensor(x, dtype=torch.float32)
            for block in self._blocks:
                signal = block(signal)
            target = torch.as_tensor(np.array(labels))
            loss = torch.nn.functional.cross_entropy(signal, target).item()
            return loss, (signal.argmax(dim=1) == target).double().mean().item()

    def facts(self, bench: Bench) -> str:
        """Return in a few words what the training is at."""
        del bench
        return "" if math.isnan(self.test_accuracy) else f"test {100 * self.test_accuracy:.1f} %"
