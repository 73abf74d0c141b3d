"""What training a Transformer with emulated light costs over the same training with a matrix in memory.

Both sides take the same steps of ``dialogue_odfa``, on one thread. One side's error goes through bench, unit and
camera, with noise, time and energy; the other's is multiplied by a matrix in a plain loop, without a bench. Neither
is looked at, aligned or recorded.
"""

from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from controllers.feedback_alignment.descent import Descent
from controllers.feedback_alignment.dfa import backward, forward
from controllers.feedback_alignment.feedback import FeedbackLayout, centred, feedback_matrix
from controllers.feedback_alignment.odfa import OdfaConfig
from controllers.feedback_alignment.ternary import row_scale, ternarize
from controllers.feedback_alignment.work import Model
from emulator.streams import stream
from experiments.benchmarks.timing import Cost, Stopwatch, Workload, interleave, ratio
from experiments.models.registry import draw_model
from experiments.output.tables import table_of
from experiments.output.terminal import to_text
from experiments.run.launch import open_study
from experiments.run.prepare import Prepared, prepare
from experiments.run.run import make_bench, program_of
from experiments.run.study import Study
from experiments.tasks.pretraining import reproducible

__all__ = ["measure_text", "text_study", "workloads_of"]

_STEPS: Final = 40
_ROUNDS: Final = 5
_MOST: Final = 1.10


def text_study(steps: int = _STEPS, changes: tuple[str, ...] = ()) -> Study:
    """Return ``steps`` of the shipped study, which no look interrupts."""
    looks = f"controller.report_steps={steps}"
    study = open_study("dialogue_odfa", (f"controller.steps={steps}", looks, *changes))
    never = study.section(OdfaConfig).model_copy(update={"align_every": None})
    return study.model_copy(update={"controller": never})


def workloads_of(study: Study, prepared: Prepared) -> dict[str, Workload]:
    """Return the steps of ``study`` both ways; each begins with a network drawn anew."""

    def model() -> Model:
        weights = stream(study.seed, "odfa/weights")
        return draw_model(study.task.model, prepared.task.blueprint(study.task.heads), weights)

    def with_light() -> Cost:
        fresh, watch = replace(prepared, setting=replace(prepared.setting, model=model())), Stopwatch()
        program = program_of(study, fresh)
        bench = make_bench(study, fresh, program.sizes, program.shows, program.queries)
        with watch:
            bench.run({study.kind.name: program.controller})
        return watch.per(study.section(OdfaConfig).steps or 1)

    return {"light": with_light, "plain": lambda: _plain(study, prepared, model())}


def measure_text(rounds: int = _ROUNDS, study: Study | None = None) -> dict[str, float]:
    """Measure, print a table, and return the ratio by its name."""
    chosen = study or text_study()
    with reproducible():
        samples = interleave(workloads_of(chosen, prepare(chosen)), rounds)
    light, plain = samples["light"], samples["plain"]
    found = ratio(light, plain)
    rows = [
        (name, 1e3 * sample.cpu_s, f"{100 * sample.spread:.0f} %", 1e3 * sample.wall_s)
        for name, sample in (("with light", light), ("with a matrix", plain))
    ]
    note = (
        f"odfa_text_over_torch {found.value:.3f}, quartiles {found.low:.3f} to {found.high:.3f}, "
        f"wall {found.wall:.3f}; at most {_MOST:.2f}",
    )
    title = "A step of feedback alignment on a Transformer, 1,024 tokens"
    print(to_text(table_of(title, ("feedback", "CPU ms", "IQR", "wall ms"), rows, note)))
    return {"odfa_text_over_torch": found.value}


def _plain(study: Study, prepared: Prepared, model: Model) -> Cost:
    import torch

    config, task, watch = study.section(OdfaConfig), prepared.task, Stopwatch()
    steps = config.steps or 1
    layout = FeedbackLayout(model.hidden[: len(model.blocks) - config.tail], config.sharing)
    values = (*model.hidden, model.outputs)[-1 - config.error_at]
    matrix = feedback_matrix(values, layout.width, stream(study.seed, "odfa/feedback"))
    descent = Descent(config, model.blocks, len(layout.sizes), steps)
    x, y = torch.tensor(task.x_train, dtype=torch.float32), torch.tensor(task.y_train)
    order = stream(study.seed, "odfa/batches").permutation(len(y))
    taught = partial(forward, model.blocks, loss=task.loss.of_tensors, split=config.split)
    with watch:
        for begin in range(0, steps * config.batch_size, config.batch_size):
            rows = order[begin : begin + config.batch_size]
            pending = taught(x[rows], y[rows])
            shown = ternarize(pending.errors, config.threshold, config.threshold_unit)
            projection = (shown.astype(np.float32) @ matrix) * row_scale(pending.errors, shown)
            descent.clear()
            backward(pending, layout.split(centred(projection)))
            descent.step()
    return watch.per(steps)
