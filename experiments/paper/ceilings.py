"""What runs reached beside what any controller could have: the oracle's ceiling of each chip, point by point."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from emulator.config.models import to_toml
from emulator.instruments.chip.config import ChipConfig
from experiments.ceiling.ceiling import Ceiling, ceiling_of
from experiments.output.statistics import accuracy_stat, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.outcome import Outcome
from experiments.run.sections import DeploymentConfig
from experiments.run.study import Study
from experiments.sweep.points import Job

__all__ = ["ceiling_table"]

_NOTES: Final = (
    "ceiling: an oracle tunes the same active phases by the exact gradient of the chip as it was made; no "
    "controller has it, and a controller may still end above it by chance or by its other batches",
    "share: (selected - deployed) / (ceiling - deployed), seed by seed; selected and ceiling are both the test "
    "accuracy of the state with the lowest validation loss",
)


def ceiling_table(
    jobs: Sequence[Job], outcome: Callable[[Path], Outcome], say: Callable[[str], None]
) -> Table:
    """Return a table of every point of ``jobs``: what it reached, what could be reached, and the share of it.

    ``outcome`` reads the trace of a job, and ``say`` hears of every chip that is asked for.
    """
    known: dict[str, Ceiling] = {}
    chips = dict.fromkeys(_chip(job.study) for job in jobs)
    found: dict[str, list[tuple[Outcome, Ceiling]]] = {}
    for job in jobs:
        chip = _chip(job.study)
        if chip not in known:
            say(f"ceiling of chip {len(known) + 1} of {len(chips)}")
            known[chip] = ceiling_of(job.study)
        found.setdefault(job.point.name, []).append((outcome(job.trace), known[chip]))
    columns = (
        Column("point"), Column("n"), Column("active"),
        *(Column(text, 1, 100.0) for text in ("ideal %", "deployed %", "selected %", "ceiling %")),
        Column("share of the way", 2),
    )  # fmt: skip
    rows = tuple(_row(point, pairs) for point, pairs in found.items())
    return Table("What was reached, and what any controller could reach", columns, rows, _NOTES)


def _row(point: str, pairs: Sequence[tuple[Outcome, Ceiling]]) -> tuple[Cell, ...]:
    numbers = np.array([(run.ideal, run.deployed, run.selected, top.test) for run, top in pairs])
    accuracies = (accuracy_stat(column, pairs[0][1].test_samples) for column in numbers.T)
    _, deployed, selected, ceiling = numbers.T
    room = ceiling - deployed
    shares = [gain / way if way > 0 else None for gain, way in zip(selected - deployed, room, strict=True)]
    return (point, len(pairs), pairs[0][1].active, *accuracies, stat(shares))


def _chip(study: Study) -> str:
    """Return what the ceiling of ``study`` depends on, as a text: all but its controller and its readings."""
    sections = (study.task, study.section(ChipConfig), study.section(DeploymentConfig))
    return "\n".join((f"{study.seed}", *(to_toml(each) for each in sections)))
