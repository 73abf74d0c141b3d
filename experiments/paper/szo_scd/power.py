"""What power-aware pruning saves, by mesh and by reading of Algorithm 1 (paper: Figure 6, 30 % to 50 % at p = 1).

Readings: "text/wrapped" skips a step back that raises phi mod 2 pi with probability p; "text/signed" estimates the
power by |phi| on (-pi, pi]; "printed/wrapped" takes such a step with probability p, as Algorithm 1 is printed.

A thin mesh has as many phases as the matrix has weights. A square one has two whole unitaries, of which some
rotators act on modes behind which no attenuator lies: no output depends on them, so that their losses tie exactly,
Algorithm 1 steps down every time, and with p = 1 they come to rest at 0. The table calls them idle.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from experiments.output.statistics import Stat, accuracy_stat, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.experiment import Experiment, Results
from experiments.paper.outcome import Outcome
from experiments.paper.plots import COLOURS, band, figure
from experiments.paper.szo_scd.networks import MNIST, PAPER, VOWEL, Network, evaluated
from experiments.paper.szo_scd.null_model import draw_null, null_tables
from experiments.sweep.points import Point
from experiments.sweep.trial import Quick

__all__ = ["EIGHT_BITS", "POWER", "idle_rad", "paired", "saved"]

EIGHT_BITS: Final = ("chip.dac.bits=8", "controller.step_floor=dac_step", "controller.phase_memory=dac")
"""A heater DAC of 8 bits, a step of at least one of its steps, and a controller that remembers what it has set."""


@dataclass(frozen=True)
class _Row:
    """One row: network, mesh, reading of the rule, p, and the point without pruning that it is held against."""

    network: Network
    mesh: str
    reading: str
    p: float
    base_p: float = 0.0
    extra: tuple[str, ...] = ()
    note: str = ""

    def point(self, p: float) -> str:
        """Return the name of its point at ``p``; no reading prunes at p = 0 of the text."""
        plain = self.reading == _TEXT or (self.reading == _SIGNED and p == 0.0)
        reading = "" if plain else f"-{self.reading.replace('/', '-')}"
        network = "" if self.network is MNIST else "vowel-"
        return f"{network}{self.mesh.replace(' ', '-')}{self.note and '-8bit'}{reading}-p{p:g}"

    @property
    def overrides(self) -> tuple[str, ...]:
        shape, rotation = self.mesh.split()
        pruning, estimate = self.reading.split("/")
        return (
            f"chip.mesh.shape={shape}", f"chip.mesh.rotation={rotation}", f"controller.pruning={pruning}",
            f"controller.power_estimate={estimate}", f"controller.power_awareness={self.p}", *self.extra,
        )  # fmt: skip

    def idle(self) -> NDArray[np.bool_]:
        """Return which devices no output depends on."""
        return self.network.idle("thin" if self.mesh == _THIN else "square")


_TEXT: Final = "text/wrapped"
_SIGNED: Final = "text/signed"
_PRINTED: Final = "printed/wrapped"
_THIN, _SQUARE, _SQUARE_CW = "thin ccw", "square ccw", "square cw"

_ROWS: Final = (
    *(_Row(MNIST, _THIN, _TEXT, p) for p in (0.0, 0.5, 1.0)),
    *(_Row(MNIST, _SQUARE, _TEXT, p) for p in (0.0, 1.0)),
    *(_Row(MNIST, _SQUARE, _TEXT, p, 0.0, EIGHT_BITS, ", 8-bit DAC") for p in (0.0, 1.0)),
    *(_Row(MNIST, _SQUARE_CW, _TEXT, p) for p in (0.0, 1.0)),
    _Row(MNIST, _THIN, _SIGNED, 1.0),
    *(_Row(MNIST, _THIN, _PRINTED, p, 1.0) for p in (0.0, 1.0)),
    *(_Row(VOWEL, mesh, _TEXT, p) for mesh in (_THIN, _SQUARE, _SQUARE_CW) for p in (0.0, 1.0)),
)


def _points(queries: int) -> tuple[Point, ...]:
    points = []
    for row in _ROWS:
        spent = min(queries, row.network.queries)
        fixed = (*PAPER, "deployment.alpha=0.15", *row.network.overrides, *row.network.spent(queries))
        points.append(Point(row.point(row.p), (*fixed, *row.overrides, evaluated(spent, 100))))
    return tuple(points)


def saved(mine: NDArray[np.float64], base: NDArray[np.float64]) -> Stat:
    """Return 1 - mine/base, seed by seed."""
    return stat((1.0 - mine / base).tolist())


def paired(results: Results, point: str, base: str) -> tuple[list[Outcome], list[Outcome]]:
    """Return the runs of ``point`` and of ``base`` that share a seed, in the same order."""
    others = {one.seed: one for one in results.of(base)}
    own = [one for one in results.of(point) if one.seed in others]
    return own, [others[one.seed] for one in own]


def idle_rad(outcome: Outcome, idle: NDArray[np.bool_]) -> float:
    """Return the part of the total active phase at the end that ``idle`` devices have."""
    return float(outcome.final_rad[idle[outcome.heaters]].sum())


def _tables(results: Results) -> tuple[Table, ...]:
    return _network_table(results), *null_tables(results)


def _network_table(results: Results) -> Table:
    columns = (
        Column("network"), Column("mesh"), Column("reading"), Column("p", 1), Column("n"), Column("active"),
        Column("of them idle"), Column("ties % of visits", 1, 100.0), Column("start (rad)"), Column("end (rad)"),
        Column("of it idle (rad)"), Column("saving %", 1, 100.0), Column("of it by idle ones %", 1, 100.0),
        Column("heater energy saving %", 1, 100.0), Column("final %", 1, 100.0), Column("best %", 1, 100.0),
    )  # fmt: skip
    rows = tuple(_cells(results, row) for row in _ROWS if results.of(row.point(row.p)))
    idle = MNIST.idle("square")
    notes = (
        "saving: of the total active phase at the end, against the same reading unpruned, seed by seed",
        "printed p = 1 prunes nothing and p = 0 always; text/signed at p = 0 is text/wrapped at p = 0",
        f"idle: rotators of a square mesh that no output depends on, {int(idle.sum())} of {idle.size:,} in "
        f"{MNIST.title} ({idle.mean():.0%}); thin meshes have none. Their losses tie at every visit",
        f"vowel: s = 0.6, an epoch of 8 iterations, at most {VOWEL.queries:,} queries, the paper's length",
        "paper, p = 0 -> 1: 339.4 -> 233.6 rad (-31 %, vowel), 1937.6 -> 993.6 rad (-49 %, MNIST, 2 M queries)",
    )
    return Table(f"Total active phase after {results.queries:,} queries", columns, rows, notes)


def _cells(results: Results, row: _Row) -> tuple[Cell, ...]:
    found, idle = results.of(row.point(row.p)), row.idle()
    own, base = paired(results, row.point(row.p), row.point(row.base_p))
    ends, idle_ends = _ends(own), np.array([idle_rad(one, idle) for one in own])
    base_ends, base_idle = _ends(base), np.array([idle_rad(one, idle) for one in base])
    return (
        row.network.name, f"{row.mesh}{row.note}", row.reading, row.p, len(found), found[0].active,
        stat(float(idle[one.heaters].sum()) for one in found),
        stat(one.tied / max(1, one.visited) for one in found),
        stat(one.initial_total_rad for one in found), stat(one.total_rad for one in found),
        stat(idle_rad(one, idle) for one in found), saved(ends, base_ends),
        stat(((base_idle - idle_ends) / base_ends).tolist()), saved(_joules(own), _joules(base)),
        accuracy_stat((one.final for one in found), found[0].test_samples),
        accuracy_stat((one.best for one in found), found[0].test_samples),
    )  # fmt: skip


def _ends(found: list[Outcome]) -> NDArray[np.float64]:
    return np.array([one.total_rad for one in found])


def _joules(found: list[Outcome]) -> NDArray[np.float64]:
    return np.array([one.heaters_j for one in found])


def _draw(results: Results, path: Path, label: str) -> None:
    meshes = ((_THIN, COLOURS[0]), (_SQUARE, COLOURS[1]), (_SQUARE_CW, COLOURS[2]))
    with figure(path, 3, "Power-aware pruning, α = 0.15, φ mod 2π", label) as (left, middle, right):
        for mesh, colour in meshes:
            for p in (0.0, 1.0):
                found = results.of(_Row(MNIST, mesh, _TEXT, p).point(p))
                if found:
                    name, dashed = f"{mesh}, p = {p:g}", p == 0.0
                    start = [one.initial_total_rad / one.heater_w[0] for one in found]
                    power = [
                        (one.queries / 1e3, k * one.heater_w) for k, one in zip(start, found, strict=True)
                    ]
                    band(left, power, colour, name, dashed)
                    band(middle, [(o.queries / 1e3, 100.0 * o.accuracy) for o in found], colour, name, dashed)
        left.set(xlabel="queries (thousands)", ylabel="total active phase (rad)", title="MNIST 8x8: power")
        left.set_ylim(bottom=0)
        middle.set(xlabel="queries (thousands)", ylabel="test accuracy (%)", title="MNIST 8x8: accuracy")
        middle.legend(loc="lower right")
        draw_null(results, right)


POWER: Final = Experiment(
    "power", "what power-aware pruning saves", 300_000, _points, _tables, _draw, Quick(1, 10_000)
)
