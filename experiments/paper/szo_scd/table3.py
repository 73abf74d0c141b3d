"""Power by a Lagrangian (ADMM) against power by pruning, on the MNIST network (paper: Table 3).

Both in reading A, whose radians are the paper's; each is held against SZO-SCD without pruning.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from experiments.output.statistics import accuracy_stat, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.experiment import Experiment, Results
from experiments.paper.plots import COLOURS, figure
from experiments.paper.szo_scd.networks import MNIST, PAPER, evaluated
from experiments.paper.szo_scd.power import paired, saved
from experiments.paper.szo_scd.readings import A
from experiments.sweep.points import Point
from experiments.sweep.trial import Quick

__all__ = ["TABLE3"]

_BASE: Final = "p0"


@dataclass(frozen=True)
class _Row:
    """One row: its point, the method, its weight, what the paper has (radians, best %), and its overrides."""

    point: str
    method: str
    weight: str
    told: str
    overrides: tuple[str, ...]


def _admm(weight: float, told: str) -> _Row:
    own = ("controller.kind=admm", f"controller.power_weight={weight}")
    return _Row(f"admm{weight:g}", "ADMM", f"lambda = {weight:g}", told, own)


def _pruned(p: float, told: str) -> _Row:
    own = ("controller.kind=szo_scd", "controller.loop=sequencer", f"controller.power_awareness={p}")
    return _Row(f"p{p:g}", "pruning", f"p = {p:g}", told, own)


_ROWS: Final = (
    _admm(0.05, "2077 to 2367 rad and"), _admm(0.1, "92.8 to 79.0 %"), _admm(0.2, "over lambda"),
    _admm(0.3, "0.05 to 0.3"), _admm(1.0, "diverges"), _pruned(0.0, "1938 rad, 93.9 %"), _pruned(0.5, ""),
    _pruned(1.0, "994 rad, 93.1 %"),
)  # fmt: skip


def _points(queries: int) -> tuple[Point, ...]:
    chip, _ = PAPER
    common = (
        chip, *MNIST.overrides, *A.overrides, "deployment.alpha=0.15", f"controller.queries={queries}",
        evaluated(queries),
    )  # fmt: skip
    return tuple(Point(row.point, (*common, *row.overrides)) for row in _ROWS)


def _tables(results: Results) -> tuple[Table, ...]:
    columns = (
        Column("method"), Column("weight"), Column("paper"), Column("n"),
        Column("start (rad)"), Column("end (rad)"),
        Column("saved %", 1, 100.0), Column("deployed %", 1, 100.0), Column("final %", 1, 100.0),
        Column("best %", 1, 100.0), Column("selected %", 1, 100.0),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for row in _ROWS:
        found = results.of(row.point)
        if found:
            own, base = paired(results, row.point, _BASE)
            numbers = ((one.deployed, one.final, one.best, one.selected) for one in found)
            samples = found[0].test_samples
            accuracies = (accuracy_stat(column, samples) for column in zip(*numbers, strict=True))
            totals = (np.array([one.total_rad for one in runs]) for runs in (own, base))
            rows.append(
                (
                    row.method, row.weight, row.told, len(found), stat(one.initial_total_rad for one in found),
                    stat(one.total_rad for one in found), saved(*totals), *accuracies,
                )
            )  # fmt: skip
    notes = (
        "saved: against p = 0, seed by seed; final: mean of the last tenth of 200 evaluations",
        "the paper has 2 million queries; its lambda multiplies a power in units that it does not give",
    )
    return (Table(f"Table 3: {results.queries:,} queries, reading A", columns, tuple(rows), notes),)


def _draw(results: Results, path: Path, label: str) -> None:
    with figure(path, 1, "Accuracy against active phase, MNIST 8x8, reading A", label) as (panel,):
        for colour, method in zip(COLOURS, ("ADMM", "pruning"), strict=False):
            rows = [row for row in _ROWS if row.method == method and results.of(row.point)]
            x = [stat(one.total_rad for one in results.of(row.point)).mean for row in rows]
            y = [stat(100 * one.final for one in results.of(row.point)).mean for row in rows]
            panel.plot(x, y, "o-", color=colour, markersize=4, label=method)
            for row, place, height in zip(rows, x, y, strict=True):
                panel.annotate(f" {row.weight.removeprefix('lambda = ')}", (place, height), fontsize=7)
        panel.set(xlabel="total active phase at the end (rad)", ylabel="final test accuracy (%)")
        panel.legend()


TABLE3: Final = Experiment(
    "table3",
    "power by a Lagrangian against power by pruning",
    300_000,
    _points,
    _tables,
    _draw,
    Quick(1, 5_000),
)
