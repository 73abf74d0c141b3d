"""What an experiment of a paper has found: its runs, its tables, its figure; it publishes them."""

import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from emulator.errors import TaskError
from experiments.output.files import write_text
from experiments.output.publishing import publish, source_note
from experiments.output.tables import Table
from experiments.sweep.engine import Failure, run_jobs, source_of
from experiments.sweep.points import Job

__all__ = ["Findings", "Finished", "publish_findings", "run_plan", "tell", "verdict"]


class Made(Protocol):
    """What is known of how a run came to be."""

    @property
    def status(self) -> str: ...

    @property
    def created(self) -> str: ...


_Run = TypeVar("_Run", bound=Made)


@dataclass(frozen=True)
class Finished(Generic[_Run]):
    """Hold the finished runs of an experiment by the name of their point, in order of seed, and their jobs.

    ``provenance`` says who made them, ``failure`` which are missing; it is empty when none is.
    """

    by_point: Mapping[str, Sequence[_Run]]
    jobs: tuple[Job, ...]
    provenance: str
    failure: str


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


def run_plan(name: str, plan: Sequence[Job], at_once: int, read: Callable[[Path], _Run]) -> Finished[_Run]:
    """Run what is not finished of ``plan`` of the experiment ``name``, ``at_once`` at a time; ``read`` what is."""
    failures = run_jobs(plan, at_once, lambda line: tell(name, line))
    failed = {failure.job.trace for failure in failures}
    done = tuple(job for job in plan if job.trace not in failed)
    found: dict[str, list[_Run]] = defaultdict(list)
    for job in done:
        found[job.point.name].append(read(job.trace))
    runs = [run for each in found.values() for run in each]
    made = _made_note(runs, done) if runs else ""
    return Finished(found, done, made, _missing_note(name, failures, len(plan)))


def tell(name: str, line: str) -> None:
    """Say on stderr how far the experiment ``name`` is."""
    print(f"paper {name}: {line}", file=sys.stderr, flush=True)


def verdict(met: bool) -> str:
    """Return how notes say whether what was asked for is there."""
    return "met" if met else "MISSED"


def _missing_note(name: str, failures: Sequence[Failure], runs: int) -> str:
    """Return which of ``runs`` are missing from the experiment ``name``, and why; nothing where none is."""
    if not failures:
        return ""
    first = failures[0]
    return (
        f"paper {name}: {len(failures)} of {runs} runs failed, first {first.job.trace.name}: {first.reason}; run "
        "the command again to repeat them"
    )


def _made_note(runs: Sequence[Made], jobs: Sequence[Job]) -> str:
    """Return how many ``runs`` there are, how they ended, and when and by which source they were made."""
    created = sorted(one.created for one in runs)
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
