"""The tape of a whole chip: where the light of every layer lies, and what of it is stale.

For each layer the arena holds the light in front of its checkpoints, the output light, and the rests: matrices of
all that lies behind a checkpoint. The first layer's light is that of the batch; later layers hold that of the unit
vectors, whose output light is the layer's matrix.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from emulator.physics.chip.kernels.tape import LANES, LayerMap, checkpoints_of, fill_tiles, tile
from emulator.physics.chip.mesh import Shape
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
    "tape_bytes",
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

_DOUBLE_BYTES: Final = 8
_SINGLE_BYTES: Final = 4

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
    first, light_size = 0, 0
    for index, layer in enumerate(layers):
        size = _size_of(
            layer.inputs, layer.outputs, stops[index].size, tiles if index == 0 else None, checkpoints
        )
        stop_table[index, : stops[index].size] = stops[index]
        table[index] = [
            first, layer.devices, layer.sigma_first, layer.u_first, layer.inputs, layer.outputs, layer.modes,
            stops[index].size, light_size, size.tiles, light_size + size.tape, size.rest_tiles,
        ]  # fmt: skip
        first += layer.devices
        light_size += size.tape + size.rest
    light = _zeros_on_lines(light_size, np.float64)
    for index, layer in enumerate(layers):
        probe = tile(columns if index == 0 else np.eye(layer.inputs), layer.modes).ravel()
        light[table[index, TAPE] : table[index, TAPE] + probe.size] = probe
    widest = max(layer.outputs for layer in layers) * tiles * LANES
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


class _Size(NamedTuple):
    """Hold how many tiles the light of a layer has, and the entries of its tape and of its rests."""

    tiles: int
    tape: int
    rest_tiles: int
    rest: int


def _size_of(inputs: int, outputs: int, stops: int, tiles: int | None, checkpoints: bool) -> _Size:
    """Return what one layer takes of the arena; ``tiles`` None are those of the unit vectors."""
    modes, tiles = max(inputs, outputs), -(-inputs // LANES) if tiles is None else tiles
    rest_tiles = -(-outputs // LANES) if checkpoints else 0
    return _Size(tiles, (stops + 1) * tiles * modes * LANES, rest_tiles, rest_tiles * stops * modes * LANES)


def tape_bytes(shapes: Sequence[tuple[int, int]], count: int, shape: Shape, checkpoints: bool = True) -> int:
    """Return the bytes that ``make_tape`` takes for layers of ``shapes`` (outputs, inputs), ``count`` columns long.

    Nothing is built: that is how one knows whether it can be.
    """
    tiles, total = -(-count // LANES), 0
    for index, (outputs, inputs) in enumerate(shapes):
        stops = checkpoints_of(inputs, outputs, shape) if checkpoints else 1
        size = _size_of(inputs, outputs, stops, tiles if index == 0 else None, checkpoints)
        total += size.tape + size.rest
    widest, modes = max(outputs for outputs, _ in shapes), max(max(pair) for pair in shapes)
    columns = tiles * LANES
    total += 2 * widest * columns + shapes[-1][0] * columns + columns + modes * LANES
    return total * _DOUBLE_BYTES + -(-widest * columns // BLOCK) * BLOCK * _SINGLE_BYTES


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
    fill_tiles(tape.light, columns, layers[0].modes)
    tape.changed[CHANGED_FIRST, 0] = 0
    if tape.changed[USES, 0] >= _WORTH_A_REST:
        tape.changed[RENEW] = tape.table[:, REST_TILES] > 0
    tape.changed[USES] = 0
    return tape
