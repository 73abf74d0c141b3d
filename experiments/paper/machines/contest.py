"""Which controller for which machine: every kind that tunes a chip, where settling, heat and link are paid for.

Each runs with its own defaults on the MNIST network, host loop and, where it has one, the chip's sequencer. Queries
are no fair measure between them, as one of them may hold a probe or a mini-batch: accuracy is held against emulated
seconds and joules. A candidate of a population drives every heater and is read on the whole training set; a tenth
of the queries is already the longest run. The table takes every registered kind that tunes deployed weights, also
those that come later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import numpy as np
from numpy.typing import NDArray

from controllers.kind import DEPLOYMENT
from controllers.populations.search import PopulationOptions
from controllers.registry import CONTROLLERS
from experiments.output.pareto import Goal, front
from experiments.output.statistics import accuracy_stat, first_crossing, running_mean, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.experiment import Experiment, Results
from experiments.paper.outcome import Outcome
from experiments.paper.plots import COLOURS, figure
from experiments.sweep.points import Point
from experiments.sweep.trial import Quick

__all__ = ["MACHINES", "Contestant", "contestants", "leader"]

_MACHINES: Final = ("doped_si", "generic_heater", "undercut", "lab_loop")
_LOOKS: Final = 100
_LEVEL: Final = 0.08
_WHOLE: Final = 2_000
"""Queries from which on every machine and every loop takes part; below, two machines and one loop."""
_CANDIDATE: Final = 10
"""Queries of the others for one of a population."""
_STYLES: Final = ("-", "--", ":")
_GOALS: Final = (Goal("accuracy", more=True), Goal("elapsed_s", more=False), Goal("energy_j", more=False))

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Contestant:
    """A controller with who closes its loop, and the queries that it takes when nobody says a number."""

    kind: str
    loop: str
    queries: int
    says_loop: bool = False
    """Whether its loop is another than the one that it has by itself."""
    share: int = 1
    """It takes one of so many queries."""

    @property
    def title(self) -> str:
        """Return what tables and figures call it."""
        return self.kind if self.loop == _HOST else f"{self.kind}, {self.loop}"

    def point(self, machine: str) -> str:
        """Return the name of its point on ``machine``."""
        return f"{machine}-{self.kind}-{self.loop}"

    def overrides(self, machine: str, queries: int) -> tuple[str, ...]:
        """Return its study on ``machine``, of at most ``queries``."""
        spent = min(self.queries, max(1, queries // self.share))
        loop = (f"controller.loop={self.loop}",) if self.says_loop else ()
        return (
            f"chip.preset={machine}", "chip.dac.bits=16", "host.preset=workstation", "task.name=mnist8x8",
            "deployment.alpha=0.15", f"controller.kind={self.kind}", f"controller.queries={spent}", *loop,
            f"evaluation.every_queries={max(1, spent // _LOOKS)}",
        )  # fmt: skip


_HOST: Final = "host"


def contestants() -> tuple[Contestant, ...]:
    """Return every kind that tunes a chip, once for each loop that it knows."""
    found = []
    for kind in CONTROLLERS.values():
        if DEPLOYMENT not in kind.needs:
            continue
        fields = kind.options.model_fields
        own = str(fields["loop"].default) if "loop" in fields else _HOST
        loops = map(str, get_args(fields["loop"].annotation)) if "loop" in fields else (_HOST,)
        queries = int(fields["queries"].default)
        share = _CANDIDATE if issubclass(kind.options, PopulationOptions) else 1
        found += [Contestant(kind.name, loop, queries, loop != own, share) for loop in loops]
    return tuple(found)


def _points(queries: int) -> tuple[Point, ...]:
    chosen = contestants() if queries >= _WHOLE else _once(contestants())
    machines = _MACHINES if queries >= _WHOLE else (_MACHINES[0], _MACHINES[-1])
    return tuple(
        Point(one.point(machine), one.overrides(machine, queries)) for machine in machines for one in chosen
    )


def _once(found: Sequence[Contestant]) -> tuple[Contestant, ...]:
    """Return each kind with the last of its loops only."""
    return tuple({one.kind: one for one in found}.values())


def _each(results: Results, machine: str) -> list[tuple[Contestant, tuple[Outcome, ...]]]:
    return [(one, found) for one in contestants() if (found := results.of(one.point(machine)))]


def _tables(results: Results) -> tuple[Table, ...]:
    known = [machine for machine in _MACHINES if _each(results, machine)]
    return (*(_table(results, machine) for machine in known), _leaders(results, known))


def _table(results: Results, machine: str) -> Table:
    back = f"ideal - {100 * _LEVEL:.0f}"
    columns = (
        Column("controller"), Column("n"), Column("queries"), *(
            Column(text, 1, 100.0) for text in ("deployed %", "final %", "selected %", "best %")
        ),
        Column("time (s)", None), Column("energy (J)", None), Column("of it chip (J)", None),
        Column(f"s to {back}", None), Column(f"J to {back}", None), Column("front"),
    )  # fmt: skip
    each = _each(results, machine)
    marks = front(np.array([_goals(found) for _, found in each]), _GOALS)
    rows: list[tuple[Cell, ...]] = []
    for (one, found), mark in zip(each, marks, strict=True):
        numbers = ((run.deployed, run.final, run.selected, run.best) for run in found)
        accuracies = (accuracy_stat(column, found[0].test_samples) for column in zip(*numbers, strict=True))
        rows.append(
            (
                one.title, len(found), stat(float(run.queries[-1]) for run in found), *accuracies,
                stat(float(run.t_s[-1]) for run in found), stat(float(run.energy_j[-1]) for run in found),
                stat(float(run.energy_j[-1]) - run.host_j for run in found),
                stat(_to(run, run.t_s) for run in found), stat(_to(run, run.energy_j) for run in found),
                "front" if mark else "",
            )
        )  # fmt: skip
    notes = (
        "front: no other is as accurate (selected), as fast and as frugal at its end",
        f"to {back}: first running mean of three evaluations that is so near the electronic model's accuracy",
        "host: a workstation, 40 W idle; its thought and its arithmetic are paid for",
    )
    return Table(f"Controllers on {machine}", columns, tuple(rows), notes)


def _goals(found: Sequence[Outcome]) -> tuple[float, float, float]:
    return (
        float(np.mean([one.selected for one in found])),
        float(np.mean([one.t_s[-1] for one in found])),
        float(np.mean([one.energy_j[-1] for one in found])),
    )


def _to(one: Outcome, at: Floats) -> float | None:
    return first_crossing(at, running_mean(one.accuracy), one.ideal - _LEVEL)


def _leaders(results: Results, machines: Sequence[str]) -> Table:
    columns = (
        Column("machine"),
        Column("spent"),
        *(Column(text) for text in ("leader", "accuracy %", "second")),
    )
    rows: list[tuple[Cell, ...]] = []
    for machine in machines:
        each = _each(results, machine)
        for unit, axis in (("s", _seconds), ("J", _joules)):
            ends = [float(np.mean([axis(run)[-1] for run in found])) for _, found in each]
            starts = [float(np.mean([axis(run)[1] for run in found])) for _, found in each]
            for amount in _decades(min(starts), max(ends)):
                first, second = leader(each, amount, unit)
                rows.append((machine, f"{amount:g} {unit}", first[0], f"{100 * first[1]:.1f}", second))
    notes = (
        "mean over seeds of the accuracy at the last evaluation within the budget; the next best in brackets",
    )
    return Table("Who leads, by budget", columns, tuple(rows), notes)


def _decades(low: float, high: float) -> list[float]:
    first, last = int(np.ceil(np.log10(max(low, 1e-9)))), int(np.ceil(np.log10(max(high, 1e-9))))
    return [10.0**power for power in range(first, last + 1)]


def _seconds(one: Outcome) -> Floats:
    return one.t_s


def _joules(one: Outcome) -> Floats:
    return one.energy_j


def leader(
    each: Sequence[tuple[Contestant, Sequence[Outcome]]], amount: float, unit: str
) -> tuple[tuple[str, float], str]:
    """Return who is most accurate once ``amount`` of "s" or "J" is spent, how accurate, and the next in words."""
    axis = _seconds if unit == "s" else _joules
    scores = [
        (one.title, float(np.mean([_within(run, axis(run), amount) for run in found]))) for one, found in each
    ]
    ranked = sorted(scores, key=lambda pair: -pair[1])
    second = f"{ranked[1][0]} ({100 * ranked[1][1]:.1f})" if len(ranked) > 1 else ""
    return ranked[0], second


def _within(one: Outcome, at: Floats, amount: float) -> float:
    return float(one.accuracy[max(0, int(np.searchsorted(at, amount, side="right")) - 1)])


def _draw(results: Results, path: Path, label: str) -> None:
    known = [machine for machine in _MACHINES if _each(results, machine)]
    looks = {one: (COLOURS[n % len(COLOURS)], _STYLES[n // len(COLOURS)]) for n, one in enumerate(_kinds())}
    title = "Accuracy against emulated seconds (above) and joules (below), MNIST 8x8, α = 0.15"
    with figure(path, len(known), title, label, rows=2) as panels:
        for place, machine in enumerate(known):
            for row, (unit, axis) in enumerate((("time (s)", _seconds), ("energy (J)", _joules))):
                panel = panels[row * len(known) + place]
                for one, found in _each(results, machine):
                    colour, style = looks[one.kind]
                    width = 1.0 if one.loop == _HOST else 2.0
                    x = np.mean([axis(run)[: _shortest(found)] for run in found], axis=0)
                    y = np.mean([run.accuracy[: _shortest(found)] for run in found], axis=0)
                    panel.plot(x[1:], 100 * y[1:], style, color=colour, linewidth=width, label=one.title)
                panel.set(xscale="log", xlabel=unit, title=machine if row == 0 else "")
                if place == 0:
                    panel.set_ylabel("test accuracy (%)")
        handles, names = panels[0].get_legend_handles_labels()
        panels[0].figure.legend(handles, names, loc="outside right center")


def _kinds() -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.kind for one in contestants()))


def _shortest(found: Sequence[Outcome]) -> int:
    return min(len(one.accuracy) for one in found)


MACHINES: Final = Experiment(
    "machines", "which controller for which machine", 20_000, _points, _tables, _draw, Quick(1, 600)
)
