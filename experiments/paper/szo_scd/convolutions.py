"""Recovery and power of chips of convolutions, by controller (paper: Tables 2 and 4).

The paper's third data set, CIFAR-10, cannot be shipped: the emoji stand in its place, under their own name, and the
paper's numbers are not put beside them. Its text tells neither the length of the runs nor the padding.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from controllers.registry import CONTROLLERS
from experiments.output.statistics import accuracy_stat, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.experiment import Experiment, Results
from experiments.paper.outcome import Outcome
from experiments.paper.plots import COLOURS, band, figure
from experiments.paper.szo_scd.networks import evaluated
from experiments.paper.szo_scd.power import paired, saved
from experiments.sweep.points import Point
from experiments.sweep.trial import Quick

__all__ = ["TABLE2", "TABLE4"]

_LOOKS: Final = 50


@dataclass(frozen=True)
class _Set:
    """One data set: its task, what it is, and what the paper prints of it, by controller and for Table 4."""

    task: str
    title: str
    by_controller: tuple[tuple[str, str], ...] = ()
    recovered: str = ""
    reduced: str = ""

    def said(self, kind: str) -> str:
        """Return what the paper's Table 2 has for a controller."""
        return dict(self.by_controller).get(kind, "-")


_MNIST: Final = _Set(
    "mnist16", "MNIST, 16x16-c8s2-c6s2-10",
    (("szo_scd", "94.88 (0.26)"), ("stp", "93.74 (0.30)"), ("zadam", "88.51 (0.10)"), ("znewton", "diverge"),
     ("flops", "diverge")),
    "87.4 -> 95.5", "98.8 / 97.6",
)  # fmt: skip
_FASHION: Final = _Set(
    "fashion32", "Fashion-MNIST, 32x32-c8s2-c8s2-10",
    (("szo_scd", "82.63 (0.04)"), ("stp", "75.43 (3.86)"), ("zadam", "68.16 (0.13)"), ("znewton", "67.60 (0.23)"),
     ("flops", "67.27 (0.19)")),
    "65.7 -> 82.6", "95.6 / 98.1",
)  # fmt: skip
_EMOJI: Final = _Set("emoji32", "emoji (not CIFAR-10), 3x32x32-c8s2-c8s2-c8s2-9")
_SETS: Final = (_MNIST, _FASHION, _EMOJI)

_KINDS: Final = tuple(name for name in ("szo_scd", "stp", "zadam", "znewton", "flops") if name in CONTROLLERS)
"""The paper's five; each has the rates of its Table 1 by default."""

_NOT_TOLD: Final = (
    "the paper tells neither the length of its runs nor the padding: here padding 1, nothing averaged"
)
_FEWER: Final = (
    "learnt from 7,200 digits, 2,700 clothes and 1,200 emoji; the paper has 60,000, 60,000 and 50,000"
)


def _run(one: _Set, kind: str, alpha: float, queries: int, *further: str) -> Point:
    """Return the point of a controller on one data set, on the paper's chip, by the sequencer where it can."""
    options = CONTROLLERS[kind].options.model_fields
    sparse = "controller.sparsity=0.1" if alpha < 1.0 else "controller.sparsity=1.0"
    wanted = ("controller.loop=sequencer", sparse, "controller.epoch_iterations=1875", *further)
    said = tuple(each for each in wanted if each.removeprefix("controller.").partition("=")[0] in options)
    fixed = (f"task.name={one.task}", "task.model=cnn", "chip.preset=paper", f"deployment.alpha={alpha}")
    spent = (f"controller.kind={kind}", f"controller.queries={queries}", evaluated(queries, _LOOKS))
    return Point(_name(one, kind, alpha), (*fixed, *spent, *said))


def _name(one: _Set, kind: str, alpha: float) -> str:
    return f"{one.task}-{kind}-a{alpha:g}"


def _by_controller(queries: int) -> tuple[Point, ...]:
    return tuple(_run(one, kind, 0.05, queries) for one in _SETS for kind in _KINDS)


def _before_and_after(queries: int) -> tuple[Point, ...]:
    points = []
    for one in _SETS:
        points.append(_run(one, "szo_scd", 0.05, queries, "controller.power_awareness=1.0"))
        points.append(_run(one, "szo_scd", 1.0, queries, "controller.power_awareness=0.0"))
        if "flops" in _KINDS:
            points.append(_run(one, "flops", 1.0, queries))
    return tuple(points)


def _tables_by_controller(results: Results) -> tuple[Table, ...]:
    columns = (
        Column("data and network"), Column("controller"), Column("paper %"), Column("n"),
        *(Column(text, 1, 100.0) for text in ("ideal %", "deployed %", "final %", "best %")), Column("ends"),
    )  # fmt: skip
    rows = tuple(
        _accuracies(one, kind, found)
        for one in _SETS
        for kind in _KINDS
        if (found := results.of(_name(one, kind, 0.05)))
    )
    notes = (
        "alpha 0.05, s 0.1; rates of the paper's Table 1. Diverged: final accuracy below the deployed chip's",
        _NOT_TOLD,
        _FEWER,
    )
    return (
        Table(f"Table 2: controllers on convolutions, {results.queries:,} queries", columns, rows, notes),
    )


def _accuracies(one: _Set, kind: str, found: tuple[Outcome, ...]) -> tuple[Cell, ...]:
    numbers = zip(*((o.ideal, o.deployed, o.final, o.best) for o in found), strict=True)
    lost = sum(o.final < o.deployed for o in found)
    ends = f"{lost} of {len(found)} diverged" if lost else "recovers"
    stats = (accuracy_stat(column, found[0].test_samples) for column in numbers)
    return (one.title, kind, one.said(kind), len(found), *stats, ends)


def _tables_before_and_after(results: Results) -> tuple[Table, ...]:
    columns = (
        Column("data and network"), Column("phases"), Column("active"), Column("paper %"), Column("n"),
        *(Column(text, 1, 100.0) for text in ("ideal %", "deployed %", "recovered %", "best %")),
        Column("power (rad)"), Column("saved against alpha 1 %", 1, 100.0),
        Column("against FLOPS %", 1, 100.0), Column("paper, both %"),
    )  # fmt: skip
    rows = tuple(_row(results, one) for one in _SETS if results.of(_name(one, "szo_scd", 0.05)))
    notes = (
        "alpha 0.05, s 0.1, p 1; power is the total active phase, mod 2 pi, at the end",
        "saved against: SZO-SCD with alpha 1, s 1 and p 0, and FLOPS with alpha 1, after as many queries, by seed",
        _NOT_TOLD,
        _FEWER,
    )
    return (Table(f"Table 4: power of convolutions, {results.queries:,} queries", columns, rows, notes),)


def _row(results: Results, one: _Set) -> tuple[Cell, ...]:
    name = _name(one, "szo_scd", 0.05)
    found, whole = results.of(name), results.of(_name(one, "szo_scd", 1.0))
    numbers = zip(*((o.ideal, o.deployed, o.final, o.best) for o in found), strict=True)
    stats = (accuracy_stat(column, found[0].test_samples) for column in numbers)
    against = (_saving(results, name, _name(one, kind, 1.0)) for kind in ("szo_scd", "flops"))
    return (
        one.title, whole[0].active if whole else "-", found[0].active, one.recovered or "-", len(found), *stats,
        stat(o.total_rad for o in found), *against, one.reduced or "-",
    )  # fmt: skip


def _saving(results: Results, name: str, base: str) -> Cell:
    own, other = paired(results, name, base)
    if not own:
        return "-"
    return saved(*(np.array([outcome.total_rad for outcome in each]) for each in (own, other)))


def _draw_by_controller(results: Results, path: Path, label: str) -> None:
    _draw(results, path, label, tuple((kind, 0.05) for kind in _KINDS))


def _draw_before_and_after(results: Results, path: Path, label: str) -> None:
    _draw(results, path, label, (("szo_scd", 0.05), ("szo_scd", 1.0), ("flops", 1.0)))


def _draw(results: Results, path: Path, label: str, curves: tuple[tuple[str, float], ...]) -> None:
    with figure(path, len(_SETS), "Recovery of convolutions", label) as panels:
        for panel, one in zip(panels, _SETS, strict=True):
            for colour, (kind, alpha) in zip(COLOURS, curves, strict=False):
                found = results.of(_name(one, kind, alpha))
                if found:
                    curve = [(o.queries / 1e3, 100.0 * o.accuracy) for o in found]
                    band(panel, curve, colour, f"{kind}, α = {alpha:g}")
            panel.set(xlabel="queries (thousands)", ylabel="test accuracy (%)", title=one.task)
        panels[0].legend(loc="lower right")


TABLE2: Final = Experiment(
    "table2", "controllers on convolutional networks", 30_000, _by_controller, _tables_by_controller,
    _draw_by_controller, Quick(1, 400),
)  # fmt: skip
TABLE4: Final = Experiment(
    "table4", "what a chip of convolutions recovers, and the power it saves", 30_000, _before_and_after,
    _tables_before_and_after, _draw_before_and_after, Quick(1, 400),
)  # fmt: skip
