"""How fine must readings and phases be: accuracy against the resolution of ADC, averaging and heater DAC.

Algorithm 1 takes a tie for a failure and steps back without asking. Coarse readings may make losses tie, noisy
ones turn comparisons into coin tosses: either way phases walk. The counts of the controller say how much.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from experiments.output.statistics import accuracy_stat, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.experiment import Experiment, Results
from experiments.paper.outcome import Outcome
from experiments.paper.plots import COLOURS, figure
from experiments.paper.szo_scd.networks import MNIST
from experiments.sweep.points import Point
from experiments.sweep.trial import Quick

__all__ = ["RECEIVER"]

_FLOOR: Final = "controller.step_floor=dac_step"
_IDEAL: Final = (
    "chip.receiver.shot_noise=false",
    "chip.receiver.thermal_noise_a_per_sqrt_hz=0.0",
    "chip.receiver.adc_bits=0",
    "chip.inputs.bits=0",
    "chip.dac.bits=0",
)


@dataclass(frozen=True)
class _Row:
    """One row: a point, which family it belongs to, what is changed, and its overrides of the base."""

    point: str
    family: str
    what: str
    overrides: tuple[str, ...]


def _adc(bits: int) -> _Row:
    return _Row(
        f"adc{bits}", "ADC bits", str(bits) if bits else "ideal", (_FLOOR, f"chip.receiver.adc_bits={bits}")
    )


def _silent(bits: int) -> _Row:
    """Return a coarse ADC without noise, which would dither it: only here may losses tie exactly."""
    silence = ("chip.receiver.shot_noise=false", "chip.receiver.thermal_noise_a_per_sqrt_hz=0.0")
    return _Row(
        f"silent{bits}", "ADC bits, no noise", str(bits), (_FLOOR, *silence, f"chip.receiver.adc_bits={bits}")
    )


def _averages(count: int) -> _Row:
    return _Row(f"averages{count}", "averages", str(count), (_FLOOR, f"chip.receiver.averages={count}"))


def _dac(bits: int, floor: str) -> _Row:
    overrides = (f"chip.dac.bits={bits}", f"controller.step_floor={floor}")
    return _Row(
        f"dac{bits}-{floor.replace('_', '-')}", "heater DAC bits", f"{bits}, floor {floor}", overrides
    )


_BASE: Final = _Row("base", "base", "ADC 14 bits, 256 averages, DAC 8 bits, floor dac_step", (_FLOOR,))
_ROWS: Final = (
    _Row("ideal", "ideal", "no noise, no steps anywhere", _IDEAL),
    _BASE,
    *(_adc(bits) for bits in (8, 10, 12, 0)),
    *(_averages(count) for count in (1, 16)),
    *(_silent(bits) for bits in (8, 10, 12)),
    _dac(8, "none"),
    _dac(12, "none"),
    _dac(16, "none"),
)


def _points(queries: int) -> tuple[Point, ...]:
    common = (
        "chip.preset=doped_si", *MNIST.overrides, "deployment.alpha=0.15", "controller.power_awareness=0.0",
        "chip.receiver.averages=256", "chip.receiver.adc_bits=14", "chip.dac.bits=8",
        f"controller.queries={queries}", f"evaluation.every_queries={max(1, queries // 100)}",
    )  # fmt: skip
    return tuple(Point(row.point, (*common, *row.overrides)) for row in _ROWS)


def _tables(results: Results) -> tuple[Table, ...]:
    columns = (
        Column("changed"), Column("value"), Column("n"), Column("deployed %", 1, 100.0),
        Column("final %", 1, 100.0),
        Column("selected %", 1, 100.0), Column("best %", 1, 100.0), Column("accepted %", 1, 100.0),
        Column("ties %", 2, 100.0), Column("rms move (rad)", 3), Column("mean move (rad)", 3),
        Column("query (us)", 2),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for row in _ROWS:
        found = results.of(row.point)
        if found:
            columns_of = list(zip(*(_numbers(one) for one in found), strict=True))
            samples, rest = found[0].test_samples, columns_of[_ACCURACIES:]
            accuracies = (accuracy_stat(column, samples) for column in columns_of[:_ACCURACIES])
            rows.append((row.family, row.what, len(found), *accuracies, *(stat(column) for column in rest)))
    notes = (
        "base: doped_si with 14-bit ADCs, 256 averages, 8-bit heater DACs and a step of at least one DAC step",
        "ties: losses exactly equal after the step up, in % of visits; Algorithm 1 then steps back unasked",
        "move: active phases, end - start, the short way round; v visits without aim have rms step sqrt(v)",
    )
    return (
        Table(f"Resolution of readings and phases: {results.queries:,} queries", columns, tuple(rows), notes),
    )


_ACCURACIES: Final = 4
"""How many of a run's numbers are accuracies; they come first."""


def _numbers(one: Outcome) -> tuple[float, ...]:
    visits = max(1, one.visited)
    moved = one.moved_rad
    return (
        one.deployed, one.final, one.selected, one.best, one.accepted / visits, one.tied / visits,
        math.sqrt(float(np.mean(moved**2))), float(moved.mean()), 1e6 * float(one.t_s[-1]) / float(one.queries[-1]),
    )  # fmt: skip


def _draw(results: Results, path: Path, label: str) -> None:
    rows = [row for row in _ROWS if results.of(row.point)]
    families = list(dict.fromkeys(row.family for row in rows))
    title = "Resolution and recovery: MNIST 8x8 on doped silicon, α = 0.15"
    with figure(path, 2, title, label) as (left, right):
        for height, row in enumerate(reversed(rows)):
            colour = COLOURS[families.index(row.family)]
            found = results.of(row.point)
            for axes, values in (
                (left, [100 * o.final for o in found]),
                (right, [100 * o.tied / max(1, o.visited) for o in found]),
            ):
                axes.plot(values, [height] * len(values), "o", color=colour, alpha=0.4, markersize=4)
                axes.plot(
                    [float(np.mean(values))], [height], "|", color=colour, markersize=14, markeredgewidth=2
                )
        left.set_yticks(range(len(rows)), [_label(row) for row in reversed(rows)])
        right.set_yticks(range(len(rows)), [""] * len(rows))
        left.set(xlabel="final test accuracy (%)", title=f"after {results.queries:,} queries")
        right.set(xlabel="visits whose losses tie (%)", title="ties")


def _label(row: _Row) -> str:
    return row.family if row.family in {"base", "ideal"} else f"{row.family}: {row.what}"


RECEIVER: Final = Experiment(
    "receiver",
    "what the resolution of readings and phases does",
    100_000,
    _points,
    _tables,
    _draw,
    Quick(1, 5_000),
)
