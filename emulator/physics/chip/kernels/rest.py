"""Light through one layer after a change: only what the change touches is passed on, rotator by rotator.

Behind the last changed device nothing is new. What lies there is one matrix, the rest, which was computed once for
every checkpoint, backwards from the outputs: r_c = r_(c+1) M_c, with M_c the devices between two checkpoints. So
light goes rotator by rotator from the last fresh checkpoint to the first one behind the change, and from there in
one product, where that is cheaper. Visits in the order of the devices, as coordinate descent makes them, leave the
rests ahead fresh.
"""

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import bare_kernel, kernel, part
from emulator.physics.chip.kernels.arena import (
    BACKWARD,
    CHANGED_FIRST,
    CHANGED_LAST,
    CHECKPOINTS,
    DEVICES,
    FIRST,
    FRESH_LIGHT,
    FRESH_REST,
    INPUTS,
    MODES,
    OUTPUTS,
    RENEW,
    REST,
    REST_TILES,
    SIGMA,
    SPLIT,
    TAPE,
    TILES,
    U_FIRST,
    USES,
)
from emulator.physics.chip.kernels.circuit import COS, SIN, UPPER, Circuit
from emulator.physics.chip.kernels.products import multiply
from emulator.physics.chip.kernels.tape import LANES, attenuate, copy_part, propagate, rotate
from emulator.physics.chip.kernels.unfolding import COUNT

__all__ = ["apply_layer", "output_light", "update_layer"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


_SETTLED = 4
"""Readings of a new batch after which rests are made where heaters still move: those set for the last batch have
settled by then. One that moves far ahead would make every rest before it stale at once."""


@bare_kernel
def output_light(row: Ints) -> int:
    """Return where in the arena the output light of the layer lies that ``row`` of the table describes."""
    before = 1 if row[BACKWARD] == 1 else row[CHECKPOINTS]
    place: int = row[TAPE] + before * row[TILES] * row[MODES] * LANES
    return place


@bare_kernel
def _stop(row: Ints, stops: Ints, checkpoint: int) -> int:
    """Return the device at which ``checkpoint`` lies; the one behind the last is the layer's end."""
    device: int = stops[checkpoint] if checkpoint < row[CHECKPOINTS] else row[DEVICES]
    return device


@bare_kernel
def _lit(row: Ints, stops: Ints, checkpoint: int) -> int:
    """Return how many waveguides can carry light at ``checkpoint``: behind the attenuators, only the outputs'."""
    lit: int = row[OUTPUTS] if _stop(row, stops, checkpoint) >= row[U_FIRST] else row[MODES]
    return lit


@part
def _play(circuit: Circuit, layer: int, begin: int, end: int) -> None:
    """Pass the light from checkpoint ``begin`` to checkpoint ``end``, leaving it at all in between."""
    row, stops = circuit.table[layer], circuit.checkpoints[layer]
    first, lines = row[FIRST], row[MODES] * LANES
    last, size = first + row[DEVICES], row[TILES] * lines
    upper, cos = circuit.devices[UPPER, first:last], circuit.optics[COS, first:last]
    sin = circuit.optics[SIN, first:last]
    for t in range(row[TILES]):
        for c in range(begin, end):
            here = row[TAPE] + c * size + t * lines
            copy_part(circuit.light, here, circuit.light, here + size, lines)
            light = circuit.light[here + size : here + size + lines]
            start, stop = _stop(row, stops, c), _stop(row, stops, c + 1)
            propagate(light, upper, cos, sin, start, stop, row[SIGMA], row[U_FIRST])


@kernel
def _make_rests(circuit: Circuit, layer: int, count: int) -> None:
    """Compute the rests of the first ``count`` checkpoints: the outputs' unit vectors, passed backwards.

    A row passes a rotator as a column passes its transpose, whose sine has the other sign.
    """
    row, stops, light = circuit.table[layer], circuit.checkpoints[layer], circuit.light
    first, lines = row[FIRST], row[MODES] * LANES
    devices = _stop(row, stops, count)
    upper, cos, sin = np.empty(devices, dtype=np.int64), np.empty(devices), np.empty(devices)
    for device in range(devices):
        back = first + devices - 1 - device
        upper[device], cos[device] = circuit.devices[UPPER, back], circuit.optics[COS, back]
        sin[device] = -circuit.optics[SIN, back]
    size = row[REST_TILES] * lines
    for t in range(row[REST_TILES]):
        for c in range(count - 1, -1, -1):
            here = row[REST] + c * size + t * lines
            rest = light[here : here + lines]
            if c + 1 < row[CHECKPOINTS]:
                copy_part(light, here + size, light, here, lines)
            else:
                _unit_vectors(rest, t * LANES, row[OUTPUTS])
            begin, end = _stop(row, stops, c), _stop(row, stops, c + 1)
            if begin == row[SIGMA]:  # attenuators have checkpoints of their own on both sides
                attenuate(rest, circuit.optics[COS], first + begin, row[U_FIRST] - row[SIGMA])
            else:
                rotate(rest, upper, cos, sin, devices - end, devices - begin)


@bare_kernel
def _unit_vectors(rest: Floats, first: int, outputs: int) -> None:
    """Put light 1 into one output a lane: output ``first`` + lane."""
    for entry in range(np.uint64(rest.size)):
        rest[entry] = 0.0
    for output in range(first, min(outputs, first + LANES)):
        rest[output * LANES + output - first] = 1.0


@part
def _finish(circuit: Circuit, layer: int, checkpoint: int) -> None:
    """Make the output light from the light at ``checkpoint`` and its rest."""
    row, light = circuit.table[layer], circuit.light
    lines = row[MODES] * LANES
    size = row[TILES] * lines
    rest = row[REST] + checkpoint * row[REST_TILES] * lines
    lit = _lit(row, circuit.checkpoints[layer], checkpoint)
    for t in range(row[TILES]):
        here, there = row[TAPE] + checkpoint * size + t * lines, output_light(row) + t * lines
        multiply(light, rest, row[MODES], True, light, here, light, there, row[OUTPUTS], lit)


@part
def _update_backwards(circuit: Circuit, layer: int) -> None:
    """Bring the rests of a layer that has them alone up to date, from the last change backwards.

    Of the first layer, also the outputs of the batch.
    """
    row, stops, changed = circuit.table[layer], circuit.checkpoints[layer], circuit.changed
    behind = changed[FRESH_REST, layer]
    while behind < row[CHECKPOINTS] and _stop(row, stops, behind) <= changed[CHANGED_LAST, layer]:
        behind += 1
    _make_rests(circuit, layer, behind)
    if layer == 0:
        light, modes = circuit.light, row[MODES]
        for t in range(row[TILES]):
            here, there = row[TAPE] + t * modes * LANES, output_light(row) + t * modes * LANES
            multiply(light, row[REST], modes, True, light, here, light, there, row[OUTPUTS], row[INPUTS])
    changed[FRESH_REST, layer] = 0
    changed[CHANGED_FIRST, layer], changed[CHANGED_LAST, layer] = row[DEVICES], -1


@part
def update_layer(circuit: Circuit, layer: int) -> None:
    """Bring one layer's output light up to date with its phases, and note what of tape and rests is still fresh."""
    row, stops, changed = circuit.table[layer], circuit.checkpoints[layer], circuit.changed
    if row[BACKWARD] == 1:
        _update_backwards(circuit, layer)
        return
    end = row[CHECKPOINTS]
    still = changed[CHANGED_LAST, layer] < 0 or changed[USES, layer] > _SETTLED
    if changed[RENEW, layer] == 1 and still:
        changed[RENEW, layer] = 0
        if changed[FRESH_REST, layer] > 0 or changed[CHANGED_LAST, layer] >= 0:
            _make_rests(circuit, layer, end)
            changed[FRESH_REST, layer], changed[CHANGED_LAST, layer] = 0, -1
    # Light is fresh up to the first change, rests from the last change on; between the two it has to be passed on.
    fresh, behind = changed[FRESH_LIGHT, layer], 0
    while fresh > 1 and _stop(row, stops, fresh - 1) > changed[CHANGED_FIRST, layer]:
        fresh -= 1
    while behind < end and _stop(row, stops, behind) <= changed[CHANGED_LAST, layer]:
        behind += 1
    changed[FRESH_REST, layer] = behind = max(behind, changed[FRESH_REST, layer])
    behind = max(behind, fresh - 1)  # light that is fresh beyond the change need not go back
    # A product of one tile costs as much as this many rotators. Where a later layer's matrix has several tiles, it
    # is not made: light takes two products, with what is before ``behind`` and with the rest, in every reading.
    split = layer > 0 and row[TILES] > 1 and circuit.feeds[layer, COUNT] == 1
    product = row[OUTPUTS] * row[MODES] // 4 // (row[TILES] if split else 1)
    changed[SPLIT, layer] = end
    if behind < end and row[DEVICES] - _stop(row, stops, behind) > product:
        _play(circuit, layer, fresh - 1, behind)
        if split:
            changed[SPLIT, layer] = behind
        else:
            _finish(circuit, layer, behind)
        changed[FRESH_LIGHT, layer] = behind + 1
    else:
        _play(circuit, layer, fresh - 1, end)
        changed[FRESH_LIGHT, layer] = end + 1
    changed[CHANGED_FIRST, layer], changed[CHANGED_LAST, layer] = row[DEVICES], -1


@part
def apply_layer(circuit: Circuit, layer: int, source: Floats, columns: int, target: int) -> None:
    """Pass one tile of ``source``, from ``columns`` on, through a later layer, into ``activations[target:]``."""
    row, light, activations, middle = circuit.table[layer], circuit.light, circuit.activations, circuit.middle
    checkpoint, modes = circuit.changed[SPLIT, layer], row[MODES]
    if row[BACKWARD] == 1:
        multiply(
            light, row[REST], modes, True, source, columns, activations, target, row[OUTPUTS], row[INPUTS]
        )
        return
    if checkpoint == row[CHECKPOINTS]:
        whole = output_light(row)
        multiply(light, whole, modes, False, source, columns, activations, target, row[OUTPUTS], row[INPUTS])
        return
    before = row[TAPE] + checkpoint * row[TILES] * modes * LANES
    rest = row[REST] + checkpoint * row[REST_TILES] * modes * LANES
    lit = _lit(row, circuit.checkpoints[layer], checkpoint)
    multiply(light, before, modes, False, source, columns, middle, 0, lit, row[INPUTS])
    multiply(light, rest, modes, True, middle, 0, activations, target, row[OUTPUTS], lit)
