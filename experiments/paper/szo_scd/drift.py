"""Why accuracy sinks after its peak, shown by throwing one switch at a time.

A coordinate moves by its step whatever the gradient, and the sign that a mini-batch gives is partly a coin: near
the minimum phases walk at random about it. The loss that this costs grows with the step and with the noise of a
batch's gradient, so that either cures it: a smaller or a decaying step, or a larger batch. Verifying does not.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from experiments.output.statistics import accuracy_stat, running_mean, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.experiment import Experiment, Results
from experiments.paper.outcome import Outcome
from experiments.paper.plots import COLOURS, band, figure
from experiments.paper.szo_scd.networks import MNIST, PAPER, evaluated, queries_to
from experiments.sweep.points import Point
from experiments.sweep.trial import Quick

__all__ = ["DRIFT", "fallen"]


@dataclass(frozen=True)
class _Switch:
    """One switch against the base: its point, which cause it speaks for, what it is, and its overrides."""

    point: str
    cause: str
    what: str
    overrides: tuple[str, ...] = ()


_OWN_EPOCH: Final = "controller.epoch_iterations=225"
"""The passes over 7,200 images in batches of 32; the paper's 60,000 make 1,875 an epoch."""

_SWITCHES: Final = (
    _Switch("base", "base", "step 0.02, batch 32, decay 0.985 a 1,875 iterations"),
    _Switch("batch128", "batch", "128", ("controller.batch_size=128",)),
    _Switch("step0.05", "step (rad)", "0.05", ("controller.step_rad=0.05",)),
    _Switch("step0.01", "step (rad)", "0.01", ("controller.step_rad=0.01",)),
    _Switch("step0.005", "step (rad)", "0.005", ("controller.step_rad=0.005",)),
    _Switch("decay0.985", "decay an own epoch", "0.985", (_OWN_EPOCH,)),
    _Switch("decay0.9", "decay an own epoch", "0.9", (_OWN_EPOCH, "controller.step_decay=0.9")),
    _Switch("restore", "step back", "taken only if better", ("controller.verify=restore",)),
    _Switch("both", "step back", "better of both sides (Eq. 7)", ("controller.verify=best_of_both",)),
)


def _points(queries: int) -> tuple[Point, ...]:
    common = (
        *PAPER, *MNIST.overrides, "deployment.alpha=0.15", "controller.power_awareness=0.0",
        f"controller.queries={queries}", evaluated(queries),
    )  # fmt: skip
    return tuple(Point(one.point, (*common, *one.overrides)) for one in _SWITCHES)


def fallen(outcome: Outcome) -> float:
    """Return how far the final accuracy lies below the highest running mean of three evaluations."""
    return float(running_mean(outcome.accuracy).max()) - outcome.final


def _tables(results: Results) -> tuple[Table, ...]:
    columns = (
        Column("switch"), Column("value"), Column("n"), *(Column(text, 1, 100.0) for text in ("peak %", "final %")),
        Column("fallen (points)", 1, 100.0), Column("final minus base (points)", 1, 100.0),
        Column("queries to ideal - 10"), Column("accepted % of visits", 1, 100.0),
    )  # fmt: skip
    base = {one.seed: one.final for one in results.of("base")}
    rows: list[tuple[Cell, ...]] = []
    for switch in _SWITCHES:
        found = results.of(switch.point)
        if found:
            samples = found[0].test_samples
            rows.append(
                (
                    switch.cause, switch.what, len(found),
                    accuracy_stat((float(running_mean(one.accuracy).max()) for one in found), samples),
                    accuracy_stat((one.final for one in found), samples), stat(fallen(one) for one in found),
                    stat(one.final - base[one.seed] for one in found if one.seed in base),
                    stat(queries_to(one, 0.10) for one in found),
                    stat(one.accepted / max(1, one.visited) for one in found),
                )
            )  # fmt: skip
    notes = (
        "peak: highest running mean of three evaluations, of 200; final: mean of the last tenth",
        "fallen: peak - final; minus base: seed by seed",
    )
    return (Table(f"The drift after the peak: {results.queries:,} queries", columns, tuple(rows), notes),)


def _draw(results: Results, path: Path, label: str) -> None:
    titles = {
        "batch": "batch size",
        "step (rad)": "step",
        "decay an own epoch": "decay",
        "step back": "verify",
    }
    title = "What the drift after the peak is: one switch at a time, MNIST 8x8"
    base = [(one.queries / 1e3, 100 * one.accuracy) for one in results.of("base")]
    with figure(path, len(titles), title, label) as axes:
        for panel, (cause, name) in zip(axes, titles.items(), strict=True):
            band(panel, base, "0.4", "base", dashed=True)
            chosen = (one for one in _SWITCHES if one.cause == cause)
            for colour, switch in zip(COLOURS, chosen, strict=False):
                curves = [(one.queries / 1e3, 100 * one.accuracy) for one in results.of(switch.point)]
                band(panel, curves, colour, switch.what)
            panel.set(xlabel="queries (thousands)", ylabel="test accuracy (%)", title=name)
            if base:
                top = 100 * max(one.ideal for one in results.of("base"))
                panel.set_ylim(top - 22, top)
                panel.legend(loc="lower right")


DRIFT: Final = Experiment(
    "drift", "why accuracy sinks after its peak", 300_000, _points, _tables, _draw, Quick(1, 10_000)
)
