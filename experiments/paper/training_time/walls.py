"""When a step with light waits for the frame clock, when for the link, the host, or for no light at all.

Two views: what each stage of a frame takes, by the number of outputs; and what a whole step waits for, by case.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from emulator.config.models import build
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import FrameBudget, OpuDesign, frame_budget
from experiments.output.publishing import folder_of, source_note
from experiments.output.source import source_digest
from experiments.output.tables import Cell, Column, Table
from experiments.paper.findings import Findings
from experiments.paper.plots import COLOURS, figure
from experiments.paper.training_time.what_ifs import FAST_CAMERA
from experiments.run.launch import open_study
from experiments.scale.shares import WORDS
from experiments.scale.timing import StepTiming, time_steps
from experiments.sweep.trial import Quick, Size, Trial

__all__ = ["CASES", "WALLS", "Case", "budget_of", "run_walls"]

_PRESET: Final = "light_in_the_loop"
_FEATURES: Final = 1000
_LEAST, _MOST = 3, 7
"""Outputs go from 10^3 to 10^7."""

_POINTS: Final = 9
_QUICK: Final = 5
_STAGES: Final = ("exposure", "load", "upload", "readout", "transfer", "grab")


@dataclass(frozen=True, slots=True)
class Case:
    """Name a step: ``study`` with ``changes``, as one would write them on a command line."""

    name: str
    study: str
    changes: tuple[str, ...]


_ODFA: Final = "workload.method=odfa"
_TEN_KHZ: Final = (*FAST_CAMERA, "opu.camera.frame_rate_hz=10000")
_SLICES: Final = (_ODFA, "workload.sharing=slices", "opu.camera.frame_rate_hz=500")

CASES: Final = (
    Case("perceptron, 4 rows", "figure4", (_ODFA,)),
    Case("perceptron, 64 rows", "figure4", (_ODFA, "workload.batch=64")),
    Case("295,680 outputs, 500 Hz", "figure4", _SLICES),
    Case("Transformer, 1,024 rows", "transformer_1b", ()),
    Case("frames behind a batch", "transformer_1b", ("workload.schedule=late",)),
    Case("10 kHz", "transformer_1b", _TEN_KHZ),
    Case("16 kHz", "transformer_1b", (*FAST_CAMERA, "opu.camera.frame_rate_hz=16000")),
    Case("a link of 1 Gbit/s", "transformer_1b", ("opu.pcie.rate_bit_per_s=1e9",)),
    Case("8 units", "transformer_1b", ("opu.count=8",)),
    Case("10 kHz, 8 units", "transformer_1b", (*_TEN_KHZ, "opu.count=8")),
    Case("a slow host", "transformer_1b", ("host.flops_per_s=4e8", "host.bytes_per_s=4e7")),
)


def budget_of(outputs: int, units: int = 1) -> FrameBudget:
    """Return what a frame of ``outputs`` takes where no beat is asked for and the sensor has rows enough.

    ``units`` share the outputs.
    """
    camera = {"frame_rate_hz": None, "rows_max": 100_000}
    given = {"preset": _PRESET, "count": units, "split": "outputs", "camera": camera}
    host = build(HostConfig, {"preset": "workstation"}, "preset host/workstation")
    return frame_budget(build(OpuConfig, given, "walls"), host, OpuDesign(_FEATURES, outputs))


def run_walls(out: Path, seeds: int, points: int, jobs: int) -> Findings:
    """Return tables and figure, with ``points`` numbers of outputs."""
    del seeds, jobs
    folder = folder_of("walls", out)
    sizes = [round(10 ** (_LEAST + at * (_MOST - _LEAST) / max(1, points - 1))) for at in range(points)]
    budgets = [(outputs, budget_of(outputs)) for outputs in sizes]
    steps = [(case, time_steps(open_study(case.study, case.changes))) for case in CASES]
    tables = (_frame_table(budgets), _step_table(steps))
    return Findings(folder, tables, partial(_draw, budgets, steps), source_note([source_digest()]))


def _sensors(rows: int) -> int:
    return -(-rows // OpuConfig().camera.rows_max)


def _frame_table(budgets: list[tuple[int, FrameBudget]]) -> Table:
    columns = (
        Column("outputs", 0), Column("rows", 0), *(Column(f"{stage} (ms)", 3, 1e3) for stage in _STAGES),
        Column("frames/s", 0), Column("waits for", words=True), Column("sensors of 1,088 rows", 0),
        Column("frames/s with so many units", 0),
    )  # fmt: skip
    rows = tuple(
        (
            outputs, one.rows, *(getattr(one, f"{stage}_s") for stage in _STAGES), one.sustained_hz, one.binds,
            _sensors(one.rows), budget_of(outputs, _sensors(one.rows)).sustained_hz,
        )
        for outputs, one in budgets
    )  # fmt: skip
    notes = (
        f"preset {_PRESET} off axis, host workstation, no beat asked for; sensors with as many rows as are needed",
        "exposure and readout with the 50 us between frames; units that share the outputs read at once",
    )
    return Table("What the stages of a frame take, by outputs", columns, rows, notes)


def _step_table(steps: list[tuple[Case, StepTiming]]) -> Table:
    columns = (
        Column("case", words=True), Column("changes", words=True), Column("ms a step", 1, 1e3),
        *(Column(f"{word} (%)", 1, 100.0) for word in WORDS), Column("waits for", words=True),
    )  # fmt: skip
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            case.name, " ".join((case.study, *case.changes)), one.seconds_per_step,
            *(one.shares_s[word] / one.seconds_per_step for word in WORDS), one.binds,
        )
        for case, one in steps
    )  # fmt: skip
    return Table("What a step with light waits for", columns, rows, ("lightloop scale STUDY --set ...",))


def _draw(
    budgets: list[tuple[int, FrameBudget]], steps: list[tuple[Case, StepTiming]], path: Path, label: str = ""
) -> None:
    with figure(path, 2, "What light waits for", label) as axes:
        outputs = [each for each, _ in budgets]
        for stage, colour in zip(_STAGES, COLOURS, strict=False):
            took_ms = [1e3 * getattr(one, f"{stage}_s") for _, one in budgets]
            axes[0].loglog(outputs, took_ms, color=colour, label=stage)
        axes[0].set(title="stages of a frame, off axis", xlabel="outputs", ylabel="time a frame (ms)")
        axes[0].legend(ncols=2)
        names = [case.name for case, _ in steps][::-1]
        left = [0.0] * len(names)
        for word, colour in zip(WORDS, COLOURS, strict=False):
            share = [100 * one.shares_s[word] / one.seconds_per_step for _, one in steps][::-1]
            axes[1].barh(names, share, left=left, color=colour, label=word)
            left = [a + b for a, b in zip(left, share, strict=True)]
        axes[1].set(title="what a step waits for", xlabel="share of the time (%)", xlim=(0, 100))
        axes[1].grid(visible=False, axis="y")
        handles, words = axes[1].get_legend_handles_labels()
        axes[0].figure.legend(handles, words, loc="outside lower center", ncols=len(words))


WALLS: Final = Trial[Findings](
    "walls",
    "when a step with light waits for the frame clock, the link or the host",
    Size("points", "numbers of outputs", _POINTS),
    run_walls,
    Quick(1, _QUICK),
)
