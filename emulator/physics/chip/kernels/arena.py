"""The tape of a whole chip: where the light of every layer lies, and what of it is stale.

For each layer the arena holds the light in front of its checkpoints, the output light, and the rests: matrices of
all that lies behind a checkpoint. The first layer's light is that of the batch; later layers hold that of the unit
vectors, whose output light is the layer's matrix.
"""

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from emulator.physics.chip.kernels.tape import LANES, LayerMap, tile
from emulator.physics.gaussian import BLOCK

__all__ = [
    "CHANGED_FIRST",
    "CHANGED_LAST",
    "CHECKPOINTS",
    "DEVICES",
    "FIRST",
    "FRESH_LIGHT",
    "FRESH_REST",
    "INPUTS",
    "MODES",
    "OUTPUTS",
    "RENEW",
    "REST",
    "REST_TILES",
    "SIGMA",
    "SPLIT",
    "TAPE",
    "TILES",
    "USES",
    "U_FIRST",
    "Tape",
    "make_tape",
    "no_tape",
    "reload_tape",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_Real = TypeVar("_Real", np.float32, np.float64)

FIRST, DEVICES, SIGMA, U_FIRST, INPUTS, OUTPUTS, MODES, CHECKPOINTS, TAPE, TILES, REST, REST_TILES = range(12)
"""Columns of ``table``: first device and number of devices, first attenuator and first device of U, ports,
waveguides, number of checkpoints, and where tape and rests begin in ``light`` and how many tiles their entries have
(no rests: 0)."""

_TABLE_COLUMNS: Final = 12

CHANGED_FIRST, CHANGED_LAST, FRESH_LIGHT, FRESH_REST, RENEW, USES, SPLIT = range(7)
"""Rows of ``changed``: first and last device whose phase has changed since light was sent; how many entries of the
tape are fresh; from which checkpoint on rests are; whether to make them anew; readings since the last load; the
checkpoint at which the layer's matrix is split in two, or the number of checkpoints where it is whole."""

_WORTH_A_REST: Final = 16
"""Readings of one batch from which on rests pay: they cost as much as a few readings."""

_LINE_BYTES = 64
"""A cache line, and a 512-bit vector: a vector that straddles two lines costs two accesses."""


@dataclass(slots=True, eq=False)
class Tape:
    """Hold the light in front of every layer's checkpoints, and what the kernel needs to bring it up to date.

    ``table`` (layers, 12) says for each layer what it is and where its part of the arena ``light`` lies;
    ``checkpoints`` (layers, most) where its checkpoints are. ``changed`` (7, layers) says what is stale.
    ``activations`` holds two layers' readings, ``terms`` and ``sums`` what is computed from the outputs, ``middle``
    light between two parts of a layer; each is an array of its own, or loops would not vectorise.
    """

    table: Ints
    checkpoints: Ints
    light: Floats
    changed: Ints
    activations: Floats
    terms: Floats
    sums: Floats
    middle: Floats
    noise: NDArray[np.float32]
    count: int


def make_tape(layers: tuple[LayerMap, ...], columns: Floats, checkpoints: bool = True) -> Tape:
    """Return a tape for the inputs ``columns`` (inputs, count), on which nothing has been propagated yet.

    Without ``checkpoints`` it keeps only inputs and outputs: smaller, for light that is used once.
    """
    count = columns.shape[1]
    tiles = -(-count // LANES)
    table = np.zeros((len(layers), _TABLE_COLUMNS), dtype=np.int64)
    stops = [layer.checkpoints if checkpoints else layer.checkpoints[:1] for layer in layers]
    stop_table = np.zeros((len(layers), max(stop.size for stop in stops)), dtype=np.int64)
    arenas, first, light_size = [], 0, 0
    for index, layer in enumerate(layers):
        probe = tile(columns if index == 0 else np.eye(layer.inputs), layer.modes)
        arena = np.zeros((stops[index].size + 1, *probe.shape))
        arena[0] = probe
        rest_tiles = -(-layer.outputs // LANES) if checkpoints else 0
        rest = np.zeros(rest_tiles * stops[index].size * layer.modes * LANES)
        arenas += [arena.ravel(), rest]
        stop_table[index, : stops[index].size] = stops[index]
        table[index] = [
            first, layer.devices, layer.sigma_first, layer.u_first, layer.inputs, layer.outputs, layer.modes,
            stops[index].size, light_size, probe.shape[0], light_size + arena.size, rest_tiles,
        ]  # fmt: skip
        first += layer.devices
        light_size += arena.size + rest.size
    widest = max(layer.outputs for layer in layers) * tiles * LANES
    light = _zeros_on_lines(light_size, np.float64)
    np.concatenate(arenas, out=light)
    return Tape(
        table,
        stop_table,
        light,
        _all_stale(table),
        _zeros_on_lines(2 * widest, np.float64),
        _zeros_on_lines(layers[-1].outputs * tiles * LANES, np.float64),
        _zeros_on_lines(tiles * LANES, np.float64),
        _zeros_on_lines(max(layer.modes for layer in layers) * LANES, np.float64),
        _zeros_on_lines(-(-widest // BLOCK) * BLOCK, np.float32),
        count,
    )


def _all_stale(table: Ints) -> Ints:
    """Return ``changed`` for a tape on which only the inputs lie, and no rests."""
    changed = np.zeros((7, len(table)), dtype=np.int64)
    changed[CHANGED_LAST] = -1
    changed[FRESH_LIGHT] = 1
    changed[FRESH_REST] = changed[SPLIT] = table[:, CHECKPOINTS]
    return changed


def _zeros_on_lines(count: int, kind: type[_Real]) -> NDArray[_Real]:
    """Return ``count`` zeros that begin at the beginning of a cache line."""
    width = np.dtype(kind).itemsize
    room = np.zeros(count + _LINE_BYTES // width, dtype=kind)
    skipped = -room.ctypes.data % _LINE_BYTES // width
    return room[skipped : skipped + count]


def no_tape() -> Tape:
    """Return the tape of a chip on which nothing is loaded: it can be driven, but not read."""
    ints, floats = np.zeros((0, 0), dtype=np.int64), np.zeros(0)
    return Tape(ints, ints, floats, ints, floats, floats, floats, floats, np.zeros(0, dtype=np.float32), 0)


def reload_tape(tape: Tape, layers: tuple[LayerMap, ...], columns: Floats) -> Tape:
    """Return ``tape`` with the inputs ``columns``: the first layer's light is propagated anew, no other's."""
    if columns.shape[1] != tape.count:
        return make_tape(layers, columns)
    probe = tile(columns, layers[0].modes).ravel()
    tape.light[: probe.size] = probe
    tape.changed[CHANGED_FIRST, 0] = 0
    if tape.changed[USES, 0] >= _WORTH_A_REST:
        tape.changed[RENEW] = tape.table[:, REST_TILES] > 0
    tape.changed[USES] = 0
    return tape
