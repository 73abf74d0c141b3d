"""Learning rate and threshold by validation, as many tries for every way to train, and the paper's own beside them.

J. Launay et al., Light-in-the-loop (2020), section III: 0.001 without light, 0.01 with it, errors cut at 0.1. Here
every way is tried in six settings on a seed of its own, of which a quarter of the training samples is held out;
the most accurate on these is then trained with other seeds. The test set chooses nothing.

``epochs`` are those of a training. A try takes half of them, of all Fashion-MNIST, whose epochs are long, a tenth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.output.publishing import folder_of
from experiments.output.statistics import accuracy_stat, t_mean
from experiments.output.tables import Cell, Column, Table
from experiments.paper.findings import Findings, run_plan, verdict
from experiments.paper.light_in_the_loop.light import COMMON, light_tasks
from experiments.paper.light_in_the_loop.training_outcome import TrainingOutcome, read_training
from experiments.paper.plots import COLOURS, figure
from experiments.sweep.points import Job, Point, jobs_of
from experiments.sweep.trial import Quick, Size, Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "LIGHT_RATES",
    "METHODS",
    "Setting",
    "chosen_of",
    "run_rates",
    "tables_of",
    "training_jobs",
    "tries_of",
]

_NAME: Final = "light_rates"
_EPOCHS: Final = 10
_LEAST_OF_ALL: Final = 5
"""Epochs below which Fashion-MNIST is 4,000 of its images."""

_TUNING_SEED: Final = 100
_FIRST_SEED: Final = 10
"""Of the trainings that are told of; earlier ones were looked at when this experiment was planned."""

_HELD_OUT: Final = 0.25
_FASHION: Final = "fashion60k"
_TRY_SHARES: Final = {_FASHION: 10}
_TRY_SHARE: Final = 2
"""A try takes one of so many epochs."""

_RATES: Final = (1e-4, 3e-4, 5e-4, 1e-3, 2e-3, 3e-3)
_CUT_RATES: Final = (3e-4, 1e-3)
_THRESHOLDS: Final = (0.1, 0.2, 0.4)


@dataclass(frozen=True)
class Setting:
    """A learning rate, and where an error is cut to three values; None: it is not cut."""

    rate: float
    threshold: float | None = None

    @property
    def label(self) -> str:
        """Return it as part of a file's name."""
        return f"{self.rate:g}" + ("" if self.threshold is None else f"-{self.threshold:g}")


@dataclass(frozen=True)
class Method:
    """A way to train: its name in files and tables, who feeds the error back, and the paper's setting."""

    name: str
    title: str
    feedback: str
    paper: Setting

    @property
    def tries(self) -> tuple[Setting, ...]:
        """Return what is tried, as many settings for every method."""
        if self.paper.threshold is None:
            return tuple(Setting(rate) for rate in _RATES)
        return tuple(Setting(*pair) for pair in product(_CUT_RATES, _THRESHOLDS))

    def point(self, task: str, setting: Setting, epochs: int, *overrides: str) -> Point:
        """Return the runs on ``task`` in ``setting``."""
        cut = () if setting.threshold is None else (f"controller.threshold={setting.threshold}",)
        return Point(
            f"{task}-{self.name}-{setting.label}",
            (
                *COMMON, f"task.name={task}", f"controller.feedback={self.feedback}",
                f"controller.learning_rate={setting.rate}", f"controller.epochs={epochs}", *cut, *overrides,
            ),
        )  # fmt: skip


METHODS: Final = (
    Method("backprop", "backpropagation", "backprop", Setting(1e-3)),
    Method("dfa", "DFA, exact error", "exact", Setting(1e-3)),
    Method("tdfa", "DFA, ternary error", "ternary", Setting(1e-3, 0.1)),
    Method("optical", "optical DFA", "optical", Setting(1e-2, 0.1)),
)
_EXACT: Final = "dfa"
_ALLOWED: Final = {"tdfa": 0.5, "optical": 1.0}
"""Points below exact DFA that are asked for on Fashion-MNIST, at most."""

By = Mapping[str, Sequence[TrainingOutcome]]
"""Finished runs by the name of their point, in order of seed."""

Chosen = Mapping[tuple[str, str], Setting]
"""The setting of each task and method, by their names."""

Tasks = Sequence[tuple[str, str]]
"""Names and titles."""


def tries_of(tasks: Tasks, epochs: int, folder: Path) -> tuple[Job, ...]:
    """Return the runs that choose: every method in every one of its settings, on one seed."""
    held_out = f"task.validation_fraction={_HELD_OUT}"
    points = [
        method.point(task, setting, _try_epochs(task, epochs), held_out)
        for task, _ in tasks
        for method in METHODS
        for setting in method.tries
    ]
    return jobs_of(f"paper {_NAME}", points, 1, folder, _TUNING_SEED)


def training_jobs(tasks: Tasks, chosen: Chosen, epochs: int, seeds: int, folder: Path) -> tuple[Job, ...]:
    """Return the runs that are told of: every method as chosen, then as the paper has it where that is another."""
    pairs = product((task for task, _ in tasks), METHODS)
    of = {
        (task, method): chosen[task, method.name] for task, method in pairs if (task, method.name) in chosen
    }
    own = [method.point(task, setting, epochs) for (task, method), setting in of.items()]
    papers = [
        method.point(task, method.paper, epochs)
        for (task, method), setting in of.items()
        if setting != method.paper
    ]
    title = f"paper {_NAME}"
    return tuple(
        job for points in (own, papers) for job in jobs_of(title, points, seeds, folder, _FIRST_SEED)
    )


def chosen_of(tasks: Tasks, tried: By) -> dict[tuple[str, str], Setting]:
    """Return the setting of each task and method that is most accurate on what was held out.

    Of equal ones it is the first. A method of which no try has ended is left out.
    """
    chosen = {}
    for task, _ in tasks:
        for method in METHODS:
            found = _held_out(tried, task, method)
            if found:
                chosen[task, method.name] = max(found, key=lambda setting: found[setting])
    return chosen


def _held_out(tried: By, task: str, method: Method) -> dict[Setting, float]:
    """Return the accuracy on the validation samples of each try that has ended."""
    return {
        setting: runs[0].held_out
        for setting in method.tries
        if (runs := tried.get(method.point(task, setting, 1).name))
    }


def _try_epochs(task: str, epochs: int) -> int:
    return max(1, epochs // _TRY_SHARES.get(task, _TRY_SHARE))


def run_rates(out: Path, seeds: int, epochs: int, jobs: int) -> Findings:
    """Try, choose and train what is not finished under ``out``, ``jobs`` at once, and return what was found."""
    folder = folder_of(_NAME, out)
    tasks = _tasks(epochs)
    tried = run_plan(_NAME, tries_of(tasks, epochs, folder), jobs, read_training)
    chosen = chosen_of(tasks, tried.by_point)
    trained = run_plan(_NAME, training_jobs(tasks, chosen, epochs, seeds, folder), jobs, read_training)
    tables = tables_of(tasks, tried.by_point, chosen, trained.by_point, epochs) if chosen else ()
    return Findings(
        folder,
        tables,
        partial(_draw, tasks, tried.by_point, chosen, trained.by_point),
        f"tries: {tried.provenance}trainings: {trained.provenance}",
        tried.failure or trained.failure,
    )


def _tasks(epochs: int) -> Tasks:
    """Return the tasks: in a small trial Fashion-MNIST is small, too."""
    mnist, fashion = light_tasks()
    return (fashion if epochs >= _LEAST_OF_ALL else ("fashion4k", "Fashion-MNIST, 4,000 images"), mnist)


def tables_of(tasks: Tasks, tried: By, chosen: Chosen, trained: By, epochs: int) -> tuple[Table, ...]:
    """Return for each task what was trained, and for all what was tried; whole trainings alone are judged."""
    each = [_learnt(one, chosen, trained, epochs) for one in tasks]
    return (*(table for table in each if table.rows), *(_tried(one, tried, chosen, epochs) for one in tasks))


def _learnt(named: tuple[str, str], chosen: Chosen, trained: By, epochs: int) -> Table:
    task, title = named
    columns = (
        Column("feedback"), Column("setting"), Column("rate", 4), Column("threshold", 1), Column("n"),
        Column("final %", 2, 100.0), Column("selected %", 2, 100.0),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for method in METHODS:
        for kind, setting in (("chosen", chosen.get((task, method.name))), ("paper's", method.paper)):
            runs = _runs(trained, task, method, setting)
            if setting is not None and runs:
                rows.append((method.title, kind, *_cells(setting), len(runs), *_accuracies(runs)))
    notes = (
        f"{epochs} epochs; seeds from {_FIRST_SEED} on; the paper's setting is the same runs where it was chosen",
        "final: after the last epoch; selected: after the epoch of least validation loss; with 95 % intervals of "
        "the mean over seeds",
        *_gaps(task, chosen, trained, epochs),
    )
    return Table(f"{title}: 784-1024-1024-10, tanh, Adam", columns, tuple(rows), notes)


def _runs(trained: By, task: str, method: Method, setting: Setting | None) -> Sequence[TrainingOutcome]:
    return () if setting is None else trained.get(method.point(task, setting, 1).name, ())


def _cells(setting: Setting) -> tuple[Cell, Cell]:
    return setting.rate, "" if setting.threshold is None else setting.threshold


def _accuracies(runs: Sequence[TrainingOutcome]) -> tuple[Cell, Cell]:
    samples = runs[0].test_samples
    return (
        accuracy_stat((run.final for run in runs), samples),
        accuracy_stat((run.selected for run in runs), samples),
    )


def _gaps(task: str, chosen: Chosen, trained: By, epochs: int) -> list[str]:
    """Return how far the methods lie below exact DFA, all as chosen, with what is asked for on Fashion-MNIST."""
    of = {method.name: _runs(trained, task, method, chosen.get((task, method.name))) for method in METHODS}
    notes = []
    for method in METHODS:
        if method.name not in _ALLOWED or not of[method.name] or not of[_EXACT]:
            continue
        pairs = zip(of[_EXACT], of[method.name], strict=False)
        gap = t_mean([100 * (exact.final - other.final) for exact, other in pairs])
        spread = f" ± {gap.sd:.2f} [{gap.low:.2f}, {gap.high:.2f}]" if gap.n > 1 else ""
        allowed = _ALLOWED[method.name]
        judged = task == _FASHION and epochs >= _EPOCHS
        asked = f"; asked for: at most {allowed}: {verdict(gap.mean <= allowed)}" if judged else ""
        notes.append(
            f"{method.title} is {gap.mean:.2f}{spread} points below exact DFA, both as chosen{asked}"
        )
    return notes


def _tried(named: tuple[str, str], tried: By, chosen: Chosen, epochs: int) -> Table:
    task, title = named
    rows: list[tuple[Cell, ...]] = []
    for method in METHODS:
        for setting, accuracy in _held_out(tried, task, method).items():
            taken = "chosen" if chosen.get((task, method.name)) == setting else ""
            rows.append((method.title, *_cells(setting), accuracy, taken))
    columns = (
        Column("feedback"), Column("rate", 4), Column("threshold", 1), Column("validation %", 2, 100.0),
        Column("taken"),
    )  # fmt: skip
    notes = (
        f"after {_try_epochs(task, epochs)} epoch(s) on three quarters of the training samples, accuracy on the "
        f"last quarter; seed {_TUNING_SEED}",
    )
    return Table(f"What was tried on {title}", columns, tuple(rows), notes)


def _draw(tasks: Tasks, tried: By, chosen: Chosen, trained: By, path: Path, label: str = "") -> None:
    title = "Learning rates and thresholds: tries on held-out samples, and trainings at what was chosen"
    with figure(path, 2, title, label, rows=len(tasks)) as axes:
        for row, (task, name) in enumerate(tasks):
            _draw_tries(axes[2 * row], task, tried)
            axes[2 * row].set(
                title=f"{name}: tries", xlabel="learning rate", ylabel="validation accuracy (%)"
            )
            _draw_trained(axes[2 * row + 1], task, chosen, trained)
            axes[2 * row + 1].set(title=f"{name}: trainings", ylabel="test accuracy (%)")


def _draw_tries(axes: "Axes", task: str, tried: By) -> None:
    """Draw accuracy against rate: a line a method and threshold."""
    for method, colour in zip(METHODS, COLOURS, strict=False):
        found = _held_out(tried, task, method)
        for threshold, style in zip((None, *_THRESHOLDS), ("-", "--", ":", "-."), strict=True):
            line = [(one.rate, 100 * hits) for one, hits in found.items() if one.threshold == threshold]
            if line:
                beyond = "" if threshold is None else f" beyond {threshold:g}"
                axes.plot(
                    *zip(*line, strict=True), style, marker="o", markersize=3, color=colour,
                    label=f"{method.title}{beyond}",
                )  # fmt: skip
    axes.set_xscale("log")
    if axes.lines:
        axes.legend(fontsize="x-small", handlelength=4)  # long enough to tell dashes apart


def _draw_trained(axes: "Axes", task: str, chosen: Chosen, trained: By) -> None:
    """Draw every seed's accuracy at the end: a column a method, filled as chosen, empty as the paper has it."""
    for place, (method, colour) in enumerate(zip(METHODS, COLOURS, strict=False)):
        own = chosen.get((task, method.name))
        for setting, filled, aside in ((own, colour, -0.12), (method.paper, "none", 0.12)):
            hits = [100 * run.final for run in _runs(trained, task, method, setting)]
            axes.scatter(np.full(len(hits), place + aside), hits, facecolors=filled, edgecolors=colour)
    axes.set_xticks(range(len(METHODS)), [method.title for method in METHODS], fontsize="small")
    axes.set_xlim(-0.5, len(METHODS) - 0.5)
    axes.set_xlabel("filled: as chosen; empty: the paper's setting")


LIGHT_RATES: Final = Trial[Findings](
    _NAME,
    "learning rates and thresholds of training with light, chosen on validation with equal tries",
    Size("epochs", "epochs of a training", _EPOCHS),
    run_rates,
    Quick(1, 1),
)
