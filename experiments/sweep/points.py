"""Points, each a set of overrides with a name, and their jobs: every point with every seed; it runs nothing."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from emulator.config.models import digest
from emulator.errors import ConfigError
from experiments.run.study import Study, study_from_overrides

__all__ = ["Job", "Point", "jobs_of", "nothing_further"]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,47}")


@dataclass(frozen=True)
class Point:
    """One setting of a study; ``name`` is part of file names, ``overrides`` are as for ``--set``."""

    name: str
    overrides: tuple[str, ...]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigError(f"sweep: point name {self.name!r} is refused; allowed: {_NAME.pattern}")


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


def nothing_further(point: str, seed: int) -> tuple[str, ...]:
    """Return no overrides: a point is the same for every seed."""
    del point, seed
    return ()


def jobs_of(
    title: str,
    points: Iterable[Point],
    seeds: int,
    folder: Path,
    first: int = 0,
    further: Callable[[str, int], tuple[str, ...]] = nothing_further,
) -> tuple[Job, ...]:
    """Return every point with ``seeds`` seeds from ``first`` on, seed by seed: an early stop leaves whole sets.

    ``further`` gives the overrides that a point, by name, has besides with a seed.

    ``title`` is whose points they are, "paper alpha": it opens the titles of the runs.

    A trace's name carries the study's digest: runs with other settings lie side by side and never overwrite
    each other. Raises ``ConfigError`` when ``seeds`` < 1 or a point is refused.
    """
    if seeds < 1:
        raise ConfigError(f"{title}: seeds={seeds} is not allowed; allowed: >= 1")
    jobs = []
    points = tuple(points)
    for seed in range(first, first + seeds):
        for point in points:
            fixed = (f'title="{title}: {point.name}"', f"seed={seed}", "trace.detail=summary")
            study = study_from_overrides(
                (*point.overrides, *further(point.name, seed), *fixed), f"{title}, {point.name}"
            )
            jobs.append(Job(point, study, folder / f"{point.name}-seed{seed}-{digest(study)[:8]}.h5"))
    return tuple(jobs)
