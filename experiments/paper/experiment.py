"""An experiment of a paper: its points, its runs, and the tables and the figure that come of them."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from emulator.instruments.chip.config import ChipConfig
from experiments.output.publishing import folder_of
from experiments.output.tables import Table
from experiments.paper.ceilings import ceiling_table
from experiments.paper.findings import Findings, made_note, missing_note
from experiments.paper.outcome import Outcome, read_outcome
from experiments.run.study import Study
from experiments.sweep.engine import run_jobs
from experiments.sweep.points import Job, Point, jobs_of, nothing_further
from experiments.sweep.trial import Quick, Size, Trial

__all__ = ["Experiment", "Results", "run_experiment", "setting_of"]


@dataclass(frozen=True)
class Results:
    """Hold the finished runs of an experiment, by point, in order of seed."""

    by_point: tuple[tuple[str, tuple[Outcome, ...]], ...]
    queries: int
    """Queries that a run was given, unless its point says otherwise."""
    setting: str = ""
    """Preset, meshes, reading of power and loop of the runs, in words."""

    def of(self, point: str) -> tuple[Outcome, ...]:
        """Return the finished runs of ``point``; there may be none."""
        return next((outcomes for name, outcomes in self.by_point if name == point), ())


@dataclass(frozen=True)
class Experiment:
    """An experiment with queries: its points for a number of them, its tables and its figure.

    ``draw`` takes the results, the file, and a label that stands below.
    """

    name: str
    about: str
    queries: int
    """Queries of a run when the user names none."""
    points: Callable[[int], tuple[Point, ...]]
    tables: Callable[[Results], tuple[Table, ...]]
    draw: Callable[[Results, Path, str], None]
    quick: Quick
    """Seeds and queries of a quick run, which takes minutes."""
    first_seed: int = 0
    """Seed of the first run; the others follow."""
    further: Callable[[str, int], tuple[str, ...]] = nothing_further
    """Overrides that a point has besides, by its name and the seed."""

    @property
    def trial(self) -> Trial[Findings]:
        """Return the experiment as ``lightloop paper`` calls it."""
        size = Size("queries", "queries of a run", self.queries)
        run = partial(run_experiment, self)
        return Trial(self.name, self.about, size, run, self.quick, partial(run, ceilings=True))


def run_experiment(
    experiment: Experiment, out: Path, seeds: int, queries: int, jobs: int, *, ceilings: bool = False
) -> Findings:
    """Run what is not finished of ``experiment`` under ``out``, and return what is.

    ``ceilings`` adds a table of what any controller could have reached.
    """
    folder = folder_of(experiment.name, out)
    points, first = experiment.points(queries), experiment.first_seed
    plan = jobs_of(f"paper {experiment.name}", points, seeds, folder, first, experiment.further)
    say = partial(_tell, experiment.name)
    failures = run_jobs(plan, jobs, say)
    failed = {failure.job.trace for failure in failures}
    done = [job for job in plan if job.trace not in failed]
    results = _results(done, queries)
    judged = (ceiling_table(done, read_outcome, say),) if ceilings and done else ()
    return Findings(
        folder,
        (*experiment.tables(results), *judged) if done else (),
        lambda path, label: experiment.draw(results, path, _lines(results.setting, label)),
        f"{results.setting}.\n{made_note([one for _, found in results.by_point for one in found], done)}",
        missing_note(experiment.name, failures, len(plan)),
    )


def _tell(name: str, line: str) -> None:
    print(f"paper {name}: {line}", file=sys.stderr, flush=True)


def _results(jobs: Sequence[Job], queries: int) -> Results:
    found: dict[str, list[Outcome]] = defaultdict(list)
    for job in jobs:
        found[job.point.name].append(read_outcome(job.trace))
    by_point = tuple((name, tuple(outcomes)) for name, outcomes in found.items())
    return Results(by_point, queries, setting_of(job.study for job in jobs))


def setting_of(studies: Iterable[Study]) -> str:
    """Return in words which chips, meshes, readings of power and loops ``studies`` have, each where it differs."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for study in studies:
        chip, controller = study.section(ChipConfig), study.controller
        found["preset"][chip.preset or "none"] = None
        found["mesh"][f"{chip.mesh.shape} {chip.mesh.rotation}"] = None
        pruning, estimate = (getattr(controller, key, None) for key in ("pruning", "power_estimate"))
        if pruning is not None:
            found["reading"][f"{pruning}/{estimate}"] = None
        found["loop"][getattr(controller, "loop", "host")] = None
    return "power: " + "; ".join(f"{name} {', '.join(values)}" for name, values in found.items())


def _lines(*lines: str) -> str:
    return "\n".join(line for line in lines if line)
