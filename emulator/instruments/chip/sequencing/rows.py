"""What a Sequence leaves in the trace: one row a reading, two for a return home, and the heaters' levels.

One compiled pass over the sequencer's events fills all columns; no row costs work in Python.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.instruments.chip.timing import KINDS
from emulator.kernel import kernel
from emulator.physics.chip.kernels.sequence import ACCEPTED, DRIVEN, HEATER, HOMING, KIND, PHASE, TOTAL

__all__ = ["FIRST", "FORWARD", "LAST", "ONLY", "PROBE", "READINGS", "SETTLE", "SET_PHASES", "Told", "tell"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SET_PHASES, SETTLE, FORWARD, PROBE = range(len(KINDS))
"""Kinds of rows, as places in ``KINDS``."""

READINGS: Final = (FORWARD, PROBE)
"""The kinds that are queries."""

FIRST: Final = len(KINDS)
LAST: Final = len(KINDS) + 1
ONLY: Final = 2 * len(KINDS) + 1
"""Slots of a programme's services: those of middle rows by kind, the first row's, those of last rows by kind (from
LAST on), and that of a row which is first and last."""

_A_VISIT: Final = 2  # readings that a visit makes at most: of its try, and of its step back
_KIND_OF, _SERVICE, _STARTED, _DONE, _TARGET, _LEVEL_PS, _LEVEL_OF = range(7)
_INTS = 7

_VALUE, _RESULT, _LEVEL_W, _LEFT = range(4)
_FLOATS = 4

_REPLY, _HELD, _SET, _LIGHT = range(4)  # rows of ``times``

_ROWS, _LEVELS, _VISITED, _LAST_PS = range(4)


class Told(NamedTuple):
    """Hold the columns of a Sequence's rows and levels as ``Rows`` has them, and what else they tell.

    ``left_rad`` (visited,) is where each visited heater was left, which is the phase last set of it; ``last_ps``
    when the chip had its last event, ``held_ps`` for how long it is held; ``power_w`` what the heaters draw then.
    """

    kind_of: Ints
    service_of: Ints
    started_ps: Ints
    done_ps: Ints
    target: Ints
    value: Floats
    result: Floats
    level_ps: Ints
    level_w: Floats
    level_of: Ints
    left_rad: Floats
    last_ps: int
    held_ps: float
    power_w: float


@kernel
def _slot(kind: int, first: bool, last: bool) -> int:
    """Return the slot of a row of ``kind``."""
    if first:
        return ONLY if last else FIRST
    return LAST + kind if last else kind


@kernel
def _fill(  # noqa: PLR0913  (a compiled kernel takes its arrays one by one)
    ints: Ints,
    floats: Floats,
    times: Ints,
    decides: bool,
    several: bool,
    key: int,
    start_ps: int,
    w_per_rad: float,
    whole: Ints,
    real: Floats,
    counts: Ints,
) -> float:
    """Fill the columns ``whole`` and ``real``, of room for two rows an event, from the events' two views.

    ``counts`` (4,) gets the number of rows, of levels, of visited heaters, and when the last event was.
    Returns for how long the chip is held, in picoseconds, as a float, which does not overflow.
    """
    events, row, levels, visited, readings = len(ints), 0, 0, 0, 0
    now, held_ps = start_ps, 0.0
    for event in range(events):
        homing = ints[event, KIND] == HOMING
        last_event = event == events - 1
        homes_next = not last_event and ints[event + 1, KIND] == HOMING
        heater = ints[event, HEATER]
        watts = floats[event, DRIVEN] * w_per_rad if not floats[event, DRIVEN] <= 0.0 else 0.0
        # A visit is over when its try or its step back is accepted, when its heater goes home, and after its second
        # reading unless that leads home. The heater's number does not tell: the next visit may be to it as well.
        readings += 1
        over = homing or ints[event, ACCEPTED] == 1 or (readings == _A_VISIT and not homes_next)
        if event > 0 and (last_event or over):
            real[_LEFT, visited] = floats[event, PHASE]
            visited += 1
        if event == 0 or over:
            readings = 0
        for step in range(2 if homing else 1):
            kind = FORWARD if decides and event == 0 else PROBE
            if homing:
                kind = SETTLE if step == 1 else SET_PHASES
            slot = _slot(kind, row == 0, last_event and step == (1 if homing else 0))
            held = times[_HELD, slot]
            whole[_KIND_OF, row], whole[_SERVICE, row] = kind, slot
            whole[_STARTED, row], whole[_DONE, row] = now, now + times[_REPLY, slot]
            whole[_TARGET, row], real[_VALUE, row], real[_RESULT, row] = -1, 0.0, 0.0
            if kind == SETTLE:
                real[_VALUE, row] = held
            else:
                counts[_LAST_PS] = now + (times[_SET, slot] if homing else times[_LIGHT, slot])
                real[_RESULT, row] = watts if homing else floats[event, TOTAL]
            if kind == FORWARD:
                whole[_TARGET, row] = key
            elif kind != SETTLE:
                if not several:
                    whole[_TARGET, row], real[_VALUE, row] = heater, floats[event, PHASE]
                whole[_LEVEL_PS, levels], real[_LEVEL_W, levels] = now + times[_SET, slot], watts
                whole[_LEVEL_OF, levels] = row
                levels += 1
            now += held
            held_ps += held
            row += 1
    counts[_ROWS], counts[_LEVELS], counts[_VISITED] = row, levels, visited
    return held_ps


def tell(
    ints: Ints,
    floats: Floats,
    times: Ints,
    decides: bool,
    several: bool,
    key: int,
    start_ps: int,
    w_per_rad: float,
) -> Told:
    """Return what events, at least one, leave when the first row starts at ``start_ps``.

    ``ints`` and ``floats`` (n, 8) are two views of the events. ``times`` (4, slots) says of each slot when after
    its start a row replies, is over, sets phases and sends light. ``decides``: the first event is a reading before
    all visits; ``several``: a probe drives several heaters.
    ``key`` is the mini-batch's; each radian of the driven phases' sum draws ``w_per_rad``.
    """
    room = 2 * len(ints)
    whole, real = np.empty((_INTS, room), dtype=np.int64), np.empty((_FLOATS, room))
    counts = np.empty(4, dtype=np.int64)
    held_ps = _fill(ints, floats, times, decides, several, key, start_ps, w_per_rad, whole, real, counts)
    rows, levels, visited, last_ps = counts.tolist()
    kind_of, service_of, started_ps, done_ps, target = whole[: _TARGET + 1, :rows]
    return Told(
        kind_of,
        service_of,
        started_ps,
        done_ps,
        target,
        real[_VALUE, :rows],
        real[_RESULT, :rows],
        whole[_LEVEL_PS, :levels],
        real[_LEVEL_W, :levels],
        whole[_LEVEL_OF, :levels],
        real[_LEFT, :visited],
        last_ps,
        held_ps,
        float(max(0.0, floats[-1, DRIVEN]) * w_per_rad),
    )
