"""An experiment of a paper: its points, its runs, and the tables and the figure that come of them."""

import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from emulator.errors import TaskError
from experiments.output.publishing import folder_of, publish, source_note
from experiments.output.tables import Table
from experiments.paper.szo_scd.outcome import Outcome, read_outcome
from experiments.sweep.engine import run_jobs, source_of
from experiments.sweep.points import Job, Point, jobs_of
from experiments.sweep.trial import Size, Trial

__all__ = ["MNIST", "Experiment", "Results", "run_experiment"]

MNIST = (
    "task.name=mnist8x8",
    "controller.sparsity=0.1",
    "controller.step_rad=0.02",
    "controller.step_decay=0.985",
    "controller.epoch_iterations=1875",
    "controller.batch_size=32",
)
"""The paper's setting for its 64-24-24-10 network: an epoch there is 60,000 samples in batches of 32."""


@dataclass(frozen=True)
class Results:
    """Hold the finished runs of an experiment, by point, in order of seed."""

    by_point: tuple[tuple[str, tuple[Outcome, ...]], ...]
    queries: int
    """Queries that a run was given, unless its point says otherwise."""
    sources: tuple[str, ...] = ()
    """Digests of the sources that made the runs; more than one is a mixture."""

    def of(self, point: str) -> tuple[Outcome, ...]:
        """Return the finished runs of ``point``; there may be none."""
        return next((outcomes for name, outcomes in self.by_point if name == point), ())


@dataclass(frozen=True)
class Experiment:
    """An experiment with queries: its points for a number of them, its tables and its figure."""

    name: str
    about: str
    queries: int
    """Queries of a run when the user names none."""
    points: Callable[[int], tuple[Point, ...]]
    tables: Callable[[Results], tuple[Table, ...]]
    draw: Callable[[Results, Path], None]

    @property
    def trial(self) -> Trial:
        """Return the experiment as ``lightloop paper`` calls it."""
        size = Size("queries", "queries of a run", self.queries)
        return Trial(self.name, self.about, size, partial(run_experiment, self))


def run_experiment(experiment: Experiment, out: Path, seeds: int, queries: int, jobs: int) -> None:
    """Run what is not finished of ``experiment`` under ``out``, and publish what is.

    Raises ``TaskError`` after the tables when runs failed.
    """
    folder = folder_of(experiment.name, out)
    plan = jobs_of(f"paper {experiment.name}", experiment.points(queries), seeds, folder)
    failures = run_jobs(
        plan, jobs, lambda line: print(f"paper {experiment.name}: {line}", file=sys.stderr, flush=True)
    )
    failed = {failure.job.trace for failure in failures}
    results = _results([job for job in plan if job.trace not in failed], queries)
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
