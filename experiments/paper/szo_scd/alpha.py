"""How sparse may the active devices be: recovery against queries for several alpha (paper: Figure 4, MNIST).

The paper says that 5 % to 15 % of active devices start higher and recover with 3.7 to 7.6 times fewer queries.
Accuracy is read every 250 queries as a running mean of three, and ratios are taken seed by seed: a first crossing
on a coarse grid favours dense chips, whose curves jump by points from one evaluation to the next.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from experiments.output.statistics import accuracy_stat, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.experiment import Experiment, Results
from experiments.paper.outcome import Outcome
from experiments.paper.plots import COLOURS, band, figure
from experiments.paper.szo_scd.networks import MNIST, PAPER, queries_to
from experiments.sweep.points import Point
from experiments.sweep.trial import Quick

__all__ = ["ALPHA", "LEVELS", "Ratio", "ratios_of"]

_ALPHAS: Final = (0.05, 0.15, 0.6, 1.0)
_DENSE: Final = 1.0
_SPARSE: Final = 0.15
_GRID: Final = 250
"""Queries between two evaluations; a short run has a finer grid."""

LEVELS: Final = (0.15, 0.10, 0.08, 0.06)
"""How far below the ideal accuracy a recovery may still be where its queries are counted."""


def _name(alpha: float) -> str:
    return f"alpha{alpha:g}"


def _points(queries: int) -> tuple[Point, ...]:
    every = f"evaluation.every_queries={min(_GRID, max(1, queries // 40))}"
    common = (
        *PAPER,
        *MNIST.overrides,
        "controller.power_awareness=0.0",
        f"controller.queries={queries}",
        every,
    )
    return tuple(Point(_name(alpha), (*common, f"deployment.alpha={alpha}")) for alpha in _ALPHAS)


class Ratio(tuple[float | None, ...]):
    """Queries of one setting over those of another, seed by seed; None where one of them never got there."""

    __slots__ = ()

    def cells(self) -> tuple[Cell, ...]:
        """Return median, lowest and highest ratio, and of how many seeds."""
        known = [one for one in self if one is not None]
        if not known:
            return ("-", "-", "-", f"0 of {len(self)}")
        return (float(np.median(known)), min(known), max(known), f"{len(known)} of {len(self)}")


def ratios_of(dense: Sequence[Outcome], sparse: Sequence[Outcome], margin: float) -> Ratio:
    """Return how many times more queries ``dense`` needs than ``sparse`` to ideal - ``margin``, by seed.

    None where one of them never got there, or was there before its first query.
    """
    base = {one.seed: one for one in dense}
    pairs = [
        (queries_to(base[one.seed], margin), queries_to(one, margin)) for one in sparse if one.seed in base
    ]
    return Ratio(more / fewer if more and fewer else None for more, fewer in pairs)


def _tables(results: Results) -> tuple[Table, ...]:
    return _accuracy_table(results), _query_table(results), _ratio_table(results), _seed_table(results)


def _accuracy_table(results: Results) -> Table:
    headings = ("ideal %", "deployed %", "final %", "selected %", "best %")
    columns = (
        Column("alpha", 2), Column("n"), Column("active"), *(Column(text, 1, 100.0) for text in headings),
        Column("queries/iteration", 2), Column("expected", 2),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for alpha, found in _each(results):
        numbers = [(one.ideal, one.deployed, one.final, one.selected, one.best) for one in found]
        samples = found[0].test_samples
        accuracies = (accuracy_stat(column, samples) for column in zip(*numbers, strict=True))
        expected = 1.0 + 1.5 * max(1, round(0.1 * found[0].active))
        rows.append(
            (
                alpha,
                len(found),
                found[0].active,
                *accuracies,
                stat(o.queries_per_iteration for o in found),
                expected,
            )
        )
    notes = (
        "mean ± standard deviation over seeds; a seed fixes chip, active set, batches, split and pre-training",
        "final: mean of the last tenth of the evaluations; best: the highest, chosen on the test set",
        "selected: test accuracy of the state with the lowest validation loss",
        "expected: 1 + 1.5 s|A|, half of the steps accepted; the paper counts 1.5 alpha s d = 52.88 at alpha 0.15",
    )
    title = f"Accuracy after {results.queries:,} queries, by share of active devices"
    return Table(title, columns, tuple(rows), notes)


def _query_table(results: Results) -> Table:
    columns = (Column("alpha", 2), *(Column(f"to ideal - {100 * level:.0f} points") for level in LEVELS))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (alpha, *(stat(queries_to(one, level) for one in found) for level in LEVELS))
        for alpha, found in _each(results)
    )
    notes = (
        "first evaluation at which the running mean of three is there; mean ± standard deviation over seeds",
    )
    return Table("Queries until accuracy is back", columns, rows, notes)


def _ratio_table(results: Results) -> Table:
    columns = (
        Column("sparse alpha", 2), Column("to"), Column("median", 1), Column("lowest", 1), Column("highest", 1),
        Column("seeds"),
    )  # fmt: skip
    dense = results.of(_name(_DENSE))
    rows = tuple(
        (alpha, f"ideal - {100 * level:.0f} points", *ratios_of(dense, found, level).cells())
        for alpha, found in _each(results)
        if alpha < _DENSE
        for level in LEVELS
    )
    notes = ("queries of alpha = 1 over those of the sparse chip, of the same seed; paper: 3.7 to 7.6",)
    return Table("How many times more queries the dense chip needs", columns, rows, notes)


def _seed_table(results: Results) -> Table:
    columns = (Column("seed"), *(Column(f"ideal - {100 * level:.0f} points", 1) for level in LEVELS))
    sparse, dense = results.of(_name(_SPARSE)), results.of(_name(_DENSE))
    rows: list[tuple[Cell, ...]] = []
    for one in sparse:
        found = (ratios_of(dense, [one], level) for level in LEVELS)
        rows.append((one.seed, *("-" if not ratio or ratio[0] is None else ratio[0] for ratio in found)))
    return Table(f"Queries of alpha = 1 over those of alpha = {_SPARSE}, seed by seed", columns, tuple(rows))


def _each(results: Results) -> list[tuple[float, tuple[Outcome, ...]]]:
    return [(alpha, found) for alpha in _ALPHAS if (found := results.of(_name(alpha)))]


def _draw(results: Results, path: Path, label: str) -> None:
    title = "Recovery by SZO-SCD, MNIST 8x8 on 64-24-24-10, by share of active devices"
    with figure(path, 2, title, label) as panels:
        for panel in panels:
            for colour, (alpha, found) in zip(COLOURS, _each(results), strict=False):
                curves = [(one.queries / 1e3, 100 * one.accuracy) for one in found]
                band(panel, curves, colour, f"α = {alpha:g} (n = {len(found)})")
            ideal = np.mean([one.ideal for _, found in _each(results) for one in found])
            panel.axhline(100 * float(ideal), color="0.3", linestyle=":", label="ideal")
            panel.set(xlabel="queries (thousands)", ylabel="test accuracy (%)")
        panels[0].set_title("the whole run")
        panels[1].set(title="its first tenth", xlim=(0, results.queries / 1e4))
        panels[0].legend(loc="lower right")


ALPHA: Final = Experiment(
    "alpha", "how sparse the active devices may be", 300_000, _points, _tables, _draw, Quick(2, 15_000)
)
