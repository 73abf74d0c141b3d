"""The rivals of SZO-SCD on the MNIST network, at the paper's rates (paper: Table 1).

A run has diverged when its final accuracy lies below that of the deployed chip. Three conditions: the paper's chip,
whose readings are exact; an 8-bit heater DAC; and the receivers of ``doped_si``, whose noise reaches the loss.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from controllers.registry import CONTROLLERS
from experiments.output.statistics import accuracy_stat, first_crossing, running_mean, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.experiment import Experiment, Results
from experiments.paper.outcome import Outcome
from experiments.paper.plots import COLOURS, band, figure
from experiments.paper.szo_scd.networks import MNIST, PAPER, evaluated, queries_to
from experiments.sweep.points import Point
from experiments.sweep.trial import Quick

__all__ = ["TABLE1", "diverged"]

_NEAR: Final = 0.10


@dataclass(frozen=True)
class _Row:
    """One row: kind, alpha, s, rate or step in words, what the paper says, condition and its overrides."""

    kind: str
    alpha: float
    s: float
    rate: str
    told: str
    condition: str = "paper"
    overrides: tuple[str, ...] = ()

    @property
    def point(self) -> str:
        return f"{self.kind}-a{self.alpha:g}-s{self.s:g}-{self.rate}-{self.condition}"


_EIGHT: Final = ("chip.dac.bits=8",)
_NOISE: Final = (
    "chip.receiver.shot_noise=true",
    "chip.receiver.thermal_noise_a_per_sqrt_hz=20e-12",
    "chip.receiver.averages=256",
)
_STEP: Final = ("controller.step_rad=0.02", "controller.step_decay=0.985", "controller.epoch_iterations=1875")
_SLOW: Final = ("controller.learning_rate=1e-3",)
_FLOPS: Final = ("controller.learning_rate=0.1", "controller.samples=60")

_ROWS: Final = (
    _Row("zadam", 1.0, 1.0, "1e-3", "diverge", overrides=_SLOW),
    _Row("zadam", 0.15, 0.1, "1e-3", "88.1", overrides=_SLOW),
    _Row("znewton", 1.0, 1.0, "1e-3", "diverge", overrides=_SLOW),
    _Row("znewton", 0.15, 0.1, "1e-3", "diverge", overrides=_SLOW),
    _Row("stp", 1.0, 1.0, "2e-2", "diverge", overrides=_STEP),
    _Row("stp", 0.15, 0.1, "2e-2", "90.2", overrides=_STEP),
    _Row("flops", 1.0, 1.0, "1e-1", "diverge", overrides=_FLOPS),
    _Row("flops", 0.15, 0.1, "1e-1", "83.5", overrides=_FLOPS),
    _Row("szo_scd", 0.15, 0.1, "2e-2", "93.5", overrides=_STEP),
    *(
        _Row(kind, 0.15, 0.1, rate, "", condition, (*own, *extra))
        for condition, extra in (("8-bit", _EIGHT), ("noise", _NOISE))
        for kind, rate, own in (
            ("zadam", "1e-3", _SLOW),
            ("znewton", "1e-3", _SLOW),
            ("szo_scd", "2e-2", _STEP),
        )
    ),
)


def _points(queries: int) -> tuple[Point, ...]:
    chip, loop = PAPER
    points = []
    for row in _ROWS:
        fast = (loop,) if "loop" in CONTROLLERS[row.kind].options.model_fields else ()
        points.append(
            Point(
                row.point,
                (
                    chip, *MNIST.base, f"controller.kind={row.kind}", f"deployment.alpha={row.alpha}",
                    f"controller.sparsity={row.s}", "controller.batch_size=32", f"controller.queries={queries}",
                    evaluated(queries, 400), *fast, *row.overrides,
                ),
            )
        )  # fmt: skip
    return tuple(points)


def diverged(outcome: Outcome) -> bool:
    """Tell whether the run ended below the deployed chip, by the mean of the last tenth of its evaluations."""
    return outcome.status == "diverged" or outcome.final < outcome.deployed


def _tables(results: Results) -> tuple[Table, ...]:
    columns = (
        Column("optimiser"), Column("alpha", 2), Column("s", 1), Column("rate"), Column("condition"),
        Column("paper, best %"), Column("n"),
        *(Column(text, 1, 100.0) for text in ("deployed %", "final %", "best %", "selected %")),
        Column("diverged"), Column("queries to ideal - 15"), Column("queries to ideal - 10"),
        Column("s to ideal - 10", 3), Column("J to ideal - 10", 1), Column("time (s)", 2), Column("energy (J)", 1),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for row in _ROWS:
        found = results.of(row.point)
        if found:
            numbers = ((one.deployed, one.final, one.best, one.selected) for one in found)
            samples = found[0].test_samples
            accuracies = (accuracy_stat(column, samples) for column in zip(*numbers, strict=True))
            ended = sum(map(diverged, found))
            rows.append(
                (
                    row.kind, row.alpha, row.s, row.rate, row.condition, row.told, len(found), *accuracies,
                    f"{ended} of {len(found)}", stat(queries_to(one, 0.15) for one in found),
                    stat(queries_to(one, _NEAR) for one in found), stat(_to(one, one.t_s) for one in found),
                    stat(_to(one, one.energy_j) for one in found), stat(float(one.t_s[-1]) for one in found),
                    stat(float(one.energy_j[-1]) for one in found),
                )
            )  # fmt: skip
    notes = (
        "diverged: the final accuracy (mean of the last tenth of 400 evaluations) lies below the deployed one",
        "rate: learning rate, or first step in radians; FLOPS with Q = 60 samples; its sigma is ours, 0.1",
        "8-bit: heater DAC, no floor under any step; noise: the receivers of doped_si, 256 averages",
        "queries, s, J to: first running mean of three evaluations that is there",
    )
    return (Table(f"Table 1: {results.queries:,} queries", columns, tuple(rows), notes),)


def _to(one: Outcome, at: NDArray[np.float64]) -> float | None:
    return first_crossing(at, running_mean(one.accuracy), one.ideal - _NEAR)


def _draw(results: Results, path: Path, label: str) -> None:
    groups = (
        ("sparse: α = 0.15, s = 0.1", lambda row: row.alpha < 1.0 and row.condition == "paper"),
        ("dense: α = 1, s = 1", lambda row: row.alpha == 1.0),
        ("8-bit DAC (full), noisy readings (dashed)", lambda row: row.condition != "paper"),
    )
    colours = dict(zip(dict.fromkeys(row.kind for row in _ROWS), COLOURS, strict=False))
    with figure(path, len(groups), "Table 1: optimisers on the paper's MNIST network", label) as panels:
        for panel, (title, chosen) in zip(panels, groups, strict=True):
            for row in filter(chosen, _ROWS):
                curves = [(one.queries / 1e3, 100 * one.accuracy) for one in results.of(row.point)]
                band(panel, curves, colours[row.kind], row.kind, dashed=row.condition == "noise")
            panel.set(xlabel="queries (thousands)", ylabel="test accuracy (%)", title=title)
            if panel.lines:
                panel.legend(loc="lower right")


TABLE1: Final = Experiment(
    "table1", "the rivals of SZO-SCD at the paper's rates", 300_000, _points, _tables, _draw, Quick(1, 8_000)
)
