"""``lightloop paper NAME``: runs an experiment of the paper, prints its tables, keeps them beside its figure."""

import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from emulator.errors import ConfigError, TaskError, nearest
from experiments.paper.alpha import ALPHA
from experiments.paper.audit import run_audit
from experiments.paper.determinism import run_determinism
from experiments.paper.farm import run_jobs, source_of
from experiments.paper.grid import Experiment, Job, Results, jobs_of
from experiments.paper.kills import run_kills
from experiments.paper.outcome import Outcome, read_outcome
from experiments.paper.power import POWER
from experiments.paper.provenance import source_digest
from experiments.paper.receiver import RECEIVER
from experiments.paper.settling import SETTLING
from experiments.paper.tables import to_csv, to_markdown

__all__ = ["Command", "paper_names", "run_experiment", "run_paper"]

Command = Callable[[Path, int, int | None, int], None]
"""What a name runs: (out, seeds, queries, jobs)."""


def _runs(experiment: Experiment) -> Command:
    return partial(run_experiment, experiment)


def _commands() -> dict[str, Command]:
    """Return what ``lightloop paper`` knows; a new command is one line here."""
    return {
        "alpha": _runs(ALPHA),
        "power": _runs(POWER),
        "settling": _runs(SETTLING),
        "receiver": _runs(RECEIVER),
        "audit": run_audit,
        "determinism": run_determinism,
        "kills": run_kills,
    }


def paper_names() -> tuple[str, ...]:
    """Return the names that ``run_paper`` knows."""
    return tuple(_commands())


def run_paper(name: str, out: Path, seeds: int = 5, queries: int | None = None, jobs: int = 2) -> None:
    """Run the experiment or check ``name`` under ``out``/``name`` and print its tables to stdout.

    Runs that are finished are not run again. ``queries`` None is the experiment's own number. Raises
    ``ConfigError`` on an unknown name or a number below 1, and ``TaskError`` after the tables when runs failed.
    """
    commands = _commands()
    if name not in commands:
        hint = nearest(name, commands)
        raise ConfigError(f"paper: {name!r} is unknown; known: {', '.join(commands)}. {hint}".strip())
    for label, number in (("seeds", seeds), ("jobs", jobs), ("queries", queries)):
        if number is not None and number < 1:
            raise ConfigError(f"paper {name}: {label}={number} is not allowed; allowed: >= 1")
    commands[name](out, seeds, queries, jobs)


def run_experiment(experiment: Experiment, out: Path, seeds: int, queries: int | None, jobs: int) -> None:
    """Run ``experiment`` under ``out``; see ``run_paper``."""
    spent = queries or experiment.queries
    folder = out / experiment.name
    plan = jobs_of(experiment.name, experiment.points(spent), seeds, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be made a folder: {error.strerror}") from error
    failures = run_jobs(
        plan, jobs, lambda line: print(f"paper {experiment.name}: {line}", file=sys.stderr, flush=True)
    )
    failed = {failure.job.trace for failure in failures}
    results = _results([job for job in plan if job.trace not in failed], spent)
    if results.by_point:
        _publish(experiment, results, folder)
    if failures:
        first = failures[0]
        raise TaskError(
            f"paper {experiment.name}: {len(failures)} of {len(plan)} runs failed, first {first.job.trace.name}: "
            f"{first.reason}; run the command again to repeat them"
        )


def _results(jobs: Sequence[Job], queries: int) -> Results:
    found: dict[str, list[Outcome]] = defaultdict(list)
    for job in jobs:
        found[job.point.name].append(read_outcome(job.trace))
    sources = tuple(sorted({source_of(job) or "unknown" for job in jobs}))
    return Results(tuple((name, tuple(outcomes)) for name, outcomes in found.items()), queries, sources)


def _publish(experiment: Experiment, results: Results, folder: Path) -> None:
    """Print the tables, write them as Markdown and CSV, and draw the figure."""
    tables = experiment.tables(results)
    text = "\n".join([*(to_markdown(table) for table in tables), _provenance(results)])
    print(text)
    (folder / f"{experiment.name}.md").write_text(text + "\n", encoding="utf-8")
    for number, table in enumerate(tables, start=1):
        (folder / f"{experiment.name}-table{number}.csv").write_text(to_csv(table), encoding="utf-8")
    figure = folder / f"{experiment.name}.png"
    experiment.draw(results, figure)
    print(f"paper {experiment.name}: tables and figure are in {folder}", file=sys.stderr)


def _provenance(results: Results) -> str:
    outcomes = [outcome for _, found in results.by_point for outcome in found]
    created = sorted(outcome.created for outcome in outcomes)
    ended = ", ".join(sorted({outcome.status for outcome in outcomes}))
    text = f"{len(outcomes)} runs, status {ended}, made from {created[0]} to {created[-1]}; "
    text += f"source {', '.join(results.sources)}.\n"
    if results.sources != (source_digest(),):
        text += (
            "WARNING: not all runs were made by the present source; remove their traces to run them again.\n"
        )
    return text
