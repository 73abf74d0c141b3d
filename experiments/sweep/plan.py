"""What a sweep is going to run: every point with every seed, built and checked; it runs and writes nothing."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from emulator.config.difference import Scalar, leaves, scalar
from emulator.config.models import digest, to_toml
from emulator.errors import ConfigError, LightloopError
from experiments.output.source import source_digest
from experiments.run.launch import open_study
from experiments.run.own.loading import load_own, rooted
from experiments.run.own.own import Own, refuse_absent, with_own
from experiments.run.prepare import refuse_early, task_of
from experiments.run.study import Study, study_from_text
from experiments.tasks.task import Task
from experiments.whatif.points import sweep_values

__all__ = ["MAX_RUNS", "Axis", "Plan", "Run", "plan_of"]

MAX_RUNS: Final = 10_000
"""Runs of one sweep: points times seeds."""

_SUMMARY: Final = "trace.detail=summary"
_BYTES_OF_A_RUN: Final = {"summary": 70_000, "commands": 90_000, "full": 90_000}
_BYTES_OF_A_QUERY: Final = {"summary": 2, "commands": 80, "full": 400}
"""Measured on the shipped vowel recovery, of which a query has one command."""


@dataclass(frozen=True)
class Axis:
    """Hold a swept path, and its values as overrides of a study."""

    path: str
    overrides: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """Hold one run: its point's number from 1 on, the swept values in SI units, the seed, and its name.

    ``name`` is a digest of the study, its seed, the files that it names, and the source that runs it.
    """

    point: int
    values: tuple[Scalar, ...]
    study: Study
    name: str

    @property
    def seed(self) -> int:
        """Return the seed of every random stream."""
        return self.study.seed


@dataclass(frozen=True)
class Plan:
    """Hold the runs of a sweep, point by point and seed by seed; ``paths`` are the swept ones.

    ``study``, ``sweeps`` and ``settings`` are what was asked for; ``controller`` loads the one of the user's own
    that takes the place of the study's, wherever it is asked for, and is empty where none does.
    """

    study: str
    title: str
    sweeps: tuple[str, ...]
    settings: tuple[str, ...]
    paths: tuple[str, ...]
    seeds: tuple[int, ...]
    runs: tuple[Run, ...]
    controller: str = ""

    @property
    def points(self) -> int:
        """Return how many points there are."""
        return len(self.runs) // len(self.seeds)

    @property
    def in_order(self) -> tuple[Run, ...]:
        """Return the runs as they are begun: the first point with every seed, then seed by seed.

        Networks that are trained before emulated time belong to seeds: so each is trained once, beside others.
        """
        first = [run for run in self.runs if run.point == 1]
        rest = [run for run in self.runs if run.point != 1]
        return (*first, *sorted(rest, key=lambda run: (run.seed, run.point)))

    @property
    def bytes_at_most(self) -> int:
        """Return about how much room all traces take."""
        return sum(_bytes_of(run.study) for run in self.runs)


def plan_of(
    study: str | Study,
    sweeps: Sequence[str],
    seeds: int = 1,
    settings: Sequence[str] = (),
    seed: int | None = None,
    controller: str | None = None,
) -> Plan:
    """Return the plan of ``study`` at every point of ``sweeps``, with ``seeds`` seeds from the study's own on.

    ``sweeps`` are written as for a what-if, ``settings`` as for a run; ``seed`` replaces the study's, and
    ``controller``, a FILE.py:NAME or what an installed package offers, its controller. Traces are of
    detail "summary" unless a setting says otherwise. Raises ``ConfigError`` for more than ``MAX_RUNS`` runs, and
    for whatever a run would refuse before its work, also for want of memory, naming the point.
    """
    axes = _axes(sweeps)
    count = math.prod(len(axis.overrides) for axis in axes)
    if seeds < 1:
        raise ConfigError(f"--seeds {seeds} is refused; allowed: >= 1")
    if count * seeds > MAX_RUNS:
        raise ConfigError(
            f"sweep: {count:,} points with {seeds:,} seeds are {count * seeds:,} runs; allowed: up to {MAX_RUNS:,}"
        )
    own = None if controller is None else load_own(controller)
    base, _ = _opened(study, tuple(settings), seed, own)
    numbers = tuple(range(base.seed, base.seed + seeds))
    runs: list[Run] = []
    for point, chosen in enumerate(product(*(axis.overrides for axis in axes)), start=1):
        for number in numbers:
            built, arguments = _built(study, (_SUMMARY, *settings, *chosen), number, own, chosen)
            runs.append(Run(point, _values(built, arguments, chosen), built, _name(built)))
    _refuse_twins(runs, tuple(axis.path for axis in axes))
    _refuse_early(runs, tuple(axis.path for axis in axes))
    paths = tuple(axis.path for axis in axes)
    asked = study if isinstance(study, str) else base.title
    return Plan(
        asked, base.title or asked, tuple(sweeps), tuple(settings), paths, numbers, tuple(runs),
        "" if controller is None else rooted(controller),
    )  # fmt: skip


def _opened(
    study: str | Study, settings: tuple[str, ...], seed: int | None, own: Own | None
) -> tuple[Study, Mapping[str, object]]:
    """Return ``study`` with ``settings`` and ``seed`` on top, and the arguments of ``own``, which runs in it."""
    if own is not None:
        own, settings = own.given(settings)
    if isinstance(study, str):
        opened = open_study(study, settings, seed)
    else:
        further = () if seed is None else (f"seed={seed}",)
        opened = study_from_text(to_toml(study), "study", (*settings, *further))
    if own is None:
        refuse_absent(opened)
        return opened, {}
    return with_own(opened, own), own.arguments


def _axes(sweeps: Sequence[str]) -> tuple[Axis, ...]:
    if not sweeps:
        raise ConfigError(
            "sweep: nothing is swept; give --sweep PATH=V1,V2,... or PATH=START:STOP:COUNT[:log]"
        )
    axes = [Axis(sweep.partition("=")[0].strip(), sweep_values(sweep)) for sweep in sweeps]
    paths = [axis.path for axis in axes]
    for path in paths:
        if paths.count(path) > 1:
            raise ConfigError(f"--sweep {path} is given twice; give all of its values at once")
    if "seed" in paths:
        raise ConfigError("--sweep seed is refused: seeds are counted by --seeds N, from the study's own on")
    return tuple(axes)


def _built(
    study: str | Study, settings: tuple[str, ...], seed: int, own: Own | None, chosen: Sequence[str]
) -> tuple[Study, Mapping[str, object]]:
    try:
        return _opened(study, settings, seed, own)
    except ConfigError as error:
        raise ConfigError(f"sweep: the point {', '.join(chosen)} is refused: {error}") from error


def _values(study: Study, arguments: Mapping[str, object], chosen: Sequence[str]) -> tuple[Scalar, ...]:
    """Return what the study makes of the swept values, or its own controller of its ``arguments``.

    A value that neither keeps stands as it was written.
    """
    known = {**leaves(study), **{f"controller.{key}": value for key, value in arguments.items()}}
    pairs = (override.partition("=") for override in chosen)
    return tuple(scalar(known[path]) if path in known else text.strip() for path, _, text in pairs)


def _refuse_twins(runs: Sequence[Run], paths: tuple[str, ...]) -> None:
    seen: dict[str, Run] = {}
    for run in runs:
        twin = seen.setdefault(run.name, run)
        if twin is not run:
            raise ConfigError(
                f"sweep: points {twin.point} and {run.point} are the same study: {_said(run, paths)}"
            )


def _refuse_early(runs: Sequence[Run], paths: tuple[str, ...]) -> None:
    """Refuse what a run would refuse before its work, naming the point; data is loaded once a task.

    Seeds change no sizes: the first of a point speaks for all.
    """
    tasks: dict[str, Task] = {}
    seen: set[int] = set()
    for run in runs:
        if run.point in seen:
            continue
        seen.add(run.point)
        key = run.study.task.model_dump_json()
        try:
            if key not in tasks:
                tasks[key] = task_of(run.study)
            refuse_early(run.study, tasks[key])
        except LightloopError as error:
            raise ConfigError(f"sweep: the point {_said(run, paths)} is refused: {error}") from error


def _said(run: Run, paths: tuple[str, ...]) -> str:
    return ", ".join(f"{path} = {value}" for path, value in zip(paths, run.values, strict=True))


def _name(study: Study) -> str:
    """Return the digest that names a run; a file that the study names counts by its content."""
    found = hashlib.blake2b(f"{digest(study)} {source_digest()}".encode(), digest_size=8)
    for path, value in sorted(leaves(study).items()):
        if isinstance(value, str | Path) and value and _is_file(value):
            found.update(f"{path}\0".encode() + hashlib.blake2b(Path(value).read_bytes()).digest())
    return found.hexdigest()


def _is_file(value: str | Path) -> bool:
    try:
        return Path(value).is_file()
    except (OSError, ValueError):
        return False


def _bytes_of(study: Study) -> int:
    detail = study.trace.detail
    queries = study.budget.queries or getattr(study.controller, "queries", 0) or 0
    return _BYTES_OF_A_RUN[detail] + _BYTES_OF_A_QUERY[detail] * int(queries)
