"""What three values cost: direct feedback alignment with the exact and with the ternary error, run by run.

Figure S1 of Z. Wang et al., arXiv 2409.12965: [784, 100, 10], batches of 100, 50 epochs, 20 runs. Read here, where
the paper is silent: tanh, Adam at 0.001, a threshold of 0.1 (all assumed). The paper took all of MNIST; here it is
8,000 of its training images, of which 800 are held out, and 2,000 to test. Electronics alone: no light, no time.
"""

import hashlib
import json
import math
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TaskError
from experiments.output.publishing import folder_of
from experiments.output.source import ROOT
from experiments.output.statistics import accuracy_stat, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.findings import Findings
from experiments.paper.light_in_the_loop.dfa_reference import Method, ReferenceOptions, train_reference
from experiments.paper.plots import COLOURS, figure
from experiments.sweep.trial import Quick, Size, Trial
from experiments.tasks.registry import build_task
from experiments.tasks.task import TaskOptions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["TERNARY", "Curve", "curve", "read_curve", "run_ternary", "write_curve"]

Floats = NDArray[np.float64]

_EPOCHS: Final = 50
_HIDDEN: Final = (100,)
_BATCH: Final = 100
_METHODS: Final[tuple[Method, ...]] = ("dfa", "tdfa")
_TITLES: Final = {"dfa": "DFA, exact error", "tdfa": "TDFA, error of -1, 0, 1"}
_TEST_SAMPLES: Final = 2000
"""Of the 10,000 images of the set."""
_SOURCES: Final = ("controllers/feedback_alignment", "data", "experiments/tasks")
_ZOOM_FROM: Final = 30
"""First epoch of the inset, as in the paper."""


@dataclass(frozen=True)
class Curve:
    """One run: after every epoch the validation loss, the test accuracy, and the hidden layer's alignment."""

    method: Method
    seed: int
    source: str
    """Digest of the source that made it; a curve of another one is made again."""
    wall_s: float
    val_loss: tuple[float, ...]
    test_accuracy: tuple[float, ...]
    alignment: tuple[float, ...]

    @property
    def selected(self) -> float:
        """Return the test accuracy after the epoch of least validation loss."""
        return self.test_accuracy[int(np.argmin(self.val_loss))]


def curve(method: Method, seed: int, epochs: int) -> Curve:
    """Train once and return the curve; ``seed`` fixes split, weights, feedback and batches."""
    began_s = time.monotonic()
    task = build_task(TaskOptions("mnist", seed=seed, hidden=_HIDDEN))
    found = train_reference(task, ReferenceOptions(method=method, epochs=epochs, batch=_BATCH), seed)
    return Curve(
        method,
        seed,
        _source(),
        time.monotonic() - began_s,
        tuple(epoch.val_loss for epoch in found),
        tuple(epoch.test_accuracy for epoch in found),
        tuple(epoch.alignment[0] for epoch in found),
    )


def write_curve(found: Curve, path: Path) -> None:
    """Write ``found`` as JSON, at once: a run that is killed leaves no half of it."""
    part = path.with_suffix(".part")
    record = {name: getattr(found, name) for name in Curve.__dataclass_fields__}
    part.write_text(json.dumps(record, indent=1), encoding="utf-8")
    os.replace(part, path)


def read_curve(path: Path) -> Curve | None:
    """Return the curve at ``path``; None when there is none that can be read."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        lists = {name: tuple(map(float, record[name])) for name in ("val_loss", "test_accuracy", "alignment")}
        return Curve(
            record["method"], int(record["seed"]), record["source"], float(record["wall_s"]), **lists
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def run_ternary(out: Path, seeds: int, epochs: int, jobs: int) -> Findings:
    """Train ``seeds`` times each way under ``out``, ``jobs`` at once, and return what was found.

    A run whose file is there, made by this source with as many epochs, is not repeated. Raises ``TaskError`` when a
    run leaves no curve.
    """
    folder = folder_of("ternary", out)
    places = {
        (method, seed): folder / f"{method}-{epochs}-seed{seed}.json"
        for seed in range(seeds)
        for method in _METHODS
    }
    missing = [key for key, path in places.items() if not _is_current(path, epochs)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        runs = [pool.submit(_run, method, seed, epochs, places[method, seed]) for method, seed in missing]
        for run in runs:
            run.result()
    curves = tuple(_read(places.values()))
    return Findings(folder, (_table(curves, epochs),), partial(_draw, curves), _source_note(curves))


def _source() -> str:
    """Return the digest of what makes a curve: data, network, feedback and training; no instrument takes part."""
    found = [
        path for folder in _SOURCES for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".npz")
    ]
    made = hashlib.blake2b(digest_size=8)
    for path in sorted(
        [*found, ROOT / "emulator" / "streams.py", Path(__file__).parent / "dfa_reference.py"]
    ):
        made.update(hashlib.blake2b(path.read_bytes()).digest())
    return made.hexdigest()


def _source_note(curves: Sequence[Curve]) -> str:
    known = sorted({one.source for one in curves})
    warning = "" if known == [_source()] else "WARNING: not all runs were made by the present source.\n"
    return f"source {', '.join(known)}.\n{warning}"


def _run(method: Method, seed: int, epochs: int, path: Path) -> None:
    write_curve(curve(method, seed, epochs), path)


def _is_current(path: Path, epochs: int) -> bool:
    found = read_curve(path)
    return found is not None and found.source == _source() and len(found.val_loss) == epochs


def _read(paths: Iterable[Path]) -> Iterator[Curve]:
    for path in paths:
        found = read_curve(path)
        if found is None:
            raise TaskError(f"paper ternary: {path.name} cannot be read; run the command again")
        yield found


def _table(curves: Sequence[Curve], epochs: int) -> Table:
    columns = (
        Column("feedback"), Column("runs"), Column("final %", 2, 100.0), Column("lowest %", 2, 100.0),
        Column("highest %", 2, 100.0), Column("selected %", 2, 100.0), Column("last validation loss", 4),
        Column("alignment, last", 3), Column("wall (s)", 1),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for method in _METHODS:
        mine = [one for one in curves if one.method == method]
        final = [one.test_accuracy[-1] for one in mine]
        rows.append(
            (
                _TITLES[method], len(mine), accuracy_stat(final, _TEST_SAMPLES), min(final), max(final),
                accuracy_stat((one.selected for one in mine), _TEST_SAMPLES),
                stat(one.val_loss[-1] for one in mine),
                stat(one.alignment[-1] for one in mine), stat(one.wall_s for one in mine),
            )
        )  # fmt: skip
    notes = (
        "784-100-10, tanh and Adam at 0.001 (assumed), batches of 100; 7,200 images to learn, 800 to choose, "
        "2,000 to test: the paper had all of MNIST",
        f"TDFA minus DFA, seed by seed: {_difference(curves)} points",
        "selected: after the epoch of least validation loss",
    )
    return Table(f"Exact and ternary error: {epochs} epochs", columns, tuple(rows), notes)


def _difference(curves: Sequence[Curve]) -> str:
    exact, ternary = (
        {one.seed: one.test_accuracy[-1] for one in curves if one.method == m} for m in _METHODS
    )
    gaps = stat(100 * (ternary[seed] - exact[seed]) for seed in exact)
    return f"{gaps.mean:+.2f}" + ("" if math.isnan(gaps.sd) else f" ± {gaps.sd:.2f}")


def _draw(curves: Sequence[Curve], path: Path, label: str = "") -> None:
    title = "784-100-10 on MNIST (7,200 images to learn): exact against ternary error"
    with figure(path, 2, title, label) as axes:
        for method, colour in zip(_METHODS, COLOURS, strict=False):
            mine = [one for one in curves if one.method == method]
            losses = np.array([one.val_loss for one in mine])
            accuracies = 100 * np.array([one.test_accuracy for one in mine])
            label = f"{_TITLES[method]} ({len(mine)} runs)"
            _range(axes[0], losses, colour, label)
            _range(axes[1], accuracies, colour, label)
        axes[0].set(xlabel="epochs", ylabel="validation loss (nats)", yscale="log", title="validation loss")
        axes[1].set(xlabel="epochs", ylabel="test accuracy (%)", title="test accuracy")
        axes[0].legend(title="mean and range")
        _inset(axes[1], curves)


def _range(axes: "Axes", values: Floats, colour: str, label: str = "") -> None:
    """Draw the mean of ``values`` (runs, epochs) and fill from the lowest to the highest."""
    epochs = np.arange(1, values.shape[1] + 1)
    axes.plot(epochs, values.mean(axis=0), color=colour, label=label)
    axes.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.2, linewidth=0)


def _inset(axes: "Axes", curves: Sequence[Curve]) -> None:
    """Show the last epochs larger, where there are that many."""
    if len(curves[0].test_accuracy) <= _ZOOM_FROM:
        return
    inset = axes.inset_axes((0.38, 0.12, 0.58, 0.52))
    for method, colour in zip(_METHODS, COLOURS, strict=False):
        _range(inset, 100 * np.array([one.test_accuracy for one in curves if one.method == method]), colour)
    late = 100 * np.array([one.test_accuracy[_ZOOM_FROM - 1 :] for one in curves])
    inset.set_xlim(_ZOOM_FROM, len(curves[0].test_accuracy))
    inset.set_ylim(late.min() - 0.1, late.max() + 0.1)
    inset.tick_params(labelsize=7)


TERNARY: Final = Trial[Findings](
    "ternary",
    "what an error of three values costs",
    Size("epochs", "epochs of a training", _EPOCHS),
    run_ternary,
    Quick(2, 5),
)
