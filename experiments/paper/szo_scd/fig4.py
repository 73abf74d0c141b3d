"""Recovery against queries for several shares of active devices, on three networks (paper: Figure 4)."""

from pathlib import Path
from typing import Final

import numpy as np

from experiments.output.statistics import accuracy_stat, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.experiment import Experiment, Results
from experiments.paper.outcome import Outcome
from experiments.paper.plots import COLOURS, band, figure
from experiments.paper.szo_scd.alpha import LEVELS, ratios_of
from experiments.paper.szo_scd.networks import ALL, PAPER, Network, queries_to
from experiments.sweep.points import Point
from experiments.sweep.trial import Quick

__all__ = ["FIG4"]

_ALPHAS: Final = (0.05, 0.15, 0.3, 0.6, 1.0)
_DENSE: Final = 1.0
_GRID: Final = 250
"""Queries between two evaluations on MNIST, at most."""
_LOOKS: Final = 400
"""Evaluations of a run, at least."""


def _name(network: Network, alpha: float) -> str:
    return f"{network.name}-alpha{alpha:g}"


def _points(queries: int) -> tuple[Point, ...]:
    points = []
    for network in ALL:
        every = max(1, min(_GRID, min(queries, network.queries) // _LOOKS))
        fixed = (
            *PAPER, *network.overrides, *network.spent(queries), "controller.power_awareness=0.0",
            f"evaluation.every_queries={every}",
        )  # fmt: skip
        points += [Point(_name(network, alpha), (*fixed, f"deployment.alpha={alpha}")) for alpha in _ALPHAS]
    return tuple(points)


def _each(results: Results, network: Network) -> list[tuple[float, tuple[Outcome, ...]]]:
    return [(alpha, found) for alpha in _ALPHAS if (found := results.of(_name(network, alpha)))]


def _tables(results: Results) -> tuple[Table, ...]:
    return tuple(_table(results, network) for network in ALL if _each(results, network))


def _table(results: Results, network: Network) -> Table:
    columns = (
        Column("alpha", 2), Column("n"), Column("active"),
        *(Column(text, 1, 100.0) for text in ("ideal %", "deployed %", "final %", "best %")),
        *(Column(f"queries to ideal - {100 * level:.0f}") for level in LEVELS[:2]),
        *(Column(f"alpha = 1 needs, to ideal - {100 * level:.0f} (times, median)", 1) for level in LEVELS[:2]),
    )  # fmt: skip
    dense = results.of(_name(network, _DENSE))
    rows: list[tuple[Cell, ...]] = []
    for alpha, found in _each(results, network):
        numbers = ((one.ideal, one.deployed, one.final, one.best) for one in found)
        samples = found[0].test_samples
        accuracies = (accuracy_stat(column, samples) for column in zip(*numbers, strict=True))
        rows.append(
            (
                alpha, len(found), found[0].active, *accuracies,
                *(stat(queries_to(one, level) for one in found) for level in LEVELS[:2]),
                *(ratios_of(dense, found, level).cells()[0] for level in LEVELS[:2]),
            )
        )  # fmt: skip
    spent = min(results.queries, network.queries)
    notes = (
        "queries: first evaluation at which the running mean of three is there; ratios seed by seed",
        "the paper says 3.7 to 7.6 times fewer queries, without naming the level",
    )
    return Table(f"Figure 4, {network.title}: {spent:,} queries", columns, tuple(rows), notes)


def _draw(results: Results, path: Path, label: str) -> None:
    shown = [network for network in ALL if _each(results, network)]
    title = "Recovery by SZO-SCD, by share of active devices"
    with figure(path, len(shown), title, label) as panels:
        for panel, network in zip(panels, shown, strict=True):
            for colour, (alpha, found) in zip(COLOURS, _each(results, network), strict=False):
                curves = [(one.queries / 1e3, 100 * one.accuracy) for one in found]
                band(panel, curves, colour, f"α = {alpha:g}")
            ideal = np.mean([one.ideal for _, found in _each(results, network) for one in found])
            panel.axhline(100 * float(ideal), color="0.3", linestyle=":", label="ideal")
            end = max(float(one.queries[-1]) for _, found in _each(results, network) for one in found) / 1e3
            panel.set(xlabel="queries (thousands)", ylabel="test accuracy (%)", title=network.title)
            panel.set_xlim(0, end if end <= 60 else end / 10)
        panels[0].legend(loc="lower right", ncols=2)


FIG4: Final = Experiment(
    "fig4",
    "recovery by share of active devices, three networks",
    300_000,
    _points,
    _tables,
    _draw,
    Quick(1, 8_000),
)
