"""The spans of some of a trace's commands, without expanding the plans of all; it decides nothing about them."""

from dataclasses import fields
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from emulator.trace.analysis.frames import joined, stored_parts, stored_spans
from emulator.trace.analysis.intervals import claims
from emulator.trace.plans import expand_plans, merge_spans
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import Commands, Spans

__all__ = [
    "all_spans",
    "claimed_spans",
    "commands_at",
    "plan_sizes",
    "spans_at",
    "spans_of",
    "unplanned_spans",
]


def commands_at(commands: Commands, rows: NDArray[np.int64]) -> Commands:
    """Return the ``rows`` of ``commands``; their ``cause`` still counts rows of the whole table."""
    return Commands(*(getattr(commands, field.name)[rows] for field in fields(commands)))


def spans_at(spans: Spans, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Spans:
    """Return the ``rows`` (row numbers, or a mask) of ``spans``."""
    return Spans(*(getattr(spans, field.name)[rows] for field in fields(spans)))


def plan_sizes(trace: Trace) -> NDArray[np.int64]:
    """Return how many steps each of the 65,536 possible plans has."""
    return np.bincount(trace.plans.plan, minlength=2**16)


def unplanned_spans(trace: Trace) -> NDArray[np.int64]:
    """Return, for each command, how many spans it has besides the steps of its plan."""
    command = trace.spans.command
    stored = np.bincount(command[command >= 0], minlength=len(trace.commands.plan))
    return stored - plan_sizes(trace)[trace.commands.plan] if trace.detail == "full" else stored


def all_spans(trace: Trace) -> Spans:
    """Return every span, sorted by start and command, those of projections frame by frame where frames are known.

    So it returns the same at every detail. Raises ``TraceError`` when they are too many to be held in memory.
    """
    if trace.detail == "full":
        return trace.spans
    return merge_spans(stored_spans(trace), expand_plans(trace.commands, trace.plans))


def claimed_spans(trace: Trace) -> Spans:
    """Return every span, pipelined stages cut so that of one command no two overlap; in no order of time.

    It takes less memory than ``all_spans``. Raises ``TraceError`` when they are too many to be held in it.
    """
    commands, plans = trace.commands, trace.plans
    if trace.detail == "full":
        return claims(trace.spans, commands, plans)
    parts = stored_parts(trace)
    planned = merge_spans(next(parts), expand_plans(commands, plans))
    return joined([claims(part, commands, plans) for part in chain((planned,), parts)])


def spans_of(trace: Trace, rows: NDArray[np.int64]) -> Spans:
    """Return the spans of the commands ``rows`` (ascending, each once), sorted by start and then by command.

    Those of projections are frame by frame where frames are known. Raises ``TraceError`` when they are too many to
    be held in memory.
    """
    wanted = np.zeros(len(trace.commands.plan), dtype=np.bool_)
    wanted[rows] = True
    held = stored_spans(trace) if np.isin(trace.frames.command, rows).any() else trace.spans
    stored = spans_at(held, np.flatnonzero((held.command >= 0) & wanted[held.command]))
    if trace.detail == "full":
        return stored
    planned = expand_plans(commands_at(trace.commands, rows), trace.plans)
    planned = Spans(planned.resource, planned.activity, planned.t_start, planned.t_end, rows[planned.command])
    return merge_spans(stored, planned)
