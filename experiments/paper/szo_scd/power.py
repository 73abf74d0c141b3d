"""What power-aware pruning saves, for each reading of Algorithm 1 (paper: Figure 6, 30 % to 50 % at p = 1).

Readings: "text/wrapped" skips a step back that raises phi mod 2 pi with probability p; "text/signed" estimates the
power by |phi| on (-pi, pi]; "printed/wrapped" takes such a step with probability p, as Algorithm 1 is printed.
The same command prints the null model of ``ratchet``, which shows what pruning does without any network.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.streams import stream
from experiments.output.statistics import Stat, accuracy_stat, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.experiment import MNIST, Experiment, Results
from experiments.paper.plots import COLOURS, band, figure
from experiments.paper.szo_scd import ratchet
from experiments.paper.szo_scd.outcome import Outcome
from experiments.paper.szo_scd.ratchet import Schedule
from experiments.sweep.points import Point

__all__ = ["POWER", "savings"]

VOWEL_QUERIES: Final = 20_000
"""Length of the paper's run of the 8-16-16-4 network (Figure 6a)."""

_VOWEL: Final = ("task.name=vowel", "controller.sparsity=0.6", "controller.epoch_iterations=8")
_NULL_PHASES: Final = 6000


@dataclass(frozen=True)
class _Row:
    """One row of the table: a point, what it is called, and the point without pruning that it is held against."""

    point: str
    network: str
    reading: str
    p: float
    base: str
    overrides: tuple[str, ...] = ()


def _reading(name: str, p: float) -> tuple[str, ...]:
    pruning, estimate = name.split("/")
    return (
        f"controller.pruning={pruning}",
        f"controller.power_estimate={estimate}",
        f"controller.power_awareness={p}",
    )


def _row(point: str, network: str, reading: str, p: float, base: str, extra: tuple[str, ...] = ()) -> _Row:
    return _Row(point, network, reading, p, base, (*_reading(reading, p), *extra))


_NO_DECAY: Final = ("controller.step_decay=1.0",)
_LARGE: Final = ("controller.step_rad=0.05",)

_ROWS: Final = (
    _row("off", "mnist", "text/wrapped", 0.0, "off"),
    _row("wrapped-p0.5", "mnist", "text/wrapped", 0.5, "off"),
    _row("wrapped-p1", "mnist", "text/wrapped", 1.0, "off"),
    _row("signed-p0.5", "mnist", "text/signed", 0.5, "off"),
    _row("signed-p1", "mnist", "text/signed", 1.0, "off"),
    _row("printed-p0", "mnist", "printed/wrapped", 0.0, "printed-p1"),
    _row("printed-p0.5", "mnist", "printed/wrapped", 0.5, "printed-p1"),
    _row("printed-p1", "mnist", "printed/wrapped", 1.0, "printed-p1"),
    _row("nodecay-off", "mnist, no decay", "text/wrapped", 0.0, "nodecay-off", _NO_DECAY),
    _row("nodecay-wrapped-p1", "mnist, no decay", "text/wrapped", 1.0, "nodecay-off", _NO_DECAY),
    _row("large-off", "mnist, step 0.05", "text/wrapped", 0.0, "large-off", _LARGE),
    _row("large-wrapped-p1", "mnist, step 0.05", "text/wrapped", 1.0, "large-off", _LARGE),
    _row("vowel-off", "vowel", "text/wrapped", 0.0, "vowel-off", _VOWEL),
    _row("vowel-wrapped-p1", "vowel", "text/wrapped", 1.0, "vowel-off", _VOWEL),
    _row("vowel-signed-p1", "vowel", "text/signed", 1.0, "vowel-off", _VOWEL),
)


def _points(queries: int) -> tuple[Point, ...]:
    points = []
    for row in _ROWS:
        spent = min(queries, VOWEL_QUERIES) if row.network == "vowel" else queries
        fixed = ("chip.preset=paper", "deployment.alpha=0.15", f"controller.queries={spent}")
        every = f"evaluation.every_queries={max(1, spent // 100)}"
        points.append(Point(row.point, (*fixed, *MNIST, *row.overrides, every)))
    return tuple(points)


def savings(mine: NDArray[np.float64], base: NDArray[np.float64]) -> Stat:
    """Return 1 - mine/base, seed by seed."""
    return stat((1.0 - mine / base).tolist())


def _tables(results: Results) -> tuple[Table, ...]:
    return _network_table(results), *_null_tables(results)


def _network_table(results: Results) -> Table:
    columns = (
        Column("network"), Column("reading"), Column("p", 1), Column("n"), Column("active"),
        Column("start (rad)", 1), Column("end (rad)", 1), Column("saving at end %", 1, 100.0),
        Column("heaters (J)", 3), Column("energy saving %", 1, 100.0), Column("final %", 1, 100.0),
        Column("selected %", 1, 100.0), Column("pruned % of steps back", 2, 100.0),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for row in _ROWS:
        own, base = _paired(results, row)
        found = results.of(row.point)
        if not found:
            continue
        back = [one.pruned / max(1, one.visited - one.accepted) for one in found]
        rows.append(
            (
                row.network, row.reading, row.p, len(found), found[0].active,
                stat(_total(one.initial_rad) for one in found), stat(_total(one.final_rad) for one in found),
                savings(_totals(own), _totals(base)), stat(one.heaters_j for one in found),
                savings(_joules(own), _joules(base)),
                accuracy_stat((one.final for one in found), found[0].test_samples),
                accuracy_stat((one.selected for one in found), found[0].test_samples), stat(back),
            )
        )  # fmt: skip
    notes = (
        "saving: against the same reading unpruned, seed by seed; printed p = 1 prunes nothing, p = 0 always",
        "text/signed at p = 0 is text/wrapped at p = 0: no step is pruned, no random number drawn",
        f"vowel: s = 0.6, an epoch of 8 iterations, at most {VOWEL_QUERIES:,} queries, the paper's length",
        "paper, p = 0 -> 1: 339.4 -> 233.6 rad (-31 %, vowel), 1937.6 -> 993.6 rad (-49 %, mnist, 2 M queries)",
    )
    return Table(f"Total active phase after {results.queries:,} queries", columns, tuple(rows), notes)


def _paired(results: Results, row: _Row) -> tuple[list[Outcome], list[Outcome]]:
    base = {one.seed: one for one in results.of(row.base)}
    own = [one for one in results.of(row.point) if one.seed in base]
    return own, [base[one.seed] for one in own]


def _total(phases: NDArray[np.float64]) -> float:
    return float(phases.sum())


def _totals(found: list[Outcome]) -> NDArray[np.float64]:
    return np.array([_total(one.final_rad) for one in found])


def _joules(found: list[Outcome]) -> NDArray[np.float64]:
    return np.array([one.heaters_j for one in found])


def _schedules(results: Results) -> tuple[tuple[str, str, Schedule], ...]:
    """Return (what, point whose deployed phases are a start, schedule)."""
    mnist = _active(results, "off", 353)
    vowel = _active(results, "vowel-off", 67)
    long = 2_000_000

    def of(queries: int, step_rad: float = 0.02, decay: float = 0.985) -> Schedule:
        return Schedule.of_run(queries, mnist, 0.1, 1875, step_rad, decay)

    return (
        (f"mnist, {results.queries:,} queries", "off", of(results.queries)),
        ("mnist, 300,000 queries", "off", of(300_000)),
        (f"mnist, {long:,} queries", "off", of(long)),
        (f"mnist, {long:,}, no decay", "off", of(long, decay=1.0)),
        (f"mnist, {long:,}, step 0.05", "off", of(long, step_rad=0.05)),
        (f"vowel, {VOWEL_QUERIES:,} queries", "vowel-off", Schedule.of_run(VOWEL_QUERIES, vowel, 0.6, 8)),
    )


def _active(results: Results, point: str, default: int) -> int:
    found = results.of(point)
    return found[0].active if found else default


def _null_tables(results: Results) -> tuple[Table, Table]:
    return _drift_table(results), _limit_table()


def _drift_table(results: Results) -> Table:
    columns = (
        Column("schedule"), Column("visits a phase"), Column("start"), Column("mean start (rad)", 2),
        Column("p = 0 (rad)", 2), Column("wrapped (rad)", 2), Column("saving %", 1, 100.0),
        Column("signed (rad)", 2), Column("saving %", 1, 100.0),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for what, point, schedule in _schedules(results):
        for start, phases in _starts(results, point):
            ends = [_end(phases, schedule, reading, f"{what}/{start}") for reading in ratchet.READINGS]
            off, wrapped, signed = ends
            rows.append(
                (
                    what, schedule.visits, start, float(phases.mean()), off, wrapped, 1 - wrapped / off,
                    signed, 1 - signed / off,
                )
            )  # fmt: skip
    notes = (
        "every step is accepted by the toss of a coin; p = 1; saving against p = 0 after as many visits",
        f"{_NULL_PHASES} phases, so a mean is known to about 0.02 rad; deployed: drawn from the runs' own start",
    )
    return Table("Null model: what pruning does without a network", columns, tuple(rows), notes)


def _starts(results: Results, point: str) -> list[tuple[str, NDArray[np.float64]]]:
    uniform = stream(0, "paper/ratchet/uniform").random(_NULL_PHASES) * 2.0 * np.pi
    found = results.of(point)
    if not found:
        return [("uniform", uniform)]
    pool = np.concatenate([one.initial_rad for one in found])
    return [
        ("uniform", uniform),
        ("deployed", stream(0, "paper/ratchet/deployed").choice(pool, _NULL_PHASES)),
    ]


def _end(phases: NDArray[np.float64], schedule: Schedule, reading: ratchet.Reading, name: str) -> float:
    rng = stream(0, f"paper/ratchet/{name}")  # the same coins for every reading
    return float(ratchet.walk(phases, schedule, reading, 1.0, rng).mean())


def _limit_table() -> Table:
    columns = (Column("reading"), Column("how"), Column("mean (rad)", 4), Column("limit, step -> 0 (rad)", 4))
    sites = 314
    chain = ratchet.wrapped_chain(sites)
    formula = (sites - np.arange(sites)) / (sites * (sites + 1) / 2)
    mean = float(chain @ np.arange(sites)) * 2.0 * np.pi / sites
    off = float(np.abs(chain - formula).max())
    uniform = stream(0, "paper/ratchet/uniform").random(_NULL_PHASES) * 2.0 * np.pi
    limits = (np.pi, ratchet.WRAPPED_LIMIT_RAD, ratchet.SIGNED_LIMIT_RAD)
    how = f"balance on {sites} sites, largest distance to K - j: {off:.0e}"
    rows: list[tuple[Cell, ...]] = [("wrapped", how, mean, limits[1])]
    for reading, limit in zip(ratchet.READINGS, limits, strict=True):
        coarse, fine = (_end(uniform, Schedule(6400, step), reading, "limit") for step in (0.1, 0.05))
        rows += [
            (reading, "6,400 visits at step 0.1", coarse, limit),
            (reading, "6,400 visits at step 0.05", fine, limit),
            (reading, "extrapolated to step 0", 2.0 * fine - coarse, limit),
        ]
    notes = ("limits: pi, 2 pi/3 (-33 %) and pi/3 (-67 %); ratchet.py derives them",)
    return Table("Null model: where it ends", columns, tuple(rows), notes)


def _draw(results: Results, path: Path) -> None:
    shown = (("off", "p = 0"), ("wrapped-p1", "p = 1, φ mod 2π"), ("signed-p1", "p = 1, |φ| on (-π, π]"))
    with figure(path, 3, "Power-aware pruning, α = 0.15") as (left, middle, right):
        for colour, (point, label) in zip(COLOURS, shown, strict=False):
            found = results.of(point)
            power = [(one.queries / 1e3, 100.0 * one.heater_w / one.heater_w[0]) for one in found]
            band(left, power, colour, label)
            band(middle, [(one.queries / 1e3, 100.0 * one.accuracy) for one in found], colour, label)
        left.set(
            xlabel="queries (thousands)", ylabel="total active phase (% of start)", title="MNIST 8x8: power"
        )
        middle.set(xlabel="queries (thousands)", ylabel="test accuracy (%)", title="MNIST 8x8: accuracy")
        middle.legend(loc="lower left")
        phases = stream(0, "paper/ratchet/uniform").random(2000) * 2.0 * np.pi
        schedule = Schedule(visits=12_000)
        for colour, (reading, (_, label)) in zip(
            COLOURS, zip(ratchet.READINGS, shown, strict=True), strict=False
        ):
            means, _ = ratchet.drift(phases, schedule, reading, 1.0, stream(0, "paper/ratchet/figure"))
            right.plot(np.arange(means.size) / 1e3, means, color=colour, label=label)
        for limit in (ratchet.WRAPPED_LIMIT_RAD, ratchet.SIGNED_LIMIT_RAD):
            right.axhline(limit, color="0.3", linestyle=":")
        right.axvline(_schedules(results)[2][2].visits / 1e3, color="0.3", linewidth=0.8)
        right.annotate(" 2 M queries", (_schedules(results)[2][2].visits / 1e3, 3.35), fontsize=8, va="top")
        right.set(
            xlabel="visits a phase (thousands), step 0.02",
            ylabel="mean phase (rad)",
            title="null model, no decay",
        )


POWER: Final = Experiment("power", "what power-aware pruning saves", 300_000, _points, _tables, _draw)
