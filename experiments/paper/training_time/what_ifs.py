"""What a training step takes with another width, depth, batch, frame rate, number of optical units or of GPUs.

One number of a shipped study is changed at a time, and both methods are timed by ``lightloop scale``'s simulation;
nothing is random and nothing is trained.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from experiments.output.publishing import folder_of, source_note
from experiments.output.source import source_digest
from experiments.output.tables import Column, Table
from experiments.paper.findings import Findings
from experiments.paper.plots import COLOURS, figure
from experiments.run.launch import open_study
from experiments.scale.timing import StepTiming, time_steps
from experiments.sweep.trial import Quick, Size, Trial

__all__ = [
    "FAST_CAMERA",
    "QUESTIONS",
    "WHAT_IFS",
    "Answer",
    "Question",
    "answered",
    "run_what_ifs",
    "thinned",
]

_POINTS: Final = 7
_QUICK: Final = 3

FAST_CAMERA: Final = (
    "opu.camera.exposure_s=1e-5",
    "opu.camera.nominal_exposure_s=1e-5",
    "opu.camera.gap_s=1e-5",
    "opu.dmd.load_s=5e-5",
)
"""Of a camera and mirrors that no unit has, so that they forbid no frame rate up to 16 kHz."""

_PIPELINE: Final = ("workload.parallel=pipeline", "workload.microbatches=8")


@dataclass(frozen=True, slots=True)
class Question:
    """Ask what ``study`` takes with ``key`` at each of ``values``; ``also`` are changes that always hold.

    ``variant`` are changes for a second pair of times, none where there are none; it begins at the second value.
    """

    what: str
    study: str
    key: str
    values: tuple[int, ...]
    also: tuple[str, ...] = ()
    variant: tuple[str, ...] = ()


QUESTIONS: Final = (
    Question("width", "figure4", "workload.width", (100, 300, 1000, 1500, 2000, 3080)),
    Question("depth", "figure4", "workload.depth", (1, 3, 6, 12, 24, 48, 96)),
    Question("samples a step", "figure4", "workload.batch", (1, 2, 4, 8, 16, 32, 64)),
    Question(
        "frame rate (Hz)", "transformer_1b", "opu.camera.frame_rate_hz",
        (500, 1000, 1500, 3000, 6000, 10_000, 16_000), FAST_CAMERA,
    ),
    Question("optical units", "transformer_1b", "opu.count", (1, 2, 4, 8, 16, 32, 64)),
    Question("GPUs", "transformer_1b", "gpu.count", (1, 2, 4, 8), variant=_PIPELINE),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold one value with the timings of both methods, ``changes`` included; ``variant`` says of which pair."""

    value: int
    bp: StepTiming
    odfa: StepTiming
    variant: bool


def thinned(values: Sequence[int], points: int) -> tuple[int, ...]:
    """Return at most ``points`` of ``values``, first and last among them."""
    if points >= len(values):
        return tuple(values)
    last = len(values) - 1
    return tuple(values[round(at * last / max(1, points - 1))] for at in range(points))


def answered(question: Question, points: int = _POINTS) -> list[Answer]:
    """Return the timings of ``question`` at up to ``points`` of its values."""
    values = thinned(question.values, points)
    found = [_answer(question, value, ()) for value in values]
    if question.variant:
        found += [_answer(question, value, question.variant) for value in values[1:]]
    return found


def _answer(question: Question, value: int, variant: tuple[str, ...]) -> Answer:
    changes = (*question.also, *variant, f"{question.key}={value}")
    bp, odfa = (
        time_steps(open_study(question.study, (*changes, f"workload.method={method}")))
        for method in ("bp", "odfa")
    )
    return Answer(value, bp, odfa, bool(variant))


def run_what_ifs(out: Path, seeds: int, points: int, jobs: int) -> Findings:
    """Return a table a question and the figure, with ``points`` a curve at most."""
    del seeds, jobs
    folder = folder_of("what_ifs", out)
    found = [(question, answered(question, points)) for question in QUESTIONS]
    tables = tuple(_table(question, answers) for question, answers in found)
    return Findings(folder, tables, partial(_draw, found), source_note([source_digest()]))


def _table(question: Question, answers: list[Answer]) -> Table:
    columns = (
        Column(question.what, 0), Column("", words=True), Column("BP (ms a sample)", 2, 1e3),
        Column("ODFA (ms a sample)", 2, 1e3), Column("ODFA/BP", 2), Column("BP (J)", 2), Column("ODFA (J)", 2),
        Column("BP waits for", words=True), Column("ODFA waits for", words=True),
    )  # fmt: skip
    rows = tuple(
        (
            one.value, "pipeline" if one.variant else "", one.bp.seconds_per_sample, one.odfa.seconds_per_sample,
            one.odfa.seconds_per_sample / one.bp.seconds_per_sample, one.bp.joules_per_sample,
            one.odfa.joules_per_sample, one.bp.binds, one.odfa.binds,
        )
        for one in answers
    )  # fmt: skip
    notes = (f"study {question.study}, {question.key} changed", *(f"and {each}" for each in question.also))
    return Table(f"What if the {question.what} were another?", columns, rows, notes)


def _draw(found: list[tuple[Question, list[Answer]]], path: Path, label: str = "") -> None:
    from matplotlib.ticker import LogLocator, StrMethodFormatter

    with figure(path, 3, "A training step with one number changed", label, rows=2) as axes:
        for panel, (question, answers) in zip(axes, found, strict=True):
            for variant in (False, True):
                mine = [one for one in answers if one.variant == variant]
                if not mine:
                    continue
                at, end = [one.value for one in mine], ", pipeline" if variant else ""
                style = "--" if variant else "-"
                for name, colour, marker in (("BP", COLOURS[0], "o"), ("ODFA", COLOURS[1], "s")):
                    timings = [one.bp if name == "BP" else one.odfa for one in mine]
                    spent = [1e3 * each.seconds_per_sample for each in timings]
                    panel.loglog(at, spent, f"{marker}{style}", color=colour, markersize=4, label=name + end)
            panel.set_xticks([one.value for one in answers if not one.variant], minor=False)
            panel.set_xticklabels([f"{one.value:,}" for one in answers if not one.variant], rotation=35)
            panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            panel.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            panel.minorticks_off()
            panel.set(
                title=f"{question.what}: {question.study}", xlabel=question.what, ylabel="time a sample (ms)"
            )
            panel.legend()


WHAT_IFS: Final = Trial[Findings](
    "what_ifs",
    "what another width, depth, batch, frame rate or number of units and GPUs changes in a training step's time",
    Size("points", "points of a curve", _POINTS),
    run_what_ifs,
    Quick(1, _QUICK),
)
