"""What pruning saves against its probability p, on three networks and in two readings (paper: Figure 6).

The paper's totals fit whole unitaries at the phases of Eq. 2 (reading A), its accuracies smaller ones (B).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from experiments.output.statistics import accuracy_stat, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.experiment import Experiment, Results
from experiments.paper.outcome import Outcome
from experiments.paper.plots import COLOURS, figure
from experiments.paper.szo_scd.networks import ALL, LONG_VOWEL, MNIST, PAPER, VOWEL, Network, evaluated
from experiments.paper.szo_scd.power import paired, saved
from experiments.paper.szo_scd.readings import READINGS, Reading
from experiments.sweep.points import Point
from experiments.sweep.trial import Quick

__all__ = ["FIG6"]

_PS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class _Told:
    """What the paper's Figure 6 says of one network: radians at p = 0 and 1, and its range of accuracies."""

    at_0: float
    at_1: float
    accuracies: str


_PAPER: Final = {
    VOWEL.name: _Told(339.4, 233.6, "88-96"),
    LONG_VOWEL.name: _Told(763.7, 478.0, "80-95"),
    MNIST.name: _Told(1937.6, 993.6, "84-92; Table 3: 93.9-93.1"),
}


def _name(network: Network, reading: Reading, p: float) -> str:
    return f"{network.name}-{reading.name}-p{p:g}"


def _queries(network: Network, reading: Reading, queries: int) -> int:
    return min(queries, network.queries, reading.queries)


def _points(queries: int) -> tuple[Point, ...]:
    points = []
    for network in ALL:
        for reading in READINGS:
            spent = _queries(network, reading, queries)
            fixed = (
                *PAPER, "deployment.alpha=0.15", *network.overrides, *reading.overrides,
                f"controller.queries={spent}", evaluated(spent),
            )  # fmt: skip
            points += [
                Point(_name(network, reading, p), (*fixed, f"controller.power_awareness={p}")) for p in _PS
            ]
    return tuple(points)


def _tables(results: Results) -> tuple[Table, ...]:
    return _summary(results), *(_table(results, network) for network in ALL if _any(results, network))


def _any(results: Results, network: Network) -> bool:
    return any(results.of(_name(network, reading, p)) for reading in READINGS for p in _PS)


def _summary(results: Results) -> Table:
    columns = (
        Column("network"), Column("reading"), Column("paper p = 0 (rad)", 1), Column("ours p = 0 (rad)", 1),
        Column("paper p = 1 (rad)", 1), Column("ours p = 1 (rad)", 1), Column("paper saves %", 0, 100.0),
        Column("ours saves %", 1, 100.0), Column("paper's accuracies %"), Column("ours, best %", 1, 100.0),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for network in ALL:
        told = _PAPER[network.name]
        for reading in READINGS:
            off, on = (results.of(_name(network, reading, p)) for p in (0.0, 1.0))
            if off and on:
                best = accuracy_stat((one.best for one in on), on[0].test_samples)
                rows.append(
                    (
                        network.title, reading.title, told.at_0, _total(off), told.at_1, _total(on),
                        1.0 - told.at_1 / told.at_0, _saving(results, network, reading, 1.0), told.accuracies, best,
                    )
                )  # fmt: skip
    notes = ("best: of 200 evaluations, chosen on the test set, as the paper's seem to be; at p = 1",)
    return Table("Figure 6: total active phase, paper and ours", columns, tuple(rows), notes)


def _table(results: Results, network: Network) -> Table:
    columns = (
        Column("reading"), Column("p", 1), Column("n"), Column("queries"), Column("active"),
        Column("start (rad)", 1),
        Column("end (rad)", 1), Column("saved %", 1, 100.0), Column("heater energy (J)", 2),
        Column("deployed %", 1, 100.0), Column("final %", 1, 100.0), Column("selected %", 1, 100.0),
        Column("best %", 1, 100.0),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for reading in READINGS:
        for p in _PS:
            found = results.of(_name(network, reading, p))
            if found:
                numbers = ((one.deployed, one.final, one.selected, one.best) for one in found)
                samples = found[0].test_samples
                accuracies = (accuracy_stat(column, samples) for column in zip(*numbers, strict=True))
                rows.append(
                    (
                        reading.title, p, len(found), _queries(network, reading, results.queries), found[0].active,
                        stat(one.initial_total_rad for one in found), _total(found),
                        _saving(results, network, reading, p), stat(one.heaters_j for one in found), *accuracies,
                    )
                )  # fmt: skip
    notes = ("saved: against p = 0 of the same seed; final: mean of the last tenth of 200 evaluations",)
    return Table(f"{network.title}: pruning with probability p", columns, tuple(rows), notes)


def _total(found: tuple[Outcome, ...]) -> Cell:
    return stat(one.total_rad for one in found)


def _saving(results: Results, network: Network, reading: Reading, p: float) -> Cell:
    own, base = paired(results, _name(network, reading, p), _name(network, reading, 0.0))
    return saved(*(np.array([one.total_rad for one in found]) for found in (own, base)))


def _draw(results: Results, path: Path, label: str) -> None:
    shown = [network for network in ALL if _any(results, network)]
    with figure(
        path, len(shown), "Power-aware pruning: total active phase against p, α = 0.15", label
    ) as panels:
        for panel, network in zip(panels, shown, strict=True):
            for colour, reading in zip(COLOURS, READINGS, strict=False):
                found = [(p, runs) for p in _PS if (runs := results.of(_name(network, reading, p)))]
                stats = [stat(one.total_rad for one in runs) for _, runs in found]
                spread = [0.0 if one.n < 2 else one.sd for one in stats]
                panel.errorbar(
                    [p for p, _ in found], [one.mean for one in stats], spread, color=colour, marker="o",
                    markersize=4, capsize=2, label=f"ours, {reading.title}",
                )  # fmt: skip
            told = _PAPER[network.name]
            panel.plot(
                [0.0, 1.0], [told.at_0, told.at_1], "*", color=COLOURS[-1], markersize=9, label="paper"
            )
            spent = dict.fromkeys(f"{_queries(network, one, results.queries):,}" for one in READINGS)
            panel.set(
                xlabel=f"p ({' and '.join(spent)} queries)",
                ylabel="total active phase (rad)",
                title=network.title,
            )
            panel.set_ylim(bottom=0)
        panels[0].legend(loc="lower left")


FIG6: Final = Experiment(
    "fig6",
    "what pruning saves, against its probability p",
    2_000_000,
    _points,
    _tables,
    _draw,
    Quick(1, 4_000),
)
