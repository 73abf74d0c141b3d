"""``lightloop paper NAME``: runs an experiment of the paper, prints its tables, keeps them beside its figure."""

import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from emulator.errors import ConfigError, TaskError, nearest
from experiments.check.audit import run_audit
from experiments.check.determinism import run_determinism
from experiments.check.kills import run_kills
from experiments.check.retiming import run_retiming
from experiments.check.trace_faults import run_faults
from experiments.output.publishing import folder_of, publish, source_note
from experiments.paper.light_in_the_loop.latency import run_latency
from experiments.paper.light_in_the_loop.light import run_light
from experiments.paper.light_in_the_loop.recovery import run_recovery
from experiments.paper.light_in_the_loop.ternary_curves import run_ternary
from experiments.paper.szo_scd.alpha import ALPHA
from experiments.paper.szo_scd.outcome import Outcome, read_outcome
from experiments.paper.szo_scd.power import POWER
from experiments.paper.szo_scd.receiver import RECEIVER
from experiments.paper.szo_scd.settling import SETTLING
from experiments.sweep.engine import run_jobs, source_of
from experiments.sweep.points import Experiment, Job, Results, jobs_of

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
        "faults": run_faults,
        "retiming": run_retiming,
        "recovery": run_recovery,
        "latency": run_latency,
        "ternary": run_ternary,
        "light": run_light,
    }


def paper_names() -> tuple[str, ...]:
    """Return the names that ``run_paper`` knows."""
    return tuple(_commands())


def run_paper(name: str, out: Path, seeds: int = 5, queries: int | None = None, jobs: int = 2) -> None:
    """Run the experiment or check ``name`` under ``out``/``name`` and print its tables to stdout.

    Runs that are finished are not run again. ``queries`` None is the experiment's own number; ``light`` and
    ``ternary`` take it as epochs, ``recovery`` and ``latency`` as vectors. Raises ``ConfigError`` on an unknown
    name or a number below 1, and ``TaskError`` after the tables when runs failed.
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
    folder = folder_of(experiment.name, out)
    plan = jobs_of(experiment.name, experiment.points(spent), seeds, folder)
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
    """Draw the figure, print the tables and write them."""
    experiment.draw(results, folder / f"{experiment.name}.png")
    publish(experiment.name, experiment.tables(results), _provenance(results), folder)


def _provenance(results: Results) -> str:
    outcomes = [outcome for _, found in results.by_point for outcome in found]
    created = sorted(outcome.created for outcome in outcomes)
    ended = ", ".join(sorted({outcome.status for outcome in outcomes}))
    made = f"{len(outcomes)} runs, status {ended}, made from {created[0]} to {created[-1]}; "
    return made + source_note(results.sources)
