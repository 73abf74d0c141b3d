"""What an experiment of the paper is: named points, each a set of overrides, times seeds; it runs nothing."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from emulator.config.models import digest
from emulator.errors import ConfigError
from experiments.output.tables import Table
from experiments.paper.szo_scd.outcome import Outcome
from experiments.run.study import Study, study_from_overrides

__all__ = ["MNIST", "Experiment", "Job", "Point", "Results", "jobs_of"]

MNIST = (
    "task.name=mnist8x8",
    "controller.sparsity=0.1",
    "controller.step_rad=0.02",
    "controller.step_decay=0.985",
    "controller.epoch_iterations=1875",
    "controller.batch_size=32",
)
"""The paper's setting for its 64-24-24-10 network: an epoch there is 60,000 samples in batches of 32."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,47}")


@dataclass(frozen=True)
class Point:
    """One setting of an experiment; ``name`` is part of file names, ``overrides`` are as for ``--set``."""

    name: str
    overrides: tuple[str, ...]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigError(f"paper: point name {self.name!r} is refused; allowed: {_NAME.pattern}")


@dataclass(frozen=True)
class Job:
    """One run: a point with one seed, and where its trace goes."""

    point: Point
    study: Study
    trace: Path

    @property
    def digest(self) -> str:
        """Return the digest of the study, which names the run."""
        return digest(self.study)


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
    """A command ``lightloop paper NAME``: its points for a number of queries, its tables and its figure."""

    name: str
    queries: int
    """Queries of a run when the user names none."""
    points: Callable[[int], tuple[Point, ...]]
    tables: Callable[[Results], tuple[Table, ...]]
    draw: Callable[[Results, Path], None]


def jobs_of(name: str, points: Iterable[Point], seeds: int, folder: Path) -> tuple[Job, ...]:
    """Return every point with seeds 0 .. ``seeds - 1``, seed by seed, so that an early stop leaves whole sets.

    A trace's name carries the study's digest: runs with other settings lie side by side and never overwrite
    each other. Raises ``ConfigError`` when ``seeds`` < 1 or a point is refused.
    """
    if seeds < 1:
        raise ConfigError(f"paper {name}: seeds={seeds} is not allowed; allowed: >= 1")
    jobs = []
    points = tuple(points)
    for seed in range(seeds):
        for point in points:
            fixed = (f'title="paper {name}: {point.name}"', f"seed={seed}", "trace.detail=summary")
            study = study_from_overrides((*point.overrides, *fixed), f"paper {name}, {point.name}")
            jobs.append(Job(point, study, folder / f"{point.name}-seed{seed}-{digest(study)[:8]}.h5"))
    return tuple(jobs)
