"""How many of the active devices should one iteration visit: accuracy for several s (paper: Figure 5)."""

from pathlib import Path
from typing import Final

from experiments.output.statistics import accuracy_stat, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.experiment import Experiment, Results
from experiments.paper.outcome import Outcome
from experiments.paper.plots import band, figure, shades
from experiments.paper.szo_scd.networks import ALL, MNIST, PAPER, Network, queries_to
from experiments.sweep.points import Point
from experiments.sweep.trial import Quick

__all__ = ["FIG5"]

_SHARES: Final = (0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
_SAID: Final = "paper: best s = 0.6 on vowels, s < 0.1 on MNIST; accuracy is lost below 0.02"
_LOOKS: Final = 400


def _name(network: Network, share: float) -> str:
    return f"{network.name}-s{share:g}"


def _points(queries: int) -> tuple[Point, ...]:
    points = []
    for network in ALL:
        spent = min(queries, network.queries)
        fixed = (
            *PAPER, *network.overrides, f"controller.queries={spent}", "deployment.alpha=0.15",
            "controller.power_awareness=0.0", f"evaluation.every_queries={max(1, spent // _LOOKS)}",
        )  # fmt: skip
        points += [
            Point(_name(network, share), (*fixed, f"controller.sparsity={share}")) for share in _SHARES
        ]
    return tuple(points)


def _each(results: Results, network: Network) -> list[tuple[float, tuple[Outcome, ...]]]:
    return [(share, found) for share in _SHARES if (found := results.of(_name(network, share)))]


def _tables(results: Results) -> tuple[Table, ...]:
    return tuple(_table(results, network) for network in ALL if _each(results, network))


def _mean(outcome: Outcome) -> float:
    """Return the mean accuracy over the whole run: early and late alike."""
    return float(outcome.accuracy.mean())


def _table(results: Results, network: Network) -> Table:
    columns = (
        Column("s", 2), Column("n"), Column("queries/iteration", 1),
        *(Column(text, 1, 100.0) for text in ("ideal %", "deployed %", "over the run %", "final %", "best %")),
        Column("queries to ideal - 10"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for share, found in _each(results, network):
        numbers = ((one.ideal, one.deployed, _mean(one), one.final, one.best) for one in found)
        samples = found[0].test_samples
        accuracies = (accuracy_stat(column, samples) for column in zip(*numbers, strict=True))
        per_iteration = stat(one.queries_per_iteration for one in found)
        to_level = stat(queries_to(one, 0.10) for one in found)
        rows.append((share, len(found), per_iteration, *accuracies, to_level))
    notes = (
        *_best(results, network),
        _SAID,
        "over the run: mean of all evaluations; final: of their last tenth",
    )
    spent = min(results.queries, network.queries)
    return Table(f"Figure 5, {network.title}: {spent:,} queries, alpha 0.15", columns, tuple(rows), notes)


def _best(results: Results, network: Network) -> tuple[str, ...]:
    """Return which s is best, by the mean over the run and by the final accuracy."""
    each = _each(results, network)
    over = max(each, key=lambda pair: stat(_mean(one) for one in pair[1]).mean)[0]
    late = max(each, key=lambda pair: stat(one.final for one in pair[1]).mean)[0]
    return (f"best s: {over:g} over the run, {late:g} at its end",)


def _draw(results: Results, path: Path, label: str) -> None:
    shown = [network for network in ALL if _each(results, network)]
    title = "Recovery by SZO-SCD, by share s of active devices that an iteration visits, α = 0.15"
    with figure(path, len(shown), title, label) as panels:
        for panel, network in zip(panels, shown, strict=True):
            each = _each(results, network)
            for colour, (share, found) in zip(shades(len(each)), each, strict=True):
                band(
                    panel,
                    [(one.queries / 1e3, 100 * one.accuracy) for one in found],
                    colour,
                    f"s = {share:g}",
                )
            panel.set(xlabel="queries (thousands)", ylabel="test accuracy (%)", title=network.title)
            if network is MNIST:
                panel.set_ylim(bottom=60)
        panels[0].legend(loc="lower right", ncols=2)


FIG5: Final = Experiment(
    "fig5", "how many active devices an iteration visits", 100_000, _points, _tables, _draw, Quick(1, 4_000)
)
