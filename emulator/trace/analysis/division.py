"""The division of a stretch of service among the spans of its command: every instant goes to one span, or to none.

Spans of one resource lie within each other: the innermost, which started last, is what the resource did. Different
resources work at the same time, as the stages of a pipeline: of them the one whose span is the longest counts,
because the slowest stage sets the pace of the others. The latency ledger divides so inside the commands of a
pipelined instrument, and takes the innermost of all elsewhere.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import kernel
from emulator.trace.schema import Commands, Plans, Spans

__all__ = ["NO_SPAN", "Pieces", "divide", "without_overlapping_stages"]

NO_SPAN = -1
"""Stands for the span of an instant that no span covers."""


class Pieces(NamedTuple):
    """One row a piece of a stretch, by stretch and time; ``span`` is a row of the spans, or ``NO_SPAN``."""

    stretch: NDArray[np.int64]
    span: NDArray[np.int64]
    t_start: NDArray[np.int64]
    t_end: NDArray[np.int64]


class _Intervals(NamedTuple):
    resource: NDArray[np.uint8]
    t_start: NDArray[np.int64]
    t_end: NDArray[np.int64]


def divide(
    spans: Spans, stretch: NDArray[np.int64], t_start: NDArray[np.int64], t_end: NDArray[np.int64]
) -> Pieces:
    """Return the pieces of the stretches from ``t_start`` to ``t_end`` (ps); ``stretch`` tells each span's.

    ``spans`` come sorted by start; a span may reach beyond its stretch.
    """
    order = np.argsort(stretch, kind="stable")
    first = np.searchsorted(stretch[order], np.arange(len(t_start) + 1))
    mine = _Intervals(spans.resource[order], spans.t_start[order], spans.t_end[order])
    room = 2 * len(order) + len(t_start)  # a piece ends where a span starts or ends, or with its stretch
    pieces = Pieces(*(np.empty(room, dtype=np.int64) for _ in Pieces._fields))
    count = _divide(mine, first, t_start, t_end, pieces)
    found = Pieces(*(column[:count] for column in pieces))
    known = found.span != NO_SPAN
    found.span[known] = order[found.span[known]]
    return found


def without_overlapping_stages(spans: Spans, commands: Commands, plans: Plans) -> Spans:
    """Return ``spans``, in which every instant of a pipelined command belongs to one of its stages.

    A command is pipelined when its plan has no steps. ``spans`` come sorted by start.
    """
    pipelined = ~np.isin(commands.plan, plans.plan)
    mine = (
        (spans.command >= 0) & pipelined[np.maximum(spans.command, 0)]
        if len(pipelined)
        else np.zeros(0, bool)
    )
    if not mine.any():
        return spans
    columns = [
        np.asarray(getattr(spans, name)) for name in ("resource", "activity", "t_start", "t_end", "command")
    ]
    staged = Spans(*(column[mine] for column in columns))
    rows, stretch = np.unique(staged.command, return_inverse=True)
    pieces = divide(staged, stretch, commands.t_started[rows], commands.t_done[rows])
    known = pieces.span != NO_SPAN
    of = pieces.span[known]
    divided = (
        staged.resource[of],
        staged.activity[of],
        pieces.t_start[known],
        pieces.t_end[known],
        staged.command[of],
    )
    return Spans(
        *(np.concatenate((column[~mine], piece)) for column, piece in zip(columns, divided, strict=True))
    )


@kernel
def _divide(
    spans: _Intervals,
    first: NDArray[np.int64],
    t_start: NDArray[np.int64],
    t_end: NDArray[np.int64],
    out: Pieces,
) -> int:
    """Write the pieces of all stretches, those of stretch i from its spans ``first[i]`` to ``first[i + 1]``."""
    count = 0
    for stretch in range(len(t_start)):
        coming, last = first[stretch], first[stretch + 1]
        running = np.empty(last - coming, dtype=np.int64)
        live = 0
        now = t_start[stretch]
        while now < t_end[stretch]:
            while coming < last and spans.t_start[coming] <= now:
                running[live] = coming
                live += 1
                coming += 1
            live = _drop_ended(spans, running, live, now)
            until = t_end[stretch]
            if coming < last:
                until = min(until, spans.t_start[coming])
            for at in range(live):
                until = min(until, spans.t_end[running[at]])
            span = _pace_setter(spans, running, live)
            if count > 0 and out.stretch[count - 1] == stretch and out.span[count - 1] == span:
                out.t_end[count - 1] = until
            else:
                out.stretch[count], out.span[count] = stretch, span
                out.t_start[count], out.t_end[count] = now, until
                count += 1
            now = until
    return count


@kernel
def _drop_ended(spans: _Intervals, running: NDArray[np.int64], live: int, now: int) -> int:
    kept = 0
    for at in range(live):
        if spans.t_end[running[at]] > now:
            running[kept] = running[at]
            kept += 1
    return kept


@kernel
def _pace_setter(spans: _Intervals, running: NDArray[np.int64], live: int) -> int:
    """Return the longest of the spans that are the innermost of their resource, or -1; of equals the first."""
    best = -1
    longest = 0
    for at in range(live):
        one = running[at]
        lasting = spans.t_end[one] - spans.t_start[one]
        if lasting <= longest:
            continue
        innermost = True
        for other in running[:live]:
            if spans.resource[other] == spans.resource[one] and _lies_within(spans, other, one):
                innermost = False
        if innermost:
            best, longest = one, lasting
    return best


@kernel
def _lies_within(spans: _Intervals, inner: int, outer: int) -> bool:
    """Tell whether ``inner`` started later; of those that started together, ended first; of those, comes later."""
    later = spans.t_start[inner] - spans.t_start[outer]
    if later == 0:
        later = spans.t_end[outer] - spans.t_end[inner]
    if later == 0:
        later = inner - outer
    return bool(later > 0)
