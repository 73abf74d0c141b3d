"""How long should the loop wait for the heaters: accuracy against emulated time for several settling waits.

No paper has this study. Heaters follow their thermal network; two benches differ in what else a query costs:
"preset" has the preset's link and host, "fast" a host and a link without delay, so that the wait matters most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from experiments.output.statistics import accuracy_stat, first_crossing, recovered_share, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.experiment import Experiment, Results
from experiments.paper.outcome import Outcome
from experiments.paper.plots import COLOURS, band, figure, shades
from experiments.paper.szo_scd.networks import MNIST
from experiments.sweep.points import Point
from experiments.sweep.trial import Quick

__all__ = ["SETTLING", "accuracy_at", "knee"]

TAU_S: Final = 1.22e-6
"""Time constant of the heaters of ``doped_si``."""

_WAITS: Final = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
_SHARE: Final = 0.8
_KNEE_MARGIN: Final = 0.01


@dataclass(frozen=True)
class _Bench:
    name: str
    title: str
    latency_s: float
    """Time between the end of the wait and the light, during which the heaters settle on."""
    overrides: tuple[str, ...]


_BENCHES: Final = (
    _Bench("preset", "preset link and host", 1e-6, ("host.preset=workstation", "chip.link.latency_s=1e-6")),
    _Bench("fast", "no link latency, ideal host", 0.0, ("host.preset=ideal", "chip.link.latency_s=0.0")),
)


def _name(bench: _Bench, wait: float) -> str:
    return f"{bench.name}-{wait:g}tau"


def _points(queries: int) -> tuple[Point, ...]:
    common = (
        "chip.preset=doped_si", f"chip.heaters.tau_s={TAU_S}", "chip.heaters.dynamics=dynamic", *MNIST.overrides,
        "deployment.alpha=0.15", "controller.step_floor=dac_step", "controller.power_awareness=0.0",
        f"controller.queries={queries}", f"evaluation.every_queries={max(1, queries // 100)}",
    )  # fmt: skip
    return tuple(
        Point(_name(bench, wait), (*common, *bench.overrides, f"chip.heaters.settle_s={wait * TAU_S:.6g}"))
        for bench in _BENCHES
        for wait in _WAITS
    )


def accuracy_at(outcome: Outcome, t_s: float) -> float:
    """Return the test accuracy at the last evaluation not after ``t_s`` of emulated time."""
    return float(outcome.accuracy[np.searchsorted(outcome.t_s, t_s, side="right") - 1])


def knee(waits: Sequence[float], accuracies: Sequence[float], margin: float = _KNEE_MARGIN) -> float:
    """Return the shortest wait from which on no accuracy is more than ``margin`` below the longest wait's."""
    enough = waits[-1]
    for wait, accuracy in zip(reversed(waits), reversed(accuracies), strict=True):
        if accuracy < accuracies[-1] - margin:
            break
        enough = wait
    return enough


def _tables(results: Results) -> tuple[Table, ...]:
    return tuple(_bench_table(results, bench) for bench in _BENCHES if _found(results, bench))


def _found(results: Results, bench: _Bench) -> list[tuple[float, tuple[Outcome, ...]]]:
    return [(wait, found) for wait in _WAITS if (found := results.of(_name(bench, wait)))]


def _bench_table(results: Results, bench: _Bench) -> Table:
    columns = (
        Column("wait (tau)", 1), Column("until light (tau)", 2), Column("n"), Column("query (us)", 2),
        Column("deployed %", 1, 100.0), Column("final %", 1, 100.0), Column("selected %", 1, 100.0),
        Column("elapsed (s)", 3), Column("% at equal time", 1, 100.0), Column(f"ms to {_SHARE:.0%} back", 1, 1e3),
        Column("energy (J)", 2), Column("of it chip (J)", 2), Column(f"J to {_SHARE:.0%} back", 2),
    )  # fmt: skip
    found = _found(results, bench)
    equal_s = min(one.t_s[-1] for _, outcomes in found for one in outcomes)
    rows: list[tuple[Cell, ...]] = []
    for wait, outcomes in found:
        samples = outcomes[0].test_samples
        rows.append(
            (
                wait, wait + bench.latency_s / TAU_S, len(outcomes),
                stat(1e6 * one.t_s[-1] / one.queries[-1] for one in outcomes),
                accuracy_stat((one.deployed for one in outcomes), samples),
                accuracy_stat((one.final for one in outcomes), samples),
                accuracy_stat((one.selected for one in outcomes), samples), stat(one.t_s[-1] for one in outcomes),
                accuracy_stat((accuracy_at(one, equal_s) for one in outcomes), samples),
                stat(_back(one, one.t_s) for one in outcomes),
                stat(one.energy_j[-1] for one in outcomes), stat(one.energy_j[-1] - one.host_j for one in outcomes),
                stat(_back(one, one.energy_j) for one in outcomes),
            )
        )  # fmt: skip
    return Table(
        f"Waiting for the heaters, {bench.title}: {results.queries:,} queries",
        columns,
        tuple(rows),
        _notes(found, equal_s),
    )


def _back(one: Outcome, at: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float | None:
    return first_crossing(at, recovered_share(one.accuracy, one.ideal), _SHARE)


def _notes(found: list[tuple[float, tuple[Outcome, ...]]], equal_s: float) -> tuple[str, ...]:
    waits = [wait for wait, _ in found]
    final = [float(np.mean([one.final for one in outcomes])) for _, outcomes in found]
    early = [float(np.mean([accuracy_at(one, equal_s) for one in outcomes])) for _, outcomes in found]
    return (
        f"knee: from {knee(waits, final):g} tau on, mean final accuracy is within one point of the longest wait's",
        f"shortest wait costs {100 * (final[-1] - final[0]):.1f} points of final accuracy against the longest",
        f"at equal emulated time ({1e3 * equal_s:.1f} ms) the best wait is {waits[int(np.argmax(early))]:g} tau",
        "until light: the wait and the request's latency; the heaters settle on while the request travels",
    )


def _draw(results: Results, path: Path, label: str) -> None:
    title = "Waiting for the heaters: MNIST 8x8 on doped silicon, τ = 1.22 µs, α = 0.15"
    with figure(path, 3, title, label) as axes:
        for panel, bench in zip(axes, _BENCHES, strict=False):
            found = _found(results, bench)
            for colour, (wait, outcomes) in zip(shades(len(found)), found, strict=True):
                curves = [(1e3 * one.t_s, 100 * one.accuracy) for one in outcomes]
                band(panel, curves, colour, f"{wait:g} τ")
            panel.set(xlabel="emulated time (ms)", ylabel="test accuracy (%)", title=bench.title)
        axes[0].legend(loc="lower right", ncol=2, title="wait")
        for colour, bench in zip(COLOURS, _BENCHES, strict=False):
            found = _found(results, bench)
            stats = [stat(100 * one.final for one in outcomes) for _, outcomes in found]
            spread = [0.0 if s.n < 2 else s.sd for s in stats]
            axes[2].errorbar(
                [wait for wait, _ in found], [s.mean for s in stats], spread, color=colour, marker="o",
                markersize=4, capsize=2, label=bench.title,
            )  # fmt: skip
        axes[2].set(
            xlabel="wait (τ)", ylabel="final test accuracy (%)", title=f"after {results.queries:,} queries"
        )
        axes[2].legend(loc="lower right")


SETTLING: Final = Experiment(
    "settling", "how long to wait for the heaters", 100_000, _points, _tables, _draw, Quick(1, 4_000)
)
