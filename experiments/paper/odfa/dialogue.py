"""A Transformer on dialogues, trained with light and in other ways: bits a character, hours and joules.

Z. Wang et al., arXiv 2409.12965, Fig. 2: curves of the loss on Movie-Dialogs by several methods, of which SHLW
learns in the last decoder block alone; texts at 0, 20 and 100 % of the training, and an attention map. Here the
text is Shakespeare's and the network small; the order is what is compared, as no number of the paper is at hand.

``steps`` are the mini-batches of a training, 1,024 tokens each; of smaller ones as many more are made. Settings
were chosen on the validation plays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from emulator.config.models import digest
from experiments.output.publishing import folder_of
from experiments.output.statistics import stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.findings import Findings, run_plan, verdict
from experiments.paper.odfa.text_outcome import TextOutcome, read_text_training
from experiments.paper.plots import COLOURS, band, figure
from experiments.run.launch import open_study
from experiments.sweep.points import Job, Point
from experiments.sweep.trial import Quick, Size, Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ODFA_DIALOGUE", "dialogue_jobs", "run_dialogue", "tables_of"]

_STUDY: Final = "dialogue_odfa"
_STEPS: Final = 2400
_LOOKS: Final = 5
_S_PER_HOUR: Final = 3600.0


@dataclass(frozen=True)
class _Method:
    """A way to train: its name in files, in tables, what differs from the study, and what is asked of it."""

    name: str
    title: str
    overrides: tuple[str, ...] = ()
    most: float | None = None
    """Bits a character that it is to reach, after all steps."""
    halved: bool = False
    """Whether it makes twice as many steps of half the tokens each."""

    def changes(self, steps: int) -> tuple[str, ...]:
        """Return what differs from the study, for a training of ``steps`` whole mini-batches."""
        parts = 2 if self.halved else 1
        made, looks = parts * steps, parts * max(1, steps // _LOOKS)
        batch = ("controller.batch_size=8",) if self.halved else ()
        return (*self.overrides, *batch, f"controller.steps={made}", f"controller.report_steps={looks}")


_FAST: Final = "controller.learning_rate=0.008"
_METHODS: Final = (
    _Method("bp", "BP", ("controller.feedback=backprop", _FAST), 2.30),
    _Method("bp-own", "BP, its own best settings", ("controller.feedback=backprop",), 2.30, halved=True),
    _Method("exact", "DFA, exact error", ("controller.feedback=exact", _FAST)),
    _Method("ternary", "DFA, ternary error", ("controller.feedback=ternary",)),
    _Method("odfa", "ODFA (light)", (), 2.47),
    _Method("odfa-2", "ODFA, two planes a token", ("controller.planes=2", _FAST), 2.47),
    _Method(
        "shlw", "SHLW (last block alone)", ("controller.feedback=shallow", "controller.learning_rate=0.016")
    ),
)
_ORDER: Final = ("bp", "exact", "odfa", "shlw")
"""From the fewest bits to the most, as it is expected after all steps."""

By = Mapping[str, Sequence[TextOutcome]]
"""Finished runs by the name of their method, in order of seed."""


def dialogue_jobs(seeds: int, steps: int, folder: Path) -> tuple[Job, ...]:
    """Return every run, seed by seed, light first: all methods on the same plays and tokens."""
    jobs = []
    for seed in range(seeds):
        for method in reversed(_METHODS):
            point = Point(method.name, method.changes(steps))
            fixed = (f'title="paper odfa_dialogue: {method.name}"', "trace.detail=summary")
            study = open_study(_STUDY, (*point.overrides, *fixed), seed)
            jobs.append(Job(point, study, folder / f"{method.name}-seed{seed}-{digest(study)[:8]}.h5"))
    return tuple(jobs)


def run_dialogue(out: Path, seeds: int, steps: int, jobs: int) -> Findings:
    """Run what is not finished under ``out``, ``jobs`` at once, and return what was found."""
    name = ODFA_DIALOGUE.name
    folder = folder_of(name, out)
    plan = dialogue_jobs(seeds, steps, folder)
    runs = run_plan(name, plan, jobs, read_text_training)
    found = runs.by_point
    tables = tables_of(found, whole=steps >= _STEPS) if found else ()
    return Findings(folder, tables, partial(_draw, found), runs.provenance, runs.failure)


def tables_of(found: By, whole: bool = True) -> tuple[Table, ...]:
    """Return the methods beside each other, how far they are apart, and what the network trained with light says.

    Of a training that is not ``whole`` nothing is asked.
    """
    return (_learnt(found, whole), *_apart(found, whole), *_said(found))


def _learnt(found: By, whole: bool) -> Table:
    columns = (
        Column("method"), Column("rate", 4), Column("n"), Column("bits/character", 3), Column("± windows", 3),
        Column("alignment", words=False), Column("emulated (h)", 3), Column("OPU box (kJ)", 1, 1e-3),
        Column("host (kJ)", 1, 1e-3), Column("asked for"), Column("paper"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for method, runs in _of(found):
        rows.append(
            (
                method.title, float(runs[0].study.controller.learning_rate), len(runs),  # type: ignore[attr-defined]
                stat(one.final for one in runs), float(np.mean([one.error for one in runs])), _cosines(runs),
                stat(one.elapsed_s / _S_PER_HOUR for one in runs), stat(one.box_j for one in runs),
                stat(one.host_j for one in runs), _asked(method, runs, whole), "not told",
            )
        )  # fmt: skip
    tokens = found[next(iter(found))][0].tokens[-1]
    notes = (
        f"after {tokens / 1e6:.2f} M tokens; mean ± standard deviation over n seeds; lower is better",
        "± windows: standard error that the choice of the 625 test windows leaves; they are the same for all",
        "alignment: cosine of projected and true gradient at each block's output, when they were last compared",
        "emulated: host preset workstation, OPU preset light_in_the_loop, two frames a plane; box: all that time",
        "two planes: what three values leave of an error is shown by three more, and both projections add up",
        "asked for: by this project, after all steps; paper: Fig. 2b shows curves, whose numbers are not at hand",
        "rates: chosen on validation plays, of 0.002 to 0.016 after 400 steps, of the two best after all of seed 0",
        "(ternary error takes ODFA's); BP's own best settings: of four changes, of which two were tried",
        "after all steps of seed 0, too: twice as many steps of 512 tokens each",
    )
    return Table("A Transformer of four blocks on Shakespeare's dialogues", columns, tuple(rows), notes)


def _of(found: By) -> list[tuple[_Method, Sequence[TextOutcome]]]:
    return [(method, found[method.name]) for method in _METHODS if found.get(method.name)]


def _cosines(runs: Sequence[TextOutcome]) -> str:
    if not len(runs[0].alignment):
        return ""
    return " ".join(f"{one:.2f}" for one in np.mean([run.alignment for run in runs], axis=0))


def _asked(method: _Method, runs: Sequence[TextOutcome], whole: bool) -> str:
    """Return what was asked of the mean and whether it is met."""
    if method.most is None or not whole:
        return ""
    met = float(np.mean([one.final for one in runs])) <= method.most
    return f"<= {method.most:.2f}: {verdict(met)}"


def _apart(found: By, whole: bool) -> tuple[Table, ...]:
    """Return how many bits lie between one method and the next, seed by seed."""
    pairs = [pair for pair in pairwise(_ORDER) if all(found.get(name) for name in pair)]
    if not pairs:
        return ()
    columns = (Column("more bits/character"), Column("n"), Column("difference", 3), Column("least", 3))
    titles = {method.name: method.title for method in _METHODS}
    rows: list[tuple[Cell, ...]] = []
    held = True
    for better, worse in pairs:
        gaps = [b.final - a.final for a, b in zip(found[better], found[worse], strict=False)]
        held &= min(gaps) > 0
        rows.append((f"{titles[worse]} than {titles[better]}", len(gaps), stat(gaps), min(gaps)))
    order = " < ".join(titles[name] for name in _ORDER)
    judged = whole and len(pairs) == len(_ORDER) - 1
    found_order = [f"order {order} in every seed: {verdict(held)}"] if judged else []
    notes = (
        "differences of runs of the same seed, on the same test windows",
        *found_order,
    )
    return (Table("How far the methods are apart", columns, tuple(rows), notes),)


def _said(found: By) -> tuple[Table, ...]:
    """Return what the network trained with light says before, after a fifth and at the end of its training."""
    runs = [one for one in found.get("odfa", ()) if one.said]
    if not runs:
        return ()
    said, looks = runs[0].said, len(runs[0].said) - 1
    shown = (0, max(1, looks // 5), looks)
    rows = [(f"{100 * at // looks} %", " / ".join(said[at].split("\n")).strip()) for at in shown]
    notes = ("100 tokens drawn at a temperature of 0.8, with the same draws each time; / ends a line",)
    columns = (Column("of the training", words=True), Column("text", words=True))
    return (Table(f"What the network says, ODFA, seed {runs[0].seed}", columns, tuple(rows), notes),)


def _draw(found: By, path: Path, label: str = "") -> None:
    title = "Transformer on Shakespeare's dialogues: mean of the seeds, one standard deviation"
    with figure(path, 2, title, label) as axes:
        for (method, runs), colour in zip(_of(found), COLOURS, strict=False):
            curves = [(one.tokens / 1e6, one.bits) for one in runs]
            band(axes[0], curves, colour, method.title)
        learnt = np.concatenate([one.bits[1:] for runs in found.values() for one in runs])
        axes[0].set(xlabel="tokens (millions)", ylabel="bits a character", title="four held-out plays")
        axes[0].set_xlim(left=0.5 * float(next(iter(found.values()))[0].tokens[1]) / 1e6)
        axes[0].set_ylim(float(learnt.min()) - 0.05, float(learnt.max()) + 0.25)
        axes[0].legend(loc="upper right")
        _draw_attention(axes[1], next((one for one in found.get("odfa", ()) if one.words), None))


def _draw_attention(axes: "Axes", run: TextOutcome | None) -> None:
    """Draw where each token of a sentence looks in the last block, or that no run tells."""
    axes.grid(visible=False)
    axes.set_title("ODFA: where tokens look, last block")
    if run is None or run.attention is None:
        axes.text(0.5, 0.5, "no run with light", ha="center", transform=axes.transAxes)
        return
    looks = run.attention[-1]
    axes.imshow(np.where(looks > 0, looks, np.nan), cmap="Oranges", vmin=0.0, aspect="auto")
    words = [word.replace("\n", "↵").replace(" ", "_") for word in run.words]
    axes.set_xticks(range(len(words)), words, rotation=90, fontsize=6, family="monospace")
    axes.set_yticks(range(len(words)), words, fontsize=6, family="monospace")
    axes.set(xlabel="looked at", ylabel="token")


ODFA_DIALOGUE: Final = Trial[Findings](
    "odfa_dialogue",
    "a Transformer on dialogues, trained with light and in other ways",
    Size("steps", "mini-batches of a training", _STEPS),
    run_dialogue,
    Quick(1, 150),
)
