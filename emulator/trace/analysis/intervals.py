"""Who owns an instant, and how much of the time intervals cover: one rule and one sweep for every account of a run.

The rule. Every instant of a run belongs to one span, or to none:

1. Inside a pipelined command, one whose plan has no steps, the stages work at the same time. Of the spans of one
   resource the innermost counts, the one that started last; of the resources the one whose span is the longest,
   because the slowest stage sets the pace of the others.
2. Everywhere else, and between commands, the covering span that started last counts; of several that started
   together the one that ends first, and of those the one of the last row.
3. What no span covers is the host's where an agent thought and no command was in service, and idle otherwise.

A pipelined command's spans are those of its frames, whatever the trace's detail (``analysis.frames``). The ledger,
the energies of spans, the critical path and a re-timing all divide time by ``divide`` and ``claims``; here are no
names and no joules.
"""

from dataclasses import fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import kernel
from emulator.trace.schema import Commands, Plans, Spans

__all__ = [
    "NO_SPAN",
    "Pieces",
    "Stretches",
    "busy_and_overlap_ps",
    "claims",
    "covered_stretches",
    "divide",
    "is_pipelined",
    "outside",
    "running",
]

Times = NDArray[np.int64]

NO_SPAN = -1
"""Stands for the span of an instant that no span covers."""


class Pieces(NamedTuple):
    """One row a piece of a stretch, by stretch and time; ``span`` is a row of the spans, or ``NO_SPAN``."""

    stretch: Times
    span: Times
    t_start: Times
    t_end: Times


class Stretches(NamedTuple):
    """Intervals (ps) in order of time that neither overlap nor touch."""

    t_start: Times
    t_end: Times

    @property
    def total_ps(self) -> int:
        """Return how long they are together."""
        return int((self.t_end - self.t_start).sum())


# ----------------------------------------------------------------------------------------- whose an instant is
def is_pipelined(commands: Commands, plans: Plans) -> NDArray[np.bool_]:
    """Tell which commands are pipelined: their plan has no steps."""
    stepped = np.zeros(2**16, dtype=np.bool_)
    stepped[plans.plan] = True
    return np.asarray(~stepped[commands.plan])


def claims(spans: Spans, commands: Commands, plans: Plans) -> Spans:
    """Return ``spans`` with those of pipelined commands cut, so that of one command no two overlap (rule 1)."""
    mine = np.zeros(len(spans.command), dtype=np.bool_)
    known = np.flatnonzero(spans.command >= 0)
    mine[known] = is_pipelined(commands, plans)[spans.command[known]]
    if not mine.any():
        return spans
    columns = {field.name: np.asarray(getattr(spans, field.name)) for field in fields(spans)}
    staged = Spans(**{name: column[mine] for name, column in columns.items()})
    rows, stretch = np.unique(staged.command, return_inverse=True)
    pieces = divide(staged, stretch, commands.t_started[rows], commands.t_done[rows], paced=True)
    owned = pieces.span != NO_SPAN
    of = pieces.span[owned]
    cut = Spans(
        staged.resource[of],
        staged.activity[of],
        pieces.t_start[owned],
        pieces.t_end[owned],
        staged.command[of],
    )
    return Spans(*(np.concatenate((column[~mine], getattr(cut, name))) for name, column in columns.items()))


def divide(
    spans: Spans,
    stretch: NDArray[np.integer],
    t_start: Times,
    t_end: Times,
    paced: bool | NDArray[np.bool_] = False,
) -> Pieces:
    """Return the pieces of the stretches from ``t_start`` to ``t_end`` (ps), which leave no gap in any of them.

    ``stretch`` tells to which of them each span belongs; a span may reach beyond it. In a ``paced`` stretch rule 1
    decides, in the others rule 2.
    """
    order = _by_precedence(spans, stretch)
    begin, end, of = spans.t_start[order], spans.t_end[order], stretch[order]
    first = np.searchsorted(of, np.arange(len(t_start) + 1))
    # Where one resource's spans are told from another's, each has a lane of its own; elsewhere all share one.
    in_lanes = np.broadcast_to(np.asarray(paced), len(t_start))
    lane = np.where(in_lanes[of], spans.resource[order], 0) if in_lanes.any() else np.zeros_like(order)
    room = 2 * len(order) + len(t_start)  # a piece ends where a span starts or ends, or with its stretch
    pieces = Pieces(*(np.empty(room, dtype=np.int64) for _ in Pieces._fields))
    count = _divide(_Lanes(lane, begin, end), int(lane.max(initial=0)) + 1, first, t_start, t_end, pieces)
    found = Pieces(*(column[:count] for column in pieces))
    owned = found.span != NO_SPAN
    found.span[owned] = order[found.span[owned]]
    return found


def _by_precedence(spans: Spans, stretch: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return the rows of the spans that last, by stretch, and in each in the order in which later ones win."""
    lasting = np.flatnonzero(spans.t_end > spans.t_start)
    start, of = spans.t_start[lasting], stretch[lasting]
    if np.all((of[1:] > of[:-1]) | ((of[1:] == of[:-1]) & (start[1:] > start[:-1]))):
        return lasting
    return lasting[np.lexsort((-spans.t_end[lasting], start, of))]


class _Lanes(NamedTuple):
    """Spans in the order in which later ones take precedence, each in the lane of those that it may lie within."""

    lane: NDArray[np.int64]
    t_start: Times
    t_end: Times


@kernel
def _divide(spans: _Lanes, lanes: int, first: Times, begin: Times, end: Times, out: Pieces) -> int:
    """Write the pieces of all stretches, those of stretch i from its spans ``first[i]`` to ``first[i + 1]``.

    Spans at work lie on a stack a lane, the innermost on top: one that ends below the top is dropped when it
    surfaces, so that every span is pushed and popped once.
    """
    top, below = np.empty(lanes, dtype=np.int64), np.empty(len(spans.lane), dtype=np.int64)
    count = 0
    for stretch in range(len(begin)):
        coming, last = first[stretch], first[stretch + 1]
        top[:] = -1
        now = begin[stretch]
        while now < end[stretch]:
            while coming < last and spans.t_start[coming] <= now:
                below[coming], top[spans.lane[coming]] = top[spans.lane[coming]], coming
                coming += 1
            until = min(end[stretch], spans.t_start[coming]) if coming < last else end[stretch]
            owner, until = _owner(spans, top, below, now, until)
            if count > 0 and out.stretch[count - 1] == stretch and out.span[count - 1] == owner:
                out.t_end[count - 1] = until
            else:
                out.stretch[count], out.span[count] = stretch, owner
                out.t_start[count], out.t_end[count] = now, until
                count += 1
            now = until
    return count


@kernel
def _owner(spans: _Lanes, top: Times, below: Times, now: int, until: int) -> tuple[int, int]:
    """Return the longest of the innermost spans at ``now``, of equals the first, and until when that stays so."""
    owner, longest = -1, 0
    for lane in range(len(top)):
        one = top[lane]
        while one >= 0 and spans.t_end[one] <= now:
            one = below[one]
        top[lane] = one
        if one >= 0:
            until = min(until, spans.t_end[one])
            lasting = spans.t_end[one] - spans.t_start[one]
            if lasting > longest or (lasting == longest and one < owner):
                owner, longest = one, lasting
    return owner, until


# ------------------------------------------------------------------------------------- how much is covered
def busy_and_overlap_ps(t_start: Times, t_end: Times, elapsed_ps: int) -> tuple[int, int]:
    """Return how much of [0, ``elapsed_ps``] at least one and at least two of the intervals cover."""
    starts, ends = _edges(t_start, t_end, elapsed_ps)
    return _at_least(starts, ends, 1).total_ps, _at_least(starts, ends, 2).total_ps


def covered_stretches(t_start: Times, t_end: Times, elapsed_ps: int) -> Stretches:
    """Return the stretches of [0, ``elapsed_ps``] that at least one of the intervals covers, in any order."""
    return _at_least(*_edges(t_start, t_end, elapsed_ps), 1)


def outside(inner: Stretches, outer: Stretches) -> Stretches:
    """Return the stretches of ``outer`` that ``inner`` does not cover."""
    if len(outer.t_start) == 0:
        return outer
    begin, end = outer.t_start[:1], outer.t_end[-1:]
    # The gaps of ``inner`` begin where it ends; where a gap and ``outer`` are both at hand, two intervals cover.
    starts = np.concatenate((begin, inner.t_end.clip(begin, end), outer.t_start))
    ends = np.concatenate((inner.t_start.clip(begin, end), end, outer.t_end))
    return _at_least(*_sorted_edges(starts, ends), 2)


def running(t_start: Times, t_end: Times, amount: NDArray[np.float64]) -> tuple[Times, NDArray[np.float64]]:
    """Return the sum of the amounts of all intervals that are open, at each instant at which one begins or ends."""
    t = np.concatenate((t_end, t_start))  # of one instant, what ends comes first
    change = np.concatenate((-amount, amount))
    order = np.argsort(t, kind="stable")
    instants, last = np.unique(t[order][::-1], return_index=True)
    total = np.cumsum(change[order])[len(t) - 1 - last] if len(t) else change
    # A sum of many amounts that has come to its end is zero, whatever rounding left of it.
    none = np.abs(total) < 1e-12 * np.abs(amount).max(initial=0.0)
    return instants, np.where(none, 0.0, np.maximum(total, 0.0))


def _edges(t_start: Times, t_end: Times, elapsed_ps: int) -> tuple[Times, Times]:
    return _sorted_edges(t_start.clip(0, elapsed_ps), t_end.clip(0, elapsed_ps))


def _sorted_edges(t_start: Times, t_end: Times) -> tuple[Times, Times]:
    """Return the starts and the ends, each sorted for itself, of the intervals that last."""
    lasting = t_end > t_start
    if not lasting.all():
        t_start, t_end = t_start[lasting], t_end[lasting]
    # A stable sort takes little time where most is in order, as the commands of a run are.
    return np.sort(t_start, kind="stable"), np.sort(t_end, kind="stable")


def _at_least(starts: Times, ends: Times, depth: int) -> Stretches:
    found = Stretches(np.empty_like(starts), np.empty_like(starts))
    count = _deep(starts, ends, depth, found)
    return Stretches(found.t_start[:count], found.t_end[:count])


@kernel
def _deep(starts: Times, ends: Times, depth: int, out: Stretches) -> int:
    """Write the stretches that ``depth`` intervals or more cover, and return how many there are."""
    level, begun, count = 0, 0, 0
    for over in range(len(ends)):
        while begun < len(starts) and starts[begun] < ends[over]:
            level += 1
            if level == depth:
                if count > 0 and out.t_end[count - 1] == starts[begun]:
                    count -= 1  # it touches the one before, and goes on with it
                else:
                    out.t_start[count] = starts[begun]
            begun += 1
        if level == depth:
            out.t_end[count] = ends[over]
            count += 1
        level -= 1
    return count
