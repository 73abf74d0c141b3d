"""The null model's tables: what pruning does to phases whose steps a coin decides, beside the runs of a network."""

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from emulator.streams import stream
from experiments.output.tables import Cell, Column, Table
from experiments.paper.experiment import Results
from experiments.paper.plots import COLOURS
from experiments.paper.szo_scd import ratchet
from experiments.paper.szo_scd.networks import VOWEL
from experiments.paper.szo_scd.ratchet import Schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["OFF", "VOWEL_OFF", "draw_null", "null_tables"]

OFF: Final = "thin-ccw-p0"
"""The point of the MNIST network whose deployed phases are a start."""
VOWEL_OFF: Final = "vowel-thin-ccw-p0"
"""The same of the vowel network."""

_NULL_PHASES: Final = 6000


def _schedules(results: Results) -> tuple[tuple[str, str, Schedule], ...]:
    """Return (what, point whose deployed phases are a start, schedule)."""
    mnist = _active(results, OFF, 353)
    vowel = _active(results, VOWEL_OFF, 67)
    long = 2_000_000

    def of(queries: int, decay: float = 0.985) -> Schedule:
        return Schedule.of_run(queries, mnist, 0.1, 1875, 0.02, decay)

    return (
        (f"mnist, {results.queries:,} queries", OFF, of(results.queries)),
        (f"mnist, {long:,} queries", OFF, of(long)),
        (f"mnist, {long:,}, no decay", OFF, of(long, decay=1.0)),
        (f"vowel, {VOWEL.queries:,} queries", VOWEL_OFF, Schedule.of_run(VOWEL.queries, vowel, 0.6, 8)),
    )


def _active(results: Results, point: str, default: int) -> int:
    found = results.of(point)
    return found[0].active if found else default


def null_tables(results: Results) -> tuple[Table, Table]:
    return _drift_table(results), _limit_table()


def _drift_table(results: Results) -> Table:
    columns = (
        Column("schedule"), Column("visits a phase"), Column("start"), Column("mean start (rad)", 2),
        Column("p = 0 (rad)", 2), Column("wrapped (rad)", 2), Column("wrapped saves %", 1, 100.0),
        Column("signed (rad)", 2), Column("signed saves %", 1, 100.0),
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


def draw_null(results: Results, axes: "Axes") -> None:
    """Draw the mean phase of the null model for each reading, and its limits."""
    phases = stream(0, "paper/ratchet/uniform").random(_NULL_PHASES // 3) * 2.0 * np.pi
    labels = ("p = 0", "p = 1, φ mod 2π", "p = 1, |φ| on (-π, π]")
    for colour, reading, label in zip(COLOURS[3:], ratchet.READINGS, labels, strict=False):
        rng = stream(0, "paper/ratchet/figure")
        means, _ = ratchet.drift(phases, Schedule(visits=12_000), reading, 1.0, rng)
        axes.plot(np.arange(means.size) / 1e3, means, color=colour, label=label)
    for limit in (ratchet.WRAPPED_LIMIT_RAD, ratchet.SIGNED_LIMIT_RAD):
        axes.axhline(limit, color="0.3", linestyle=":")
    long = _schedules(results)[1][2].visits / 1e3
    axes.axvline(long, color="0.3", linewidth=0.8)
    axes.annotate(" 2 M queries", (long, 3.35), fontsize=8, va="top")
    axes.set(
        xlabel="visits a phase (thousands), step 0.02",
        ylabel="mean phase (rad)",
        title="null model, no decay",
    )
    axes.legend(loc="center right")
