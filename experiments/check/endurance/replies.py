"""Whether every command had exactly one reply, and the trace says of it what its agent was told.

Commands of one agent to one instrument are served in the order in which they were asked for, so each is paired with
the next row of that agent, that instrument and that sort. A reading or a projection that is lost has no row and
stops the run, or counts as lost among the frames. What was started and never joined may have been refused without
a row, and what was started when the run ended may have a row without a ticket.
"""

import math
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from emulator.commands import (
    Command,
    Compute,
    Computed,
    Disturb,
    Forward,
    Incumbent,
    Join,
    Monitor,
    Monitored,
    PhasesSet,
    Probe,
    Project,
    Projection,
    Reading,
    Readings,
    SetPhases,
    Settle,
    Settled,
    Spending,
    Spent,
    Start,
    Ticket,
    Wait,
)
from emulator.commands import Sequence as ProbeSequence
from emulator.instruments.registry import INSTRUMENTS
from experiments.check.endurance.rows import Rows
from experiments.check.endurance.talk import Heard

__all__ = ["Told", "pair", "replies"]

_REPLIES: Final[dict[type, type]] = {
    SetPhases: PhasesSet, Settle: Settled, Forward: Reading, Probe: Reading, ProbeSequence: Readings,
    Monitor: Monitored, Project: Projection, Compute: Computed, Spending: Spent, Start: Ticket,
}  # fmt: skip
_LEAVES_ROWS: Final = (*(kind for kind in _REPLIES if kind not in (Spending, Start)), Disturb, Incumbent)
_READINGS: Final = ("forward", "probe")
_ROUNDING: Final = 1e-9


@dataclass(slots=True)
class Told:
    """Hold a served command with its reply, if that was heard, and its rows in the trace."""

    note: Heard
    command: Any
    reply: Any
    done_ps: int
    rows: list[int]


def replies(rows: Rows, heard: Sequence[Heard], complete: bool, known: Sequence[Told]) -> Iterator[str]:
    """Yield what is wrong with the replies of a run, of whose commands ``pair`` has ``known`` rows.

    In a ``complete`` one the main agent heard all of its own.
    """
    last: dict[str, int] = {}
    silent: dict[str, int] = defaultdict(int)
    for note in heard:
        if note.issued_ps < last.get(note.agent, 0) or (note.replies and note.done_ps < note.issued_ps):
            yield f"time: it goes back for {note.agent}"
        last[note.agent] = max(note.issued_ps, note.done_ps)
        silent[note.agent] += note.replies == 0
        if note.replies > 1:
            yield f"replies: {_name(note.command)} of {note.agent} had {note.replies}"
        expected = _REPLIES.get(type(note.command))
        if note.replies and not note.refusal and expected and type(note.reply) is not expected:
            yield f"replies: {_name(note.command)} of {note.agent} was told {type(note.reply).__name__}"
        yield from _desk(note, complete)
    for agent, count in silent.items():
        if count > (0 if complete and agent == heard[0].agent else 1):
            yield f"replies: {count} commands of {agent} had none"
    for each in known:
        if each.rows:
            yield from _agrees(rows, each)


def _desk(note: Heard, complete: bool) -> Iterator[str]:
    """Say what is wrong with a reply that no instrument gave; waits end early only where a run is stopped."""
    command, reply = note.command, note.reply
    if (
        isinstance(command, Wait)
        and note.replies
        and complete
        and note.done_ps != max(note.issued_ps, command.until_ps)
    ):
        yield f"replies: {note.agent} waited until {note.done_ps} ps, not {command.until_ps}"
    if isinstance(reply, Spent) and (reply.time_ps != note.done_ps or note.done_ps != note.issued_ps):
        yield f"replies: {note.agent} was told at {note.done_ps} ps that {reply.time_ps} ps are spent"


def _name(command: Command) -> str:
    return type(command).__name__


def pair(rows: Rows, heard: Sequence[Heard]) -> tuple[list[Told], list[str]]:
    """Return the commands that leave rows, each with its own, and what is left over on either side, in words."""
    known = _told(heard)
    return known, list(_paired(rows, known))


def _told(heard: Sequence[Heard]) -> list[Told]:
    """Return the served commands in the order in which they were asked for, those that were started with theirs."""
    found: list[Told] = []
    started: dict[tuple[str, int], Told] = {}
    for note in heard:
        command = note.command
        if isinstance(command, Start) and not note.refusal:
            one = Told(note, command.command, None, -1, [])
            found.append(one)
            if isinstance(note.reply, Ticket):
                started[note.agent, note.reply.number] = one
        elif isinstance(command, Join):
            mine = started[note.agent, command.ticket.number]
            mine.reply = note.reply
            if note.refusal:
                found.remove(mine)
        elif isinstance(command, _LEAVES_ROWS) and not note.refusal:
            found.append(Told(note, command, note.reply, note.done_ps, []))
    return found


def _sort(command: Any) -> tuple[str, str]:
    if isinstance(command, Disturb):
        return command.target.partition(".")[0], "at once"
    for kind in INSTRUMENTS.values():
        if type(command) in kind.commands:
            return kind.name, "served"
    return next(kind.name for kind in INSTRUMENTS.values() if kind.named), "at once"


def _paired(rows: Rows, known: Sequence[Told]) -> Iterator[str]:
    """Give each of ``known`` its rows, and yield what is left on either side."""
    waiting: dict[tuple[str, str, str], deque[int]] = defaultdict(deque)
    names = [rows.named("commands", name, name) for name in ("agent", "instrument", "kind")]
    for row in _in_turn(rows, names[1]):
        agent, instrument, kind = (each[row] for each in names)
        sort = "at once" if kind in INSTRUMENTS[instrument].at_once else "served"
        waiting[agent, instrument, sort].append(row)
    for each in known:
        mine = waiting[(each.note.agent, *_sort(each.command))]
        if not (mine and _unheard(each)) or _fits(rows, each, mine[0], names[2]):
            _take(rows, each, mine, names[2])
        if not each.rows and (each.note.replies if not isinstance(each.note.command, Start) else each.reply):
            yield f"replies: {_name(each.command)} of {each.note.agent} was answered and is not in the trace"
    left = {key: len(each) for key, each in waiting.items() if each}
    if left:
        yield f"replies: {left} rows that nobody asked for"


def _in_turn(rows: Rows, instruments: Sequence[str]) -> list[int]:
    """Return the rows as they were asked for: who does one command at a time begins in turn, a pipeline ends so."""
    overlaps = np.array([INSTRUMENTS[name].retiming.sender is not None for name in instruments], dtype=bool)
    at = np.where(overlaps, rows.column("commands", "t_done"), rows.column("commands", "t_started"))
    return list(np.argsort(at, kind="stable").tolist())


def _unheard(each: Told) -> bool:
    """Tell whether ``each`` was started and nobody has heard what became of it."""
    return isinstance(each.note.command, Start) and each.reply is None


def _fits(rows: Rows, each: Told, row: int, kinds: Sequence[str]) -> bool:
    """Tell whether ``row`` may be that of ``each``: of its kind, and asked for at that instant."""
    instrument = INSTRUMENTS[_sort(each.command)[0]]
    expected = instrument.commands.get(type(each.command))
    return expected in {None, kinds[row]} and rows.column("commands", "t_issued")[row] == each.note.issued_ps


def _take(rows: Rows, each: Told, mine: "deque[int]", kinds: Sequence[str]) -> None:
    """Move the rows of ``each`` from ``mine``, where they come first."""
    if not isinstance(each.command, ProbeSequence):
        if mine:
            each.rows.append(mine.popleft())
        return
    issued = rows.column("commands", "t_issued")
    readings = 0
    while mine and issued[mine[0]] == each.note.issued_ps:
        reads = kinds[mine[0]] in _READINGS
        if each.command.decide is None and readings == len(each.command.heaters):
            return
        readings += reads
        each.rows.append(mine.popleft())


def _agrees(rows: Rows, each: Told) -> Iterator[str]:
    """Compare what the trace says of a command with what its agent asked and heard."""
    table, name = rows.tables["commands"], f"{_name(each.command)} of {each.note.agent}"
    first, last = table[each.rows[0]], table[each.rows[-1]]
    if first["t_issued"] != each.note.issued_ps:
        yield f"trace: {name} was asked for at {each.note.issued_ps} ps, not {first['t_issued']}"
    if each.done_ps >= 0 and last["t_done"] != each.done_ps:
        yield f"trace: {name} was answered at {each.done_ps} ps, not {last['t_done']}"
    reply, command = each.reply, each.command
    if reply is None:
        return
    if isinstance(reply, Reading) and not _close(float(last["result"]), float(reply.outputs.sum())):
        yield f"trace: {name} read {reply.outputs.sum()!r} in all, not {last['result']!r}"
    if isinstance(reply, PhasesSet) and last["result"] != reply.power_w:
        yield f"trace: {name} left {reply.power_w!r} W, not {last['result']!r}"
    if isinstance(reply, Settled | Computed) and last["t_done"] - last["t_started"] != reply.duration_ps:
        yield f"trace: {name} took {reply.duration_ps} ps, not {last['t_done'] - last['t_started']}"
    alone = isinstance(command, SetPhases | Probe) and len(command.heaters) == 1
    if alone and (last["target"], last["value"]) != (command.heaters[0], command.radians[0]):
        yield f"trace: {name} set heater {command.heaters[0]} to {command.radians[0]}, not {last['target']}"
    if isinstance(command, Settle) and command.duration_ps not in (None, last["t_done"] - last["t_started"]):
        yield f"trace: {name} was to take {command.duration_ps} ps"
    if isinstance(reply, Readings):
        kinds = rows.named("commands", "kind", "kind")
        readings = sum(kinds[row] in _READINGS for row in each.rows)
        if readings != reply.readings:
            yield f"trace: {name} made {reply.readings} readings, not {readings}"
    if isinstance(reply, Projection):
        yield from _frames(rows, each, name)


def _frames(rows: Rows, each: Told, name: str) -> Iterator[str]:
    """Compare a projection's frames, as told and as recorded, with which of its vectors are valid."""
    reply: Projection = each.reply
    frames = rows.tables["frames"]
    mine = frames[frames["command"] == each.rows[0]]
    if len(mine) != 1 or tuple(mine[0].tolist()[1:]) != tuple(reply.frames):
        yield f"frames: {name} was told {tuple(reply.frames)}, the trace has {mine.tolist()}"
    if reply.valid.all() != (reply.frames.dropped + reply.frames.late == 0) and not _retried(reply):
        yield f"frames: {name} lost {reply.frames.dropped + reply.frames.late}, and valid is {reply.valid.tolist()}"
    if not np.isfinite(reply.outputs).all() or reply.outputs[~reply.valid].any():
        yield f"frames: {name} gives numbers for vectors that were lost, or no numbers"
    dark = ~each.command.vectors.any(axis=1)
    if reply.frames.skipped > dark.sum() or len(reply.valid) != len(each.command.vectors):
        yield f"frames: {name} skipped {reply.frames.skipped} vectors, of which {dark.sum()} are dark"


def _retried(reply: Projection) -> bool:
    """Tell whether frames that were lost came again: all vectors may be valid then."""
    return bool(reply.valid.all())


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_ROUNDING, abs_tol=_ROUNDING)
