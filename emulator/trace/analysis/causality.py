"""What each command waited for before it was issued, and what ended the run; it measures no service.

A command may wait for several replies; it was issued upon the one that came last.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import NO_COMMAND, Commands, Joins

__all__ = ["binding_causes", "check_times", "final_command"]

_CUT_OFF: Final = ("killed", "disk-full")
"""Statuses of runs that end, as far as the trace tells, with the last command that was kept."""


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


def binding_causes(commands: Commands, joins: Joins) -> NDArray[np.int64]:
    """Return, for each command, the row whose reply it was issued upon, or ``NO_COMMAND``.

    That is the reply that came last; of several at one instant, that of the last row.
    """
    binding = commands.cause.copy()
    joined = np.unique(joins.command)
    caused = joined[commands.cause[joined] >= 0]
    command = np.concatenate((caused, joins.command))
    cause = np.concatenate((commands.cause[caused], joins.cause))
    order = np.lexsort((cause, commands.t_done[cause], command))
    binding[command[order]] = cause[order]  # of several values for one row, the last stays
    return binding


def final_command(trace: Trace) -> int:
    """Return the command upon whose reply the run ended, or ``NO_COMMAND`` where nothing was done.

    A run ends with its main agent, the first that the bench names, and that with its last reply. A run that was cut
    off ends with whatever was done last.
    """
    commands = trace.commands
    done = int(np.searchsorted(commands.t_done, trace.elapsed_ps, side="right"))
    if done == 0 or trace.status in _CUT_OFF:
        return done - 1
    agent = commands.agent[:done]
    return int(np.flatnonzero(agent == agent.min())[-1])
