"""What training with emulated light costs over the same training with a matrix in memory.

Both sides train the same network on the same batches with the same arithmetic, on one thread. One side's error
goes through bench, unit and camera, with noise, time and energy; the other's is multiplied by a matrix in plain
torch's loop (``dfa_reference`` among the papers), without a bench. Neither evaluates, aligns or records.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from controllers.feedback_alignment.dfa import backward, forward
from controllers.feedback_alignment.feedback import FeedbackLayout, centred, feedback_matrix
from controllers.feedback_alignment.odfa import OdfaConfig, TrainingSet, odfa
from controllers.feedback_alignment.ternary import ternarize
from emulator.streams import stream
from experiments.benchmarks.timing import Cost, Ratio, Sample, Stopwatch, interleave, ratio
from experiments.models.mlp import mlp
from experiments.run.study import TaskConfig, TrainingConfig
from experiments.run.training import PreparedTraining, make_training_bench, prepare_training
from experiments.tasks.pretraining import reproducible
from experiments.tasks.task import Task

if TYPE_CHECKING:
    import torch

__all__ = ["EpochCost", "epoch_cost", "epoch_study"]


@dataclass(frozen=True, slots=True)
class EpochCost:
    """Hold the CPU seconds of an epoch with light and with a matrix, and the ratio of the two."""

    light: Sample
    plain: Sample
    ratio: Ratio
    samples: int


def epoch_study(task: str = "mnist") -> TrainingConfig:
    """Return one epoch of optical feedback alignment on ``task``, whose steps wait for their light."""
    return TrainingConfig(task=TaskConfig(name=task), controller=OdfaConfig(epochs=1, align_every=None))


def epoch_cost(study: TrainingConfig, rounds: int) -> EpochCost:
    """Measure an epoch of ``study`` both ways, in turn."""
    prepared = prepare_training(study)
    with reproducible():
        samples = interleave(
            {"light": lambda: _with_light(study, prepared), "plain": lambda: _plain(study, prepared.task)},
            rounds,
        )
    light, plain = samples["light"], samples["plain"]
    return EpochCost(light, plain, ratio(light, plain), len(prepared.task.x_train))


def _training_set(task: Task) -> TrainingSet:
    import torch

    return TrainingSet(torch.tensor(task.x_train, dtype=torch.float32), torch.tensor(task.y_train))


def _network(study: TrainingConfig, task: Task) -> "list[torch.nn.Module]":
    return mlp(task.layer_sizes, stream(study.seed, "odfa/weights"))


def _with_light(study: TrainingConfig, prepared: PreparedTraining) -> Cost:
    task, blocks, watch = prepared.task, _network(study, prepared.task), Stopwatch()
    bench = make_training_bench(study, prepared)
    agent = odfa(
        study.controller,
        blocks,
        task.layer_sizes,
        _training_set(task),
        stream(study.seed, "odfa/batches"),
        stream(study.seed, "odfa/feedback"),
    )
    with watch:
        bench.run({"odfa": agent})
    return watch.per(1)


def _plain(study: TrainingConfig, task: Task) -> Cost:
    import torch

    config, blocks, watch = study.controller, _network(study, task), Stopwatch()
    layout = FeedbackLayout(tuple(task.layer_sizes[1:-1]), config.sharing)
    matrix = feedback_matrix(task.layer_sizes[-1], layout.width, stream(study.seed, "odfa/feedback"))
    optimizer = torch.optim.Adam([p for block in blocks for p in block.parameters()], lr=config.learning_rate)
    training_set, order = (
        _training_set(task),
        stream(study.seed, "odfa/batches").permutation(len(task.y_train)),
    )
    with watch:
        for begin in range(0, len(order), config.batch_size):
            rows = order[begin : begin + config.batch_size]
            pending = forward(blocks, training_set.x[rows], training_set.y[rows])
            shown = ternarize(pending.errors, config.threshold).astype(np.float32)
            optimizer.zero_grad()
            backward(pending, layout.split(centred(shown @ matrix)))
            optimizer.step()
    return watch.per(1)
