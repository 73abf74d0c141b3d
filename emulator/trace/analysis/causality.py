"""What each command waited for before it was issued, and what ended the run; it measures no service.

A command may wait for several replies. The host thinks only after a query, and for a time that the trace does
not state, so the reply that a command was issued upon is found from the times: one that came at that very
instant; else the latest of a query, after which the host thought; else the latest of all.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import NO_COMMAND, Commands, Joins
from emulator.trace.writing.survey import FORWARD

__all__ = [
    "Thoughts",
    "binding_causes",
    "check_times",
    "final_command",
    "queries_among",
    "thinking_ps",
    "thought_spans",
]

_CUT_OFF: Final = ("killed", "disk-full")
"""Statuses of runs that end, as far as the trace tells, with the last command that was kept."""


class Thoughts(NamedTuple):
    """Intervals (ps) in which an agent thought upon the reply to ``cause``."""

    t_start: NDArray[np.int64]
    t_end: NDArray[np.int64]
    cause: NDArray[np.int64]


def check_times(trace: Trace) -> None:
    """Raise ``TraceError`` unless every command's times and causes are such as a bench can produce."""
    commands, joins = trace.commands, trace.joins
    rows = np.arange(len(commands.t_done))
    if np.any((joins.command < 0) | (joins.command >= len(rows)) | (joins.cause < 0)):
        raise TraceError(f"{trace.path}: /joins names commands that are not in the trace")
    wrong = {
        "its cause is not an earlier row": (commands.cause < NO_COMMAND) | (commands.cause >= rows),
        "its times do not satisfy 0 <= t_issued <= t_started <= t_done": (
            (commands.t_issued < 0)
            | (commands.t_started < commands.t_issued)
            | (commands.t_done < commands.t_started)
        ),
        "it was done before the row above": np.diff(commands.t_done, prepend=0) < 0,
    }
    for what, mask in wrong.items():
        if mask.any():
            raise TraceError(f"{trace.path}: commands row {int(mask.argmax())}: {what}")
    caused = np.flatnonzero(commands.cause >= 0)
    command = np.concatenate((caused, joins.command))
    cause = np.concatenate((commands.cause[caused], joins.cause))
    early = (cause >= command) | (commands.t_issued[command] < commands.t_done[cause.clip(max=len(rows) - 1)])
    if early.any():
        row = int(command[early.argmax()])
        raise TraceError(f"{trace.path}: commands row {row}: it was issued before a reply it waited for")


def queries_among(trace: Trace) -> NDArray[np.bool_]:
    """Return the mask of the commands that are queries, upon whose replies the host thinks."""
    kinds = trace.labels("commands.kind")
    mask: NDArray[np.bool_] = trace.commands.kind == (kinds.index(FORWARD) if FORWARD in kinds else 256)
    return mask


def binding_causes(commands: Commands, joins: Joins, queries: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return, for each command, the row whose reply it was issued upon, or ``NO_COMMAND``."""
    binding = commands.cause.copy()
    joined = np.unique(joins.command)
    caused = joined[commands.cause[joined] >= 0]
    command = np.concatenate((caused, joins.command))
    cause = np.concatenate((commands.cause[caused], joins.cause))
    t_done = commands.t_done[cause]
    order = np.lexsort((cause, t_done, queries[cause], t_done == commands.t_issued[command], command))
    binding[command[order]] = cause[order]  # of several values for one row, the last stays
    return binding


def final_command(trace: Trace) -> int:
    """Return the command upon whose reply the run ended, or ``NO_COMMAND`` where nothing was done.

    A run ends with its main agent, the first that the bench names, and that with its last reply, or with the reply
    to a query upon which the host still thought: one whose thought ends with the run, or else the last one if the
    last reply of all was asked for before that came. A run that was cut off ends with whatever was done last.
    """
    commands = trace.commands
    done = int(np.searchsorted(commands.t_done, trace.elapsed_ps, side="right"))
    if done == 0 or trace.status in _CUT_OFF:
        return done - 1
    agent = commands.agent[:done]
    mine = np.flatnonzero(agent == agent.min())
    last = int(mine[-1])
    asked = mine[queries_among(trace)[mine]]
    if commands.t_done[last] == trace.elapsed_ps or len(asked) == 0:
        return last
    think_ps = thinking_ps(commands, trace.joins, queries_among(trace))
    ending = asked[commands.t_done[asked] + think_ps == trace.elapsed_ps]
    if len(ending):
        return int(ending[-1])
    query = int(asked[-1])
    return query if commands.t_issued[last] <= commands.t_done[query] else last


def thinking_ps(commands: Commands, joins: Joins, queries: NDArray[np.bool_]) -> int:
    """Return how long the host thinks upon a query: the least time from a query's reply to what waited for it.

    That is the host's constant overhead wherever an agent asked for one thing after the other; 0 if nothing waited
    for a query.
    """
    command = np.concatenate((np.arange(len(commands.cause)), joins.command))
    cause = np.concatenate((commands.cause, joins.cause))
    upon = np.flatnonzero((cause >= 0) & queries[cause])
    gaps = commands.t_issued[command[upon]] - commands.t_done[cause[upon]]
    return int(gaps.min()) if len(gaps) else 0


def thought_spans(trace: Trace) -> Thoughts:
    """Return when agents thought: at most once upon each reply, in the order of the replies.

    This is all that is reconstructed of thoughts: who needs them asks here, and nowhere else.
    A thought lasts until the last command that was issued upon the reply, or until the run ends upon it; after a
    query no less than ``thinking_ps``, also where the agent's next command waited for another reply meanwhile.
    """
    commands, queries = trace.commands, queries_among(trace)
    binding = binding_causes(commands, trace.joins, queries)
    until = commands.t_done + queries * thinking_ps(commands, trace.joins, queries)
    row = np.flatnonzero(binding >= 0)
    np.maximum.at(until, binding[row], commands.t_issued[row])
    final = final_command(trace)
    if final >= 0:
        until[final] = trace.elapsed_ps
    until = until.clip(max=trace.elapsed_ps)
    cause = np.flatnonzero(until > commands.t_done)
    return Thoughts(commands.t_done[cause], until[cause], cause)
