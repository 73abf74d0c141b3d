"""ODFA's Figure 4: two numbers fitted, the rest predicted, for several sets of assumptions; and the law behind it.

Everything is timed by ``lightloop scale``'s simulation; nothing is random and nothing is trained.
"""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from emulator.config.models import build
from emulator.instruments.gpu.config import GpuConfig
from experiments.output.publishing import folder_of, source_note
from experiments.output.source import source_digest
from experiments.output.tables import Column, Table, table_of
from experiments.paper.findings import Findings
from experiments.paper.plots import COLOURS, figure
from experiments.paper.training_time.law import least_parameters, most_rows
from experiments.paper.training_time.sets import (
    BP_S,
    ODFA_S,
    SETS,
    WIDTH,
    Assumed,
    Fitted,
    fitted_to,
    seconds,
)
from experiments.sweep.trial import Quick, Size, Trial

__all__ = ["FIGURE4", "Predicted", "break_even_rows", "break_even_width", "predicted_by"]

_WIDTHS: Final = (100, 300, 1000, 1500, 2000, 2600, 3080)
_GAIN_S: Final = (0.15e-3, 0.45e-3)
"""Of the paper's 0.30 ms, what is asked for: 0.30 +- 0.15 ms."""

_PRESET_RATE_HZ: Final = 1500.0
_OFFLOADED: Final = ("workload.width=5200", "gpu.offload=true")
_QUICK: Final = 3


@dataclass(frozen=True)
class Predicted:
    """Hold what follows from a set and its two fitted numbers; times are in seconds a sample."""

    assumed: Assumed
    fitted: Fitted
    bp_s: float
    odfa_s: float
    unfitted_gain_s: float
    crossover: int
    ratios: tuple[float, float, float]
    half_depth: float
    slope: float
    offloaded_bp_s: float
    offloaded_odfa_s: float
    curves: tuple[tuple[int, float, float], ...]


def predicted_by(assumed: Assumed) -> Predicted:
    """Fit two numbers of ``assumed`` to the paper's two times, and predict the rest by simulation."""
    fitted = fitted_to(assumed)
    timed = partial(seconds, assumed, fitted)
    bp_s, odfa_s = timed("bp"), timed("odfa")
    plain = Fitted(fitted.memory_efficiency, _PRESET_RATE_HZ)
    curves = tuple(
        (width, timed("bp", f"workload.width={width}"), timed("odfa", f"workload.width={width}"))
        for width in _WIDTHS
    )
    bp_at = {width: bp for width, bp, _ in curves}
    odfa_at = {width: odfa for width, _, odfa in curves}
    first, middle, last = (odfa_at[w] / timed("dfa", f"workload.width={w}") for w in (100, 1000, WIDTH))
    return Predicted(
        assumed,
        fitted,
        bp_s,
        odfa_s,
        bp_s - seconds(assumed, plain, "odfa"),
        _least(
            lambda w: timed("bp", f"workload.width={w}") > timed("odfa", f"workload.width={w}"), 100, WIDTH
        ),
        (first, middle, last),
        timed("bp", "workload.depth=48") / bp_s,
        math.log(bp_at[WIDTH] / bp_at[1000]) / math.log(WIDTH / 1000),
        timed("bp", *_OFFLOADED),
        timed("odfa", *_OFFLOADED),
        curves,
    )


def _least(wins: Callable[[int], bool], low: int, high: int) -> int:
    """Return the least whole number in (low, high] that ``wins``, of a question that turns once."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if wins(middle) else (middle, high)
    return high


_CARD: Final = "p100"
_ROWS_RATE_HZ: Final = 5000.0
_NO_LIMIT: Final = ("gpu.launch_s=0", "gpu.memory_bytes=1000000000000000")
_COMPUTE_BATCH: Final = 512
_MOST_ROWS, _MOST_WIDTH = 64, 20_000


def break_even_rows() -> tuple[float, int]:
    """Return the rows below which light wins, by the law and by simulation, where memory traffic binds."""
    card = build(GpuConfig, {"preset": _CARD}, f"preset gpu/{_CARD}")
    assumed = Assumed(_CARD, "sgd", 1, 1000, 1000)
    light = Fitted(card.memory_efficiency, _ROWS_RATE_HZ)

    def loses(rows: int) -> bool:
        timed = partial(seconds, assumed, light)
        changes = (*_NO_LIMIT, f"workload.batch={rows}")
        return timed("bp", *changes) < timed("odfa", *changes)

    saved = 95 * WIDTH**2 + WIDTH * assumed.outputs
    reached = card.bytes_per_s * card.memory_efficiency
    return most_rows(saved, reached, 2, _ROWS_RATE_HZ), _least(loses, 1, _MOST_ROWS)


def break_even_width() -> tuple[float, int]:
    """Return the width above which light wins with 96 layers, by the law and by simulation: arithmetic binds."""
    card = build(GpuConfig, {"preset": _CARD}, f"preset gpu/{_CARD}")
    assumed = Assumed(_CARD, "sgd", _COMPUTE_BATCH, 1000, 1000)
    light = Fitted(card.memory_efficiency, _ROWS_RATE_HZ)

    def wins(width: int) -> bool:
        timed = partial(seconds, assumed, light)
        changes = (*_NO_LIMIT, f"workload.width={width}")
        return timed("bp", *changes) > timed("odfa", *changes)

    reached = card.flops_per_s * card.arithmetic_efficiency
    parameters = least_parameters(reached, 2, _ROWS_RATE_HZ)
    return math.sqrt(parameters / 95), _least(wins, 100, _MOST_WIDTH)


def run_figure4(out: Path, seeds: int, sets: int, jobs: int) -> Findings:
    """Return tables and figure of the first ``sets`` of the assumptions; nothing here is random."""
    del seeds, jobs
    folder = folder_of("figure4", out)
    found = []
    for assumed in SETS[:sets]:
        print(f"paper figure4: {assumed.name}", file=sys.stderr, flush=True)
        found.append(predicted_by(assumed))
    tables = (_fitted_table(found), _predicted_table(found), _law_table())
    return Findings(folder, tables, partial(_draw, found), source_note([source_digest()]))


def _fitted_table(found: list[Predicted]) -> Table:
    columns = (
        Column("assumed: GPU, optimiser, batch, inputs/outputs", words=True),
        Column("fitted: share of bandwidth", 3),
        Column("fitted: light's rate (kHz)", 2, 1e-3),
        Column("BP (ms)", 2, 1e3),
        Column("ODFA (ms)", 2, 1e3),
        Column("gain (ms)", 2, 1e3),
        Column("0.30 ± 0.15 ms", words=True),
        Column("predicted gain at 1.5 kHz (ms)", 2, 1e3),
    )
    rows = tuple(
        (
            one.assumed.name,
            one.fitted.memory_efficiency,
            one.fitted.frame_rate_hz,
            one.bp_s,
            one.odfa_s,
            one.bp_s - one.odfa_s,
            "met" if _GAIN_S[0] <= one.bp_s - one.odfa_s <= _GAIN_S[1] else "missed",
            one.unfitted_gain_s,
        )
        for one in found
    )
    notes = (
        f"96 x 3,080, a sample; the paper: BP {1e3 * BP_S:.2f} ms, ODFA {1e3 * ODFA_S:.2f} ms, gain 0.30 ms",
        "the gain is met by construction, since both times are fitted; the last column fits the first number alone",
    )
    return Table("Figure 4: two numbers fitted to two times", columns, rows, notes)


def _predicted_table(found: list[Predicted]) -> Table:
    columns = (
        Column("set", words=True),
        Column("BP = ODFA at width"),
        Column("ODFA/DFA at 100", 2),
        Column("at 1,000", 2),
        Column("at 3,080", 2),
        Column("48/96 layers", 2),
        Column("slope in width", 2),
        Column("offloaded BP (ms)", 0, 1e3),
        Column("offloaded ODFA (ms)", 0, 1e3),
    )
    rows = tuple(
        (
            one.assumed.name, one.crossover, *one.ratios, one.half_depth, one.slope,
            one.offloaded_bp_s, one.offloaded_odfa_s,
        )
        for one in found
    )  # fmt: skip
    notes = (
        "all of it predicted: 96 layers; slope d log BP/d log width from 1,000 to 3,080; offloaded 96 x 5,200, "
        "weights over PCIe once a pass",
    )
    return Table("Predicted, not fitted", columns, rows, notes)


def _law_table() -> Table:
    (law_rows, rows), (law_width, width) = break_even_rows(), break_even_width()
    return table_of(
        "The law against the simulation",
        ("where", "law", "simulated", Column("off (%)", 1, 100.0)),
        (
            ("memory traffic binds: most rows a step, 96 x 3,080", law_rows, rows, rows / law_rows - 1),
            ("arithmetic binds: least width of 96 layers", law_width, width, width / law_width - 1),
        ),
        (
            f"{_CARD} without launches, 2 frames a row at {_ROWS_RATE_HZ / 1e3:g} kHz, 1,000 inputs and outputs",
        ),
    )


def _draw(found: list[Predicted], path: Path, label: str = "") -> None:
    with figure(path, 2, "ODFA's Figure 4: 96 layers, times a sample", label) as axes:
        one = found[0]
        widths = [width for width, _, _ in one.curves]
        axes[0].loglog(widths, [1e3 * bp for _, bp, _ in one.curves], "o-", color=COLOURS[0], label="BP")
        axes[0].loglog(
            widths, [1e3 * odfa for _, _, odfa in one.curves], "s--", color=COLOURS[1], label="ODFA"
        )
        axes[0].plot([WIDTH], [1e3 * BP_S], "k*", markersize=9, label="paper (fitted)")
        axes[0].set(title=one.assumed.name, xlabel="width", ylabel="time a sample (ms)")
        axes[0].legend()
        for each, colour in zip(found, COLOURS, strict=False):
            gain = [1e3 * (bp - odfa) for _, bp, odfa in each.curves]
            axes[1].plot(widths, gain, "o-", markersize=3, color=colour, label=each.assumed.name)
        axes[1].axhline(0.0, color="#595959", linewidth=0.8)
        axes[1].set(title="what light wins (predicted below 3,080)", xlabel="width", ylabel="BP - ODFA (ms)")
        handles, names = axes[1].get_legend_handles_labels()
        axes[0].figure.legend(handles, names, loc="outside lower center", ncols=2)


FIGURE4: Final = Trial[Findings](
    "figure4",
    "ODFA's training times, two numbers fitted and the rest predicted, and the law behind them",
    Size("sets", "sets of assumptions", len(SETS)),
    run_figure4,
    Quick(1, _QUICK),
)
