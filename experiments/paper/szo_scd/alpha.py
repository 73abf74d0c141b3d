"""How sparse may the active devices be: recovery against queries for several alpha (paper: Figure 4).

The paper says that 5 % to 15 % of active devices start higher and recover with 3.7 to 7.6 times fewer queries.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from experiments.output.statistics import accuracy_stat, first_crossing, ratios, recovered_share, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.experiment import MNIST, Experiment, Results
from experiments.paper.plots import COLOURS, band, figure
from experiments.paper.szo_scd.outcome import Outcome
from experiments.sweep.points import Point

__all__ = ["ALPHA", "queries_until", "queries_within"]

_ALPHAS: Final = (0.05, 0.15, 1.0)
_DENSE: Final = 1.0
_SHARES: Final = (0.5, 0.8)
_WITHIN: Final = 0.10


def _name(alpha: float) -> str:
    return f"alpha{alpha:g}"


def _points(queries: int) -> tuple[Point, ...]:
    every = min(500, max(1, queries // 40))
    common = ("chip.preset=paper", *MNIST, "controller.power_awareness=0.0", f"controller.queries={queries}")
    return tuple(
        Point(_name(alpha), (*common, f"deployment.alpha={alpha}", f"evaluation.every_queries={every}"))
        for alpha in _ALPHAS
    )


def queries_until(outcome: Outcome, share: float) -> float | None:
    """Return the queries at the first evaluation with ``share`` of the lost accuracy back; None if never."""
    return first_crossing(outcome.queries, recovered_share(outcome.accuracy, outcome.ideal), share)


def queries_within(outcome: Outcome, margin: float) -> float | None:
    """Return the queries at the first evaluation at most ``margin`` below the ideal accuracy; None if never."""
    return first_crossing(outcome.queries, outcome.accuracy, outcome.ideal - margin)


def _tables(results: Results) -> tuple[Table, ...]:
    return _accuracy_table(results), _query_table(results)


def _accuracy_table(results: Results) -> Table:
    headings = ("ideal %", "deployed %", "final %", "selected %", "best %")
    columns = (Column("alpha", 2), Column("n"), *(Column(text, 1, 100.0) for text in headings))
    rows: list[tuple[Cell, ...]] = []
    for alpha, found in _each(results):
        numbers = [(one.ideal, one.deployed, one.final, one.selected, one.best) for one in found]
        rows.append(
            (
                alpha,
                len(found),
                *(accuracy_stat(column, found[0].test_samples) for column in zip(*numbers, strict=True)),
            )
        )
    notes = (
        "mean ± standard deviation over seeds; a seed fixes chip, active set, batches, split and pre-training",
        "selected: test accuracy of the state with the lowest validation loss; best: chosen on the test set",
    )
    return Table(
        f"Accuracy after {results.queries:,} queries, by share of active devices", columns, tuple(rows), notes
    )


def _query_table(results: Results) -> Table:
    columns = (
        Column("alpha", 2), Column("active"), Column("queries/iteration", 2), Column("expected", 2),
        *(Column(f"queries to {share:.0%}") for share in _SHARES),
        *(Column(f"fewer than alpha=1 ({share:.0%})", 2) for share in _SHARES),
        Column(f"queries to ideal - {100 * _WITHIN:.0f} points"), Column("fewer than alpha=1 (points)", 2),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for alpha, found in _each(results):
        own, dense = _pairs(found, results.of(_name(_DENSE)))
        ends = [float(one.queries[-1]) for one in dense]
        to_share = [[queries_until(one, share) for one in found] for share in _SHARES]
        fewer = [
            ratios([queries_until(o, share) for o in dense], [queries_until(o, share) for o in own], ends)
            for share in _SHARES
        ]
        near = stat(queries_within(one, _WITHIN) for one in found)
        fewer_near = ratios(
            [queries_within(o, _WITHIN) for o in dense], [queries_within(o, _WITHIN) for o in own], ends
        )
        chosen = max(1, round(0.1 * found[0].active))
        rows.append(
            (
                alpha, found[0].active, stat(o.queries_per_iteration for o in found), 1.0 + 1.5 * chosen,
                *(stat(values) for values in to_share), *fewer, near, fewer_near,
            )
        )  # fmt: skip
    notes = (
        "first evaluation with this share of (ideal - deployed) back; each alpha has its own deployed level",
        "expected: 1 + 1.5 s|A|, half of the steps accepted; the paper counts 1.5 alpha s d = 52.88 at alpha 0.15",
        "fewer: ratio to alpha=1 of the same seed; ≥ where alpha=1 had not got there when its run ended",
    )
    return Table("Queries until the lost accuracy is back", columns, tuple(rows), notes)


def _each(results: Results) -> list[tuple[float, tuple[Outcome, ...]]]:
    return [(alpha, found) for alpha in _ALPHAS if (found := results.of(_name(alpha)))]


def _pairs(found: Sequence[Outcome], dense: Sequence[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
    """Return the runs of both that share a seed, in the same order."""
    by_seed = {one.seed: one for one in dense}
    own = [one for one in found if one.seed in by_seed]
    return own, [by_seed[one.seed] for one in own]


def _draw(results: Results, path: Path) -> None:
    with figure(path, 2, "Recovery by SZO-SCD, MNIST 8x8 on 64-24-24-10, by share of active devices") as (
        left,
        right,
    ):
        for colour, (alpha, found) in zip(COLOURS, _each(results), strict=False):
            label = f"α = {alpha:g} (n = {len(found)})"
            thousands = [one.queries / 1e3 for one in found]
            band(
                left,
                [(x, 100 * one.accuracy) for x, one in zip(thousands, found, strict=True)],
                colour,
                label,
            )
            shares = [100 * recovered_share(one.accuracy, one.ideal) for one in found]
            band(right, list(zip(thousands, shares, strict=True)), colour, label)
        ideal = np.mean([one.ideal for _, found in _each(results) for one in found])
        left.axhline(100 * float(ideal), color="0.3", linestyle=":", label="ideal")
        for share in _SHARES:
            right.axhline(100 * share, color="0.3", linestyle=":")
        left.set(xlabel="queries (thousands)", ylabel="test accuracy (%)", title="accuracy")
        right.set(xlabel="queries (thousands)", ylabel="lost accuracy recovered (%)", title="share recovered")
        left.legend(loc="lower right")


ALPHA: Final = Experiment("alpha", "how sparse the active devices may be", 300_000, _points, _tables, _draw)
