"""What set a run's time, in numbers: its critical path by span, the longest steps, and each resource's use.

``experiments.inspect.critical_path_view`` shows it to people.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from emulator.trace.analysis.critical_path import CriticalPath, StepKind, critical_path
from emulator.trace.analysis.path_shares import path_segments, path_shares_ps
from emulator.trace.analysis.utilisation import utilisation
from emulator.trace.open import open_so_far
from emulator.trace.reading.reader import Trace
from emulator.units import ps_to_s

__all__ = ["PathReport", "PathShare", "PathStep", "ResourceUse", "path_report", "report_path"]


@dataclass(frozen=True, slots=True)
class PathShare:
    """Say how much of the elapsed time one name accounts for on the critical path."""

    name: str
    ps: int
    s: float
    share: float


@dataclass(frozen=True, slots=True)
class PathStep:
    """Give one step of the path: a command's service, a wait or a thought.

    ``name`` is "INSTRUMENT KIND" for a service; ``command`` is a row of ``/commands``, -1 for none. ``most`` names
    what the greatest part of it went into, and ``most_share`` says how much of it did.
    """

    name: str
    from_ps: int
    to_ps: int
    s: float
    command: int
    most: str
    most_share: float


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """Say how long a resource was busy, had two spans or more at once, and was idle."""

    resource: str
    spans: int
    busy_s: float
    overlap_s: float
    idle_s: float
    utilisation: float


@dataclass(frozen=True)
class PathReport:
    """Hold what ``lightloop inspect --critical-path`` tells.

    ``shares``, the greatest first, add up to ``elapsed_ps`` exactly; ``longest`` are the longest of ``steps`` steps
    of the path, the longest first.
    """

    path: str
    elapsed_ps: int
    elapsed_s: float
    steps: int
    shares: tuple[PathShare, ...]
    longest: tuple[PathStep, ...]
    resources: tuple[ResourceUse, ...]

    def to_json(self) -> str:
        """Return the report as one JSON object."""
        return json.dumps(asdict(self), indent=2, allow_nan=False)


def report_path(path: Path, longest: int = 5) -> PathReport:
    """Return the report on the trace at ``path``, with its ``longest`` steps.

    Raises ``TraceError`` when the trace is missing or damaged, or holds no commands.
    """
    with open_so_far(path) as trace:
        return path_report(trace, longest)


def path_report(trace: Trace, longest: int = 5) -> PathReport:
    """Return the report on ``trace``, with its ``longest`` steps; raises ``TraceError`` as ``report_path`` does."""
    found = critical_path(trace)
    shares = sorted(path_shares_ps(trace, found).items(), key=lambda item: (-item[1], item[0]))
    elapsed_ps = trace.elapsed_ps
    return PathReport(
        path=str(trace.path),
        elapsed_ps=elapsed_ps,
        elapsed_s=trace.elapsed_s,
        steps=len(found.kind),
        shares=tuple(PathShare(name, ps, ps_to_s(ps), ps / elapsed_ps) for name, ps in shares),
        longest=_longest(trace, found, longest),
        resources=tuple(
            ResourceUse(
                one.resource,
                one.spans,
                ps_to_s(one.busy_ps),
                ps_to_s(one.overlap_ps),
                ps_to_s(one.idle_ps),
                one.share,
            )
            for one in utilisation(trace)
        ),
    )


def _longest(trace: Trace, found: CriticalPath, count: int) -> tuple[PathStep, ...]:
    """Return the ``count`` longest steps, the longest first; the spans of all are read at once."""
    steps = found.longest(count)
    parts: dict[int, Counter[str]] = {step: Counter() for step in steps.tolist()}
    for one in path_segments(trace, found, np.sort(steps)):
        step = int(np.searchsorted(found.edges_ps, one.t_start_ps, side="right")) - 1
        parts[step][one.name] += one.duration_ps
    return tuple(_step(trace, found, step, mine) for step, mine in parts.items())


def _step(trace: Trace, found: CriticalPath, step: int, parts: Counter[str]) -> PathStep:
    begin, end = found.edges_ps[step : step + 2].tolist()
    row = int(found.command[step])
    ((most, ps),) = parts.most_common(1)
    name = most
    if found.kind[step] == StepKind.SERVICE:
        instrument = trace.labels("commands.instrument")[trace.commands.instrument[row]]
        name = f"{instrument} {trace.labels('commands.kind')[trace.commands.kind[row]]}"
    return PathStep(name, begin, end, ps_to_s(end - begin), row, most, ps / (end - begin))
