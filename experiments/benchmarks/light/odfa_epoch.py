"""What training with emulated light costs over the same training with a matrix in memory.

Both sides train the same network on the same batches with the same arithmetic, on one thread. One side's error
goes through bench, unit and camera, with noise, time and energy; the other's is multiplied by a matrix in plain
torch's loop (``dfa_reference`` among the papers), without a bench. Neither evaluates, aligns or records.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from controllers.feedback_alignment.dfa import backward, forward
from controllers.feedback_alignment.feedback import FeedbackLayout, centred, feedback_matrix
from controllers.feedback_alignment.odfa import OdfaConfig, TrainingSet
from controllers.feedback_alignment.ternary import ternarize
from emulator.streams import stream
from experiments.benchmarks.timing import Cost, Ratio, Sample, Stopwatch, interleave, ratio
from experiments.models.mlp import Mlp, mlp
from experiments.run.prepare import Prepared, prepare
from experiments.run.run import make_bench, program_of
from experiments.run.study import Study, study_from_overrides
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


def epoch_study(task: str = "mnist") -> Study:
    """Return one epoch of optical feedback alignment on ``task``, whose steps wait for their light."""
    study = study_from_overrides(("controller.kind=odfa", f"task.name={task}", "controller.epochs=1"))
    never = study.section(OdfaConfig).model_copy(update={"align_every": None})
    return study.model_copy(update={"controller": never})


def epoch_cost(study: Study, rounds: int) -> EpochCost:
    """Measure an epoch of ``study`` both ways, in turn."""
    prepared = prepare(study)
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


def _network(study: Study, task: Task) -> "list[torch.nn.Module]":
    return mlp(task.layer_sizes, stream(study.seed, "odfa/weights"))


def _with_light(study: Study, prepared: Prepared) -> Cost:
    watch, sizes = Stopwatch(), prepared.task.layer_sizes
    fresh = Mlp(sizes, _network(study, prepared.task))
    program = program_of(study, replace(prepared, setting=replace(prepared.setting, model=fresh)))
    bench = make_bench(study, prepared, sizes=program.sizes)
    with watch:
        bench.run({study.kind.name: program.controller})
    return watch.per(1)


def _plain(study: Study, task: Task) -> Cost:
    import torch

    config, blocks, watch = study.section(OdfaConfig), _network(study, task), Stopwatch()
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
