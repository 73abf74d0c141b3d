"""What an experiment of a paper has found: its tables, its figure, and who made the runs; it publishes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from emulator.errors import TaskError
from experiments.output.files import write_text
from experiments.output.publishing import publish, source_note
from experiments.output.tables import Table
from experiments.sweep.engine import Failure, source_of
from experiments.sweep.points import Job

__all__ = ["Findings", "made_note", "missing_note", "publish_findings"]


class Made(Protocol):
    """What is known of how a run came to be."""

    @property
    def status(self) -> str: ...

    @property
    def created(self) -> str: ...


@dataclass(frozen=True)
class Findings:
    """Hold what an experiment found in the folder ``folder``, where its runs lie.

    ``draw`` writes the figure to a PNG file, with a label that is empty for a whole experiment. ``failure`` says
    which runs are missing, and is empty when none is.
    """

    folder: Path
    tables: tuple[Table, ...]
    draw: Callable[[Path, str], None]
    provenance: str
    failure: str = ""


def missing_note(name: str, failures: Sequence[Failure], runs: int) -> str:
    """Return which of ``runs`` are missing from the experiment ``name``, and why; nothing where none is."""
    if not failures:
        return ""
    first = failures[0]
    return (
        f"paper {name}: {len(failures)} of {runs} runs failed, first {first.job.trace.name}: {first.reason}; run "
        "the command again to repeat them"
    )


def made_note(runs: Sequence[Made], jobs: Sequence[Job]) -> str:
    """Return how many ``runs`` there are, how they ended, and when and by which source they were made."""
    created = sorted(one.created for one in runs) or [""]
    ended = ", ".join(sorted({one.status for one in runs}))
    made = f"{len(runs)} runs, status {ended}, made from {created[0]} to {created[-1]}; "
    return made + source_note({source_of(job) or "unknown" for job in jobs})


def publish_findings(name: str, found: Findings, label: str = "", json: Path | None = None) -> None:
    """Draw, print and write what was found into its folder, and its JSON to ``json`` too.

    Raises ``TaskError`` after that when runs failed.
    """
    if found.tables:
        found.draw(found.folder / f"{name}.png", label)
        text = publish(name, found.tables, found.provenance, found.folder, label)
        if json is not None:
            write_text(json, text)
    if found.failure:
        raise TaskError(found.failure)
