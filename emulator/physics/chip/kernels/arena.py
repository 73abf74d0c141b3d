"""The tape of a whole chip: where the light of every layer lies, and what of it is stale.

For each layer the arena holds the light in front of its checkpoints, the output light, and the rests: matrices of
all that lies behind a checkpoint. The first layer's light is that of the batch; later layers hold that of the unit
vectors, whose output light is the layer's matrix. On a chip of patches, which has many symbols a sample, the first
layer and every one with fewer outputs than inputs has rests alone: that in front of its first device is its matrix.
Of light the first has the patches and the outputs, which stay as they are while neither batch nor matrix changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from emulator.physics.chip.kernels.tape import LANES, LayerMap, checkpoints_of, fill_tiles, tile
from emulator.physics.chip.kernels.unfolding import lay_patches
from emulator.physics.chip.mesh import Shape
from emulator.physics.chip.patches import Patches
from emulator.physics.gaussian import BLOCK

__all__ = [
    "BACKWARD",
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
    "seen_at_once",
    "tape_bytes",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_Real = TypeVar("_Real", np.float32, np.float64)

(
    FIRST,
    DEVICES,
    SIGMA,
    U_FIRST,
    INPUTS,
    OUTPUTS,
    MODES,
    CHECKPOINTS,
    TAPE,
    TILES,
    REST,
    REST_TILES,
    BACKWARD,
) = range(13)
"""Columns of ``table``: first device and number of devices, first attenuator and first device of U, ports,
waveguides, number of checkpoints, where tape and rests begin in ``light`` and how many tiles their entries have
(no rests: 0), and whether there are rests alone (1)."""

_TABLE_COLUMNS: Final = 13

CHANGED_FIRST, CHANGED_LAST, FRESH_LIGHT, FRESH_REST, RENEW, USES, SPLIT = range(7)
"""Rows of ``changed``: first and last device whose phase has changed since light was sent; how many entries of the
tape are fresh; from which checkpoint on rests are; whether to make them anew; readings since the last load; the
checkpoint at which the layer's matrix is split in two, or the number of checkpoints where it is whole."""

_WORTH_A_REST: Final = 16
"""Readings of one batch from which on rests pay: they cost as much as a few readings."""

_SYMBOLS_SEEN: Final = 2**16
"""Symbols of one layer that an observer has before it together, about: 10 MB a layer of 9 inputs."""

_DOUBLE_BYTES: Final = 8
_SINGLE_BYTES: Final = 4

_LINE_BYTES = 64
"""A cache line, and a 512-bit vector: a vector that straddles two lines costs two accesses."""


@dataclass(slots=True, eq=False)
class Tape:
    """Hold the light in front of every layer's checkpoints, and what the kernel needs to bring it up to date.

    ``table`` (layers, 13) says for each layer what it is and where its part of the arena ``light`` lies;
    ``checkpoints`` (layers, most) where its checkpoints are. ``changed`` (7, layers) says what is stale, ``feeds``
    (layers, 11) how a layer's inputs are made of values.
    ``activations`` holds two layers' readings, ``terms`` and ``sums`` what is computed from the outputs, ``middle``
    light between two parts of a layer, ``patch`` one tile of patches; each is an array of its own, or loops would
    not vectorise.
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
    feeds: Ints
    patch: Floats
    count: int


def make_tape(layers: tuple[LayerMap, ...], columns: Floats, checkpoints: bool = True) -> Tape:
    """Return a tape for the inputs ``columns`` (values, count), on which nothing has been propagated yet.

    Without ``checkpoints`` it keeps only inputs and outputs: smaller, for light that is used once.
    """
    count = columns.shape[1]
    tiles = -(-count // LANES)
    table = np.zeros((len(layers), _TABLE_COLUMNS), dtype=np.int64)
    shapes, feeds = [(layer.outputs, layer.inputs) for layer in layers], [layer.feed for layer in layers]
    backward = _backward(shapes, feeds)
    stops = [
        layer.checkpoints if checkpoints or back else layer.checkpoints[:1]
        for layer, back in zip(layers, backward, strict=True)
    ]
    stop_table = np.zeros((len(layers), max(stop.size for stop in stops)), dtype=np.int64)
    sizes = _sizes_of(shapes, feeds, [stop.size for stop in stops], tiles, checkpoints)
    first, light_size = 0, 0
    for index, (layer, size) in enumerate(zip(layers, sizes, strict=True)):
        stop_table[index, : stops[index].size] = stops[index]
        table[index] = [
            first, layer.devices, layer.sigma_first, layer.u_first, layer.inputs, layer.outputs, layer.modes,
            stops[index].size, light_size, size.tiles, light_size + size.tape, size.rest_tiles, backward[index],
        ]  # fmt: skip
        first += layer.devices
        light_size += size.tape + size.rest
    light = _zeros_on_lines(light_size, np.float64)
    _lay_inputs(light, layers[0], columns)
    for index, layer in enumerate(layers[1:], start=1):
        if not backward[index]:
            probe = tile(np.eye(layer.inputs), layer.modes).ravel()
            light[table[index, TAPE] : table[index, TAPE] + probe.size] = probe
    widest, patch = _widest(shapes, feeds, tiles)
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
        np.array([feed.row() for feed in feeds], dtype=np.int64),
        _zeros_on_lines(patch, np.float64),
        count,
    )


def _lay_inputs(light: Floats, layer: LayerMap, columns: Floats) -> None:
    """Put ``columns`` (values, count) on the first layer's waveguides."""
    if layer.feed.is_vector:
        fill_tiles(light, columns, layer.modes)
    else:
        lay_patches(light, columns, layer.modes, layer.feed)


class _Size(NamedTuple):
    """Hold how many tiles the light of a layer has, and the entries of its tape and of its rests."""

    tiles: int
    tape: int
    rest_tiles: int
    rest: int


def _backward(shapes: Sequence[tuple[int, int]], feeds: Sequence[Patches]) -> list[bool]:
    """Return which layers have rests alone, for which they need all of their checkpoints."""
    by_patches = not all(feed.is_vector for feed in feeds)
    return [by_patches and (index == 0 or shape[0] < shape[1]) for index, shape in enumerate(shapes)]


def _sizes_of(
    shapes: Sequence[tuple[int, int]],
    feeds: Sequence[Patches],
    stops: Sequence[int],
    tiles: int,
    checkpoints: bool,
) -> list[_Size]:
    """Return what each layer takes of the arena; ``tiles`` hold the samples."""
    sizes = []
    for index, back in enumerate(_backward(shapes, feeds)):
        outputs, inputs = shapes[index]
        modes, rest_tiles = max(inputs, outputs), -(-outputs // LANES) if checkpoints or back else 0
        symbols = feeds[0].count * tiles if index == 0 else -(-inputs // LANES)
        kept = (stops[index] + 1) if not back else 2 if index == 0 else 0
        tape = kept * symbols * modes * LANES
        sizes.append(_Size(symbols, tape, rest_tiles, rest_tiles * stops[index] * modes * LANES))
    return sizes


def _widest(shapes: Sequence[tuple[int, int]], feeds: Sequence[Patches], tiles: int) -> tuple[int, int]:
    """Return the numbers that any layer's readings take at most, and that a tile of patches does."""
    readings = max(outputs * feed.count for (outputs, _), feed in zip(shapes, feeds, strict=True))
    patch = max((feed.inputs for feed in feeds[1:] if not feed.is_vector), default=0)
    return readings * tiles * LANES, patch * LANES


def tape_bytes(
    shapes: Sequence[tuple[int, int]],
    count: int,
    shape: Shape,
    checkpoints: bool = True,
    feeds: Sequence[Patches] = (),
) -> int:
    """Return the bytes that ``make_tape`` takes for layers of ``shapes`` (outputs, inputs), ``count`` samples long.

    ``feeds`` empty are whole vectors. Nothing is built: that is how one knows whether it can be.
    """
    tiles, feeds = -(-count // LANES), feeds or [Patches.vector(inputs) for _, inputs in shapes]
    stops = [
        checkpoints_of(inputs, outputs, shape) if checkpoints or back else 1
        for (outputs, inputs), back in zip(shapes, _backward(shapes, feeds), strict=True)
    ]
    total = sum(size.tape + size.rest for size in _sizes_of(shapes, feeds, stops, tiles, checkpoints))
    widest, patch = _widest(shapes, feeds, tiles)
    columns = tiles * LANES
    total += (
        2 * widest + shapes[-1][0] * columns + columns + max(max(pair) for pair in shapes) * LANES + patch
    )
    return total * _DOUBLE_BYTES + -(-widest // BLOCK) * BLOCK * _SINGLE_BYTES


def seen_at_once(feeds: Sequence[Patches], samples: int) -> int:
    """Return how many of ``samples`` an observer looks at together: all of them, unless each is many symbols."""
    most = max((feed.count for feed in feeds), default=1)
    return samples if most == 1 else min(samples, max(1, _SYMBOLS_SEEN // (most * LANES)) * LANES)


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
    singles = np.zeros(0, dtype=np.float32)
    return Tape(ints, ints, floats, ints, floats, floats, floats, floats, singles, ints, floats, 0)


def reload_tape(tape: Tape, layers: tuple[LayerMap, ...], columns: Floats) -> Tape:
    """Return ``tape`` with the inputs ``columns``: the first layer's light is propagated anew, no other's."""
    if columns.shape[1] != tape.count:
        return make_tape(layers, columns)
    _lay_inputs(tape.light, layers[0], columns)
    tape.changed[CHANGED_FIRST, 0] = 0
    if tape.changed[USES, 0] >= _WORTH_A_REST:
        tape.changed[RENEW] = tape.table[:, REST_TILES] > 0
    tape.changed[USES] = 0
    return tape
