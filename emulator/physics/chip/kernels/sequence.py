"""The chip's sequencer: many visits without an answer in between, each decided by the loss of its own reading.

It drives, waits, reads and computes the loss with the kernels that a host would call one by one, so both get the
same numbers, bit for bit; only the journey to the host is spared.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import bare_kernel, part
from emulator.physics.chip.kernels.arena import OUTPUTS
from emulator.physics.chip.kernels.circuit import DRIVEN_RAD, Circuit, circuit_at
from emulator.physics.chip.kernels.layers import hand_out
from emulator.physics.chip.kernels.query import send_light, set_one, set_phases
from emulator.physics.chip.loss import cross_entropy_of_tiles, mean_squared_error_of_tiles

__all__ = [
    "ACCEPTED",
    "DRIVEN",
    "EVENT",
    "HEATER",
    "HOMING",
    "KIND",
    "LOSS",
    "PHASE",
    "READING",
    "RULES",
    "SATURATED",
    "TOTAL",
    "Pace",
    "blind",
    "descend",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

READING, HOMING = range(2)
"""Kinds of events: a reading, with the setting before it if there is one, and a setting without a reading, to where
the loss is known: home, or the side that was read first."""

RULES: Final = ("none", "step_back", "three_point", "best_of_both")
"""What may decide a visit; a rule's number is its place here."""

_STEP_BACK, _BEST_OF_BOTH = RULES.index("step_back"), RULES.index("best_of_both")

EVENT: Final = np.dtype(
    [
        ("kind", np.int64),
        ("heater", np.int64),
        ("phase_rad", np.float64),
        ("loss", np.float64),
        ("total", np.float64),
        ("saturated", np.int64),
        ("driven_rad", np.float64),
        ("accepted", np.int64),
    ]
)
"""One event: its kind, the heater (-1: none, or several), the phase asked of it, the reading's loss, sum of outputs
and saturated conversions, the sum of driven phases after it, and whether a comparison has kept it (1)."""

KIND, HEATER, PHASE, LOSS, TOTAL, SATURATED, DRIVEN, ACCEPTED = range(8)
"""Its columns, as places in a row of a table."""


class Pace(NamedTuple):
    """Say what passes between the events of a sequence, in picoseconds.

    ``first_ps``: from the chip's last event to the first of the sequence (the light of the reading that comes
    before all visits; for rule "none", which has no such reading, the first setting). ``set_ps``: from light to
    the next setting. ``light_ps``: from a setting to its light. ``home_ps``: from light to a homing's setting.
    ``after_home_ps``: from that to the next setting.
    """

    first_ps: int
    set_ps: int
    light_ps: int
    home_ps: int
    after_home_ps: int


_FIRST, _SET, _LIGHT, _HOME, _AFTER_HOME = range(5)

_NOWHERE, _TRY_OF, _HOME_OF = -1, 0, 2
"""Where a heater goes after its readings: it stays, or to a row of the candidates."""


@part
def _note(
    ints: Ints, floats: Floats, row: int, kind: int, heater: int, phase_rad: float, driven: float
) -> None:
    """Begin an event: ``ints`` and ``floats`` are two views of the same rows."""
    ints[row, KIND], ints[row, HEATER] = kind, heater
    floats[row, PHASE], floats[row, DRIVEN] = phase_rad, driven
    floats[row, LOSS], floats[row, TOTAL] = np.nan, 0.0
    ints[row, SATURATED], ints[row, ACCEPTED] = 0, 0


@part
def _read_row(
    circuit: Circuit,
    labels: Ints,
    values: Floats,
    passed_ps: int,
    draw: int,
    ints: Ints,
    floats: Floats,
    row: int,
) -> tuple[float, int]:
    """Read, and enter what was read in the event ``row``; return the loss and where the outputs begin.

    ``labels`` (samples,) or ``values`` (samples, outputs) say which loss it is; where both are empty, it is NaN.
    """
    ints[row, SATURATED], begin, floats[row, TOTAL] = send_light(circuit, passed_ps, draw)
    loss = np.nan
    if labels.size > 0:
        outputs, classes = circuit.activations, circuit.table[-1, OUTPUTS]
        loss = cross_entropy_of_tiles(outputs, begin, labels, classes, circuit.terms, circuit.lines)
    elif values.size > 0:
        loss = mean_squared_error_of_tiles(circuit.activations, begin, values)
    floats[row, LOSS] = loss
    return loss, begin


@bare_kernel
def descend(
    handle: Ints,
    rule: int,
    heaters: Ints,
    candidates: Floats,
    pruned: NDArray[np.bool_],
    labels: Ints,
    values: Floats,
    most: int,
    pace: Ints,
    draw: int,
    ints: Ints,
    floats: Floats,
    counts: Ints,
) -> tuple[int, float]:
    """Read once, then visit ``heaters`` (n,), each as ``candidates`` (3, n: try, back, home) and the ``rule`` say.

    What the rules mean, ``ChipCore.sequence`` tells. Fills the events, of which ``ints`` and ``floats`` (1 + 3n, 8)
    are two views, and ``counts``: visits, losses lowered by a comparison, ties in one, pruned, readings. The loss
    is that of ``labels`` or, where these are empty, of ``values`` (samples, outputs). Returns the number of events
    and the reference loss.
    """
    circuit = circuit_at(handle)
    driven = circuit.sums
    _note(ints, floats, 0, READING, -1, 0.0, driven[DRIVEN_RAD])
    reference, _ = _read_row(circuit, labels, values, pace[_FIRST], draw, ints, floats, 0)
    row, readings, gap = 1, 1, pace[_SET]
    for visit in range(heaters.size):
        if readings >= most:
            break
        counts[0] += 1
        least, rest = reference, _HOME_OF  # the loss that a reading has to beat, and where that was found
        for attempt in range(2):
            set_one(circuit, heaters[visit], candidates[attempt, visit], gap)
            _note(ints, floats, row, READING, heaters[visit], candidates[attempt, visit], driven[DRIVEN_RAD])
            loss, _ = _read_row(circuit, labels, values, pace[_LIGHT], draw + readings, ints, floats, row)
            row, readings, gap = row + 1, readings + 1, pace[_SET]
            may_go_back = not pruned[visit] and readings < most
            if attempt == 0 and rule == _BEST_OF_BOTH and may_go_back:
                least, rest = loss, _TRY_OF
            elif attempt == 1 and rule == _STEP_BACK:
                reference, least, rest = loss, loss, _NOWHERE
            elif loss < least:
                ints[row - 1, ACCEPTED] = 1
                least, rest = loss, _NOWHERE
                break
            else:
                counts[2] += loss == least
                if attempt == 0 and not may_go_back:
                    counts[3] += pruned[visit]
                    break
        counts[1] += least < reference
        reference = least
        if rest != _NOWHERE:
            set_one(circuit, heaters[visit], candidates[rest, visit], pace[_HOME])
            _note(ints, floats, row, HOMING, heaters[visit], candidates[rest, visit], driven[DRIVEN_RAD])
            row, gap = row + 1, pace[_AFTER_HOME]
    counts[4] = readings
    return row, reference


@bare_kernel
def blind(
    handle: Ints,
    heaters: Ints,
    radians: Floats,
    labels: Ints,
    values: Floats,
    pace: Ints,
    draw: int,
    outputs: Floats,
    ints: Ints,
    floats: Floats,
) -> None:
    """Set ``heaters`` (n, k) to ``radians`` (n, k) and read, n times: nothing is decided.

    Fills ``outputs`` (n, samples, classes), unless it is empty, and the events, of which ``ints`` and ``floats``
    (n, 8) are two views.
    """
    circuit = circuit_at(handle)
    number, width = heaters.shape
    for visit in range(number):
        set_phases(circuit, heaters[visit], radians[visit], pace[_FIRST] if visit == 0 else pace[_SET])
        heater, phase_rad = (heaters[visit, 0], radians[visit, 0]) if width == 1 else (-1, 0.0)
        _note(ints, floats, visit, READING, heater, phase_rad, circuit.sums[DRIVEN_RAD])
        _, begin = _read_row(circuit, labels, values, pace[_LIGHT], draw + visit, ints, floats, visit)
        if outputs.size > 0:
            hand_out(circuit.activations, begin, outputs[visit])
