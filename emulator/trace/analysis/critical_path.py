"""The critical path of a run: the chain of services, waits and thoughts that set its elapsed time.

The path is walked back from the end of the run. A command in service is reached from

- its instrument, when it had to wait for it: from the command that left the instrument at that instant, or that
  began before it and still occupied a stage until then (a pipelined instrument); else
- the reply it was issued upon (``emulator.trace.analysis.causality`` tells which).

The host's thought upon a reading is part of its service, though not of its instrument's. What a command waits for
inside its service, such as the beat of a frame clock, counts as service. An agent that lets time pass between a
reply and its next command is idle. Every step begins where the one before it ends, so that their lengths add up to
the elapsed time in whole ps. It is one of the longest paths; of several that are equally long, and of what would be
second longest, nothing is said.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.kernel import kernel
from emulator.trace.analysis.causality import binding_causes, check_times, final_command
from emulator.trace.analysis.excerpt import spans_of
from emulator.trace.plans import freed_ps
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import NO_COMMAND

__all__ = ["CriticalPath", "Segment", "StepKind", "critical_path"]


class StepKind(IntEnum):
    """Say what a step of the path is."""

    SERVICE = 0
    WAIT = 1  # for an instrument that nothing on record occupied
    IDLE = 2


_SERVICE: Final = int(StepKind.SERVICE)
_WAIT: Final = int(StepKind.WAIT)
_IDLE: Final = int(StepKind.IDLE)


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of the path: ``name`` is "resource.activity", "wait for INSTRUMENT" or ``IDLE``."""

    name: str
    t_start_ps: int
    t_end_ps: int
    command: int

    @property
    def duration_ps(self) -> int:
        """Return how long it lasts."""
        return self.t_end_ps - self.t_start_ps


@dataclass(frozen=True, eq=False)
class CriticalPath:
    """Hold the steps of the path in order of time; step ``i`` lasts from ``edges_ps[i]`` to ``edges_ps[i + 1]``.

    Attributes
    ----------
    edges_ps : NDArray[np.int64]
        One more than there are steps; the first is 0, the last the elapsed time.
    kind : NDArray[np.uint8]
        A ``StepKind`` each.
    command : NDArray[np.int64]
        The row served, or the row that waits; ``NO_COMMAND`` when idle.
    """

    edges_ps: NDArray[np.int64]
    kind: NDArray[np.uint8]
    command: NDArray[np.int64]

    def longest(self, count: int) -> NDArray[np.int64]:
        """Return the numbers of the ``count`` longest steps, the longest first, of equals the earlier first."""
        return np.argsort(-np.diff(self.edges_ps), kind="stable")[:count]


def critical_path(trace: Trace) -> CriticalPath:
    """Return the critical path of ``trace``.

    Raises ``TraceError`` when the trace holds no commands because its detail is "summary", or when their times
    contradict each other.
    """
    if trace.detail == "summary":
        raise TraceError(
            f"{trace.path}: a trace of detail 'summary' holds no commands, so it has no critical path; record "
            "with trace.detail = 'commands' or 'full'"
        )
    check_times(trace)
    commands = trace.commands
    cause = binding_causes(commands, trace.joins)
    graph = _Graph(commands.t_issued, commands.t_started, commands.t_done, cause, _holders(trace))
    end, now = final_command(trace), trace.elapsed_ps
    count = _walk(graph, end, now, _room(0))
    steps = _room(count)
    _walk(graph, end, now, steps)
    edges = np.append(steps.t_start[::-1], now)
    return CriticalPath(edges, steps.kind[::-1].copy(), steps.command[::-1].copy())


class _Graph(NamedTuple):
    """What each command comes after: its own instants, the reply it was issued upon, whom it had to wait for."""

    t_issued: NDArray[np.int64]
    t_started: NDArray[np.int64]
    t_done: NDArray[np.int64]
    cause: NDArray[np.int64]
    holder: NDArray[np.int64]


class _Steps(NamedTuple):
    """The steps of a path, the last first."""

    t_start: NDArray[np.int64]
    kind: NDArray[np.uint8]
    command: NDArray[np.int64]


def _room(steps: int) -> _Steps:
    return _Steps(np.empty(steps, np.int64), np.empty(steps, np.uint8), np.empty(steps, np.int64))


@kernel
def _walk(graph: _Graph, row: int, now: int, out: _Steps) -> int:
    """Walk back from ``row``, whose reply ended the run at ``now``, and return how many steps that takes.

    The steps are written, the last first, as far as there is room for them.
    """
    t_issued, t_started, t_done, cause, holder = graph
    count = 0
    gap, owner = _IDLE, -1
    while row >= 0:
        count, now = _step(out, count, t_done[row], now, gap, owner)
        count, now = _step(out, count, t_started[row], now, _SERVICE, row)
        if holder[row] >= 0:
            gap, owner = _WAIT, row
            row = holder[row]
        else:
            count, now = _step(out, count, t_issued[row], now, _WAIT, row)
            row = cause[row]
            gap, owner = _IDLE, -1
    count, now = _step(out, count, 0, now, _IDLE, -1)
    return count


@kernel
def _step(out: _Steps, count: int, begin: int, now: int, kind: int, owner: int) -> tuple[int, int]:
    """Note the step from ``begin`` to ``now`` unless it is empty; return the new count and the new ``now``."""
    if begin >= now:
        return count, now
    if count < len(out.kind):
        out.t_start[count], out.kind[count], out.command[count] = begin, kind, owner
    return count + 1, begin


# -------------------------------------------------------------------------------- whom a waiting command followed
def _holders(trace: Trace) -> NDArray[np.int64]:
    """Return, for each command that its instrument kept waiting, the command it followed there, else -1."""
    commands = trace.commands
    freed = freed_ps(commands, trace.plans)
    holder = np.full(len(commands.t_done), NO_COMMAND, dtype=np.int64)
    for instrument in np.unique(commands.instrument[commands.t_started > commands.t_issued]):
        mine = np.flatnonzero(commands.instrument == instrument)
        late, followed = _followed(trace, mine, freed[mine])
        holder[mine[late]] = np.where(followed >= 0, mine[followed], NO_COMMAND)
    return holder


def _followed(
    trace: Trace, mine: NDArray[np.int64], freed: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which of one instrument's commands ``mine`` waited, and which each of them followed (-1: none).

    Both are positions in ``mine``, which left the instrument at the instants ``freed``. The command followed comes
    before in the order of (start, row), which no cause contradicts either: the walk cannot turn in a circle.
    """
    t_issued, t_started = trace.commands.t_issued[mine], trace.commands.t_started[mine]
    late = np.flatnonzero(t_started > t_issued)
    at = t_started[late]
    order = np.argsort(t_started, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    left = _left_at(freed, place, at, place[late])
    leaves = left >= 0
    begun = np.append(-1, order)[place[late]]  # the one that started before
    occupies = (begun >= 0) & (freed[begun] > t_issued[late])
    # In a pipeline that runs at a steady pace another command may be done just when a stage becomes free.
    unclear = np.flatnonzero(leaves & occupies & (freed[begun] > at))
    if len(unclear):
        leaves[unclear] = ~_ends_stage(trace, mine[begun[unclear]], at[unclear])
    return late, np.where(leaves, left, np.where(occupies, begun, -1))


def _left_at(
    freed: NDArray[np.int64], place: NDArray[np.intp], at: NDArray[np.int64], before: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return, for each instant ``at``, the last of those with a place ``before`` that left at it, or -1."""
    instants, rank = np.unique(freed, return_inverse=True)
    key = rank * len(place) + place
    order = np.argsort(key, kind="stable")
    wanted = np.searchsorted(instants, at)
    found = np.searchsorted(key[order], wanted * len(place) + before) - 1
    left = order[found.clip(min=0)]
    return np.where((found >= 0) & (freed[left] == at), left, -1)


def _ends_stage(trace: Trace, rows: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which of the commands ``rows`` ended one of its spans at the instant ``at``."""
    spans = spans_of(trace, np.unique(rows))
    ends = set(zip(spans.command.tolist(), spans.t_end.tolist(), strict=True))
    return np.array([pair in ends for pair in zip(rows.tolist(), at.tolist(), strict=True)], dtype=np.bool_)
