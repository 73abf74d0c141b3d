"""Training with light against training without: accuracy, alignment, and what an epoch costs on the bench.

J. Launay et al., Light-in-the-loop (2020), section III: 784-1024-1024-10, tanh, Adam, 10 epochs; on MNIST 97.7 %
without quantisation, 97.6 % ternary (both at a learning rate of 0.001) and 95.8 % optical (0.01). Here MNIST is
10,000 of its images, so that accuracies are lower; the differences are what is compared. "field" forms every camera
image, for one epoch on MNIST, and is compared with the statistical unit after as many. Two more ways exchange the
learning rates of light and electronics, to tell what a rate does from what light does; one doubles the threshold.

``epochs`` are those of a run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from data.fashion_mnist import installed
from emulator.config.models import digest
from emulator.instruments.opu.config import OpuConfig
from experiments.output.publishing import folder_of
from experiments.output.statistics import accuracy_stat, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.findings import Findings, run_plan, verdict
from experiments.paper.light_in_the_loop.training_outcome import TrainingOutcome, read_training
from experiments.paper.plots import COLOURS, band, figure
from experiments.run.study import study_from_overrides
from experiments.sweep.points import Job, Point
from experiments.sweep.trial import Quick, Size, Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COMMON", "LIGHT", "light_jobs", "light_tasks", "run_light", "tables_of"]

_EPOCHS: Final = 10
_GREY: Final = "#999999"
_FIELD_EPOCHS: Final = 1
_SAMPLES: Final = 60_000
"""Samples of the epoch whose cost the paper's frame rate gives: 80 s and 2.4 kJ."""


@dataclass(frozen=True)
class _Way:
    """A way to train: its name in files, in tables, and its overrides."""

    name: str
    title: str
    overrides: tuple[str, ...]


_WAYS: Final = (
    _Way("backprop", "backpropagation", ("controller.feedback=backprop", "controller.learning_rate=0.001")),
    _Way("dfa", "DFA, exact error", ("controller.feedback=exact", "controller.learning_rate=0.001")),
    _Way("tdfa", "DFA, ternary error", ("controller.feedback=ternary", "controller.learning_rate=0.001")),
    _Way("optical", "optical DFA", ("controller.feedback=optical", "controller.learning_rate=0.01")),
    _Way("tdfa-fast", "ternary at 0.01", ("controller.feedback=ternary", "controller.learning_rate=0.01")),
    _Way(
        "optical-slow", "optical at 0.001", ("controller.feedback=optical", "controller.learning_rate=0.001")
    ),
    _Way(
        "tdfa-wide",
        "ternary beyond 0.2",
        ("controller.feedback=ternary", "controller.learning_rate=0.001", "controller.threshold=0.2"),
    ),
)
_OPTICAL: Final = _WAYS[3]
_FIELD: Final = _Way("field", "optical DFA, field", (*_OPTICAL.overrides, "opu.fidelity=field"))
COMMON: Final = (
    "opu.preset=light_in_the_loop", "host.preset=workstation", "task.hidden=[1024, 1024]", "controller.kind=odfa",
    "controller.batch_size=128",
)  # fmt: skip
"""Network and instruments of all ways."""

By = Mapping[str, Sequence[TrainingOutcome]]
"""Finished runs by the name of their point, in order of seed."""


def light_tasks() -> tuple[tuple[str, str], ...]:
    """Return each task's own name and how tables call it: all of Fashion-MNIST where it is installed."""
    fashion = ("fashion60k", "Fashion-MNIST") if installed() else ("fashion4k", "Fashion-MNIST, 4,000 images")
    return (("mnist", "MNIST, 10,000 images"), fashion)


def light_jobs(seeds: int, epochs: int, folder: Path) -> tuple[Job, ...]:
    """Return every run, seed by seed: all ways on both tasks, and the field on MNIST for one epoch."""
    plan = [(task, way, epochs) for task, _ in light_tasks() for way in _WAYS]
    plan.append(("mnist", _FIELD, min(epochs, _FIELD_EPOCHS)))
    jobs = []
    for seed in range(seeds):
        for task, way, count in plan:
            point = Point(
                f"{task}-{way.name}",
                (*COMMON, *way.overrides, f"task.name={task}", f"controller.epochs={count}"),
            )
            fixed = (f'title="paper light: {point.name}"', f"seed={seed}", "trace.detail=summary")
            where = f"paper light, {point.name}"
            study = study_from_overrides((*point.overrides, *fixed), where)
            jobs.append(Job(point, study, folder / f"{point.name}-seed{seed}-{digest(study)[:8]}.h5"))
    return tuple(jobs)


def run_light(out: Path, seeds: int, epochs: int, jobs: int) -> Findings:
    """Run what is not finished under ``out``, ``jobs`` at once, and return what was found."""
    folder = folder_of("light", out)
    plan = light_jobs(seeds, epochs, folder)
    runs = run_plan("light", plan, jobs, read_training)
    found = runs.by_point
    return Findings(
        folder, tables_of(found) if found else (), partial(_draw, found), runs.provenance, runs.failure
    )


def tables_of(found: By) -> tuple[Table, ...]:
    """Return a table of accuracies and alignments for each task, and one of what an epoch costs."""
    learnt = (_learnt(found, task, title) for task, title in light_tasks() if any(_of(found, task)))
    return (*learnt, _costs(found))


def _of(found: By, task: str) -> list[tuple[_Way, Sequence[TrainingOutcome]]]:
    """Return the ways that were run on ``task``."""
    ways = [(way, found.get(f"{task}-{way.name}", ())) for way in (*_WAYS, _FIELD)]
    return [(way, runs) for way, runs in ways if runs]


def _learnt(found: By, task: str, title: str) -> Table:
    columns = (
        Column("feedback"), Column("n"), Column("epochs"), Column("final %", 2, 100.0),
        Column("selected %", 2, 100.0), Column("alignment, layer 1", 3), Column("layer 2", 3),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for way, runs in _of(found, task):
        rows.append(
            (
                way.title, len(runs), runs[0].epochs,
                accuracy_stat((run.final for run in runs), runs[0].test_samples),
                accuracy_stat((run.selected for run in runs), runs[0].test_samples),
                stat(float(run.alignment[0, -1]) for run in runs),
                stat(float(run.alignment[1, -1]) for run in runs),
            )
        )  # fmt: skip
    notes = (
        "alignment: cosine of projected and true gradient of the layer's parameters, mean of the last epoch",
        "selected: after the epoch of least validation loss, a tenth of the images to learn being held out",
        *_verdicts(found, task),
    )
    return Table(f"{title}: 784-1024-1024-10, tanh, Adam", columns, tuple(rows), notes)


def _verdicts(found: By, task: str) -> list[str]:
    """Return how far apart the ways are, with what was asked for, and the least alignment of all."""
    notes = []
    for better, worse, allowed in (("dfa", "tdfa", 0.5), ("tdfa", "optical", 2.5)):
        above, below = found.get(f"{task}-{better}", ()), found.get(f"{task}-{worse}", ())
        if above and below:
            gap = 100 * float(np.mean([run.final for run in above]) - np.mean([run.final for run in below]))
            held = verdict(gap <= allowed)
            notes.append(f"{worse} is {gap:.2f} points below {better}; allowed: {allowed}: {held}")
    aligned = [
        float(run.alignment[:, -1].min())
        for way, runs in _of(found, task)
        if way.name != "backprop"
        for run in runs
    ]
    if aligned:
        least = f"{min(aligned):.3f}; positive: {verdict(min(aligned) > 0)}"
        notes.append(f"least alignment of any layer and run, last epoch: {least}")
    field, statistical = found.get(f"{task}-field", ()), found.get(f"{task}-optical", ())
    if field and statistical:
        epochs = field[0].epochs
        gaps = stat(
            100 * (a.final - float(b.accuracy[epochs])) for a, b in zip(field, statistical, strict=False)
        )
        notes.append(f"field minus statistical after {epochs} epoch(s): {gaps.mean:+.2f} points")
    return notes


def _costs(found: By) -> Table:
    columns = (
        Column("task"), Column("feedback"), Column("samples"), Column("epoch (s)", 2), Column("host (J)", 1),
        Column("OPU box (J)", 1), Column("frames"), Column("frames' time (s)", 2),
        Column("for 60,000 samples (s)", 2), Column("and (kJ)", 3, 1e-3),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for task, title in light_tasks():
        for way, runs in _of(found, task):
            rows.append((title, way.title, *_cost_cells(runs)))
    notes = (
        "epoch: emulated time, host preset workstation; box: its power for that time, the host's work included",
        "frames' time: frames over the frame clock's rate; for 60,000 samples: the same, scaled, and its energy",
        "without light the host projects, and no box stands on the bench",
    )
    return Table("What an epoch costs on the bench", columns, tuple(rows), notes)


def _cost_cells(runs: Sequence[TrainingOutcome]) -> tuple[Cell, ...]:
    """Return samples, seconds, joules and frames of an epoch, and the frames' time and energy for 60,000."""
    one = runs[0]
    spent = (
        stat(run.epoch_s for run in runs), stat(run.host_j / run.epochs for run in runs),
        stat(run.box_j / run.epochs for run in runs),
    )  # fmt: skip
    if not one.frames:
        return ("", *spent, "", "", "", "")
    opu = one.study.section(OpuConfig)
    frames, samples = one.frames / one.epochs, one.vectors / one.epochs
    rate_hz = opu.camera.frame_rate_hz or float("nan")
    frames_s = frames / rate_hz
    whole_s = frames_s * _SAMPLES / samples
    return (f"{samples:,.0f}", *spent, f"{frames:,.0f}", frames_s, whole_s, whole_s * opu.power_w)


def _draw(found: By, path: Path, label: str = "") -> None:
    title = "784-1024-1024-10 trained with light and without: mean of the seeds, one standard deviation"
    with figure(path, 3, title, label) as axes:
        for panel, (task, name) in zip(axes, light_tasks(), strict=False):
            for (way, runs), colour in zip(_of(found, task), (*COLOURS, _GREY), strict=False):
                curves = [(np.arange(run.epochs + 1.0), 100 * run.accuracy) for run in runs]
                band(panel, curves, colour, way.title, dashed=way is _FIELD)
            panel.set(xlabel="epochs", ylabel="test accuracy (%)", title=name)
            panel.set_ylim(*_learnt_range(found, task))
            panel.set_xlim(left=0.8)
            panel.legend(loc="lower right", ncols=2, fontsize="small")
        for (way, runs), colour in zip(_of(found, light_tasks()[0][0]), COLOURS, strict=False):
            if way in _WAYS[1:4]:
                _draw_alignment(axes[2], way, runs, colour)
        axes[2].axhline(0.0, color="#595959", linewidth=0.8)
        axes[2].set(xlabel="epochs", ylabel="cosine", title="MNIST: alignment with the true gradient")
        axes[2].set_xlim(left=0)
        axes[2].legend(ncols=2, loc="best")


def _learnt_range(found: By, task: str) -> tuple[float, float]:
    """Return the accuracies, in percent, of all epochs but the untrained one, with room for a legend below."""
    learnt = np.concatenate([100 * run.accuracy[1:] for _, runs in _of(found, task) for run in runs])
    low, high = float(learnt.min()), float(learnt.max())
    return low - 0.6 * (high - low) - 0.5, high + 0.5


def _draw_alignment(axes: "Axes", way: _Way, runs: Sequence[TrainingOutcome], colour: str) -> None:
    """Draw the mean of the runs in the middle of each epoch, and their range."""
    both = np.stack([run.alignment for run in runs])
    middles = np.arange(both.shape[2]) + 0.5
    for layer, style in enumerate(("o-", "s--")):
        values = both[:, layer]
        label = f"{way.title}, layer {layer + 1}"
        axes.plot(middles, values.mean(axis=0), style, color=colour, markersize=3, label=label)
        axes.fill_between(
            middles, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.15, linewidth=0
        )


LIGHT: Final = Trial[Findings](
    "light",
    "training with light, against electronics",
    Size("epochs", "epochs of a training", _EPOCHS),
    run_light,
    Quick(1, 1),
)
