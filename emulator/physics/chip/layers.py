"""Light through all layers of the chip: mesh, receiver, electronic activation, next mesh.

Modelled: per layer y = mesh(x), a reading of y with noise, saturation and ADC steps, the activation clipped to
[0, clip], and the steps of the modulator that puts it on light again. Not modelled: crosstalk between
wavelengths, memory between symbols.

The first layer's light is that of the batch, which stays the same over many queries: it is kept on the tape.
The inputs of later layers carry fresh noise in every query, so there the tape holds the light of the unit
vectors, whose output light is the layer's matrix; by superposition the matrix gives the light of any input.
``forward_plain`` propagates everything, rotator by rotator, and is the oracle.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import kernel
from emulator.physics.chip.circuit import BATCH_KEY_0, BATCH_KEY_1, BATCH_SAMPLES, COS, SIN, UPPER, Circuit
from emulator.physics.chip.tape import LANES, LayerMap, copy_part, propagate_plain, replay_tape, tile, untile
from emulator.physics.gaussian import BLOCK, fill_normals, normals

__all__ = [
    "OUTPUTS",
    "ReceiverParameters",
    "Tape",
    "forward",
    "forward_plain",
    "hand_out",
    "make_tape",
    "multiply",
    "no_tape",
    "other_half",
    "receive",
    "reload_tape",
    "total_of",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_Real = TypeVar("_Real", np.float32, np.float64)

_FIRST, _DEVICES, _SIGMA, _U, _INPUTS, OUTPUTS, _MODES, _CHECKPOINTS, _TAPE, _TILES = range(10)
_TABLE_COLUMNS = 10
"""Columns of the tape's ``table`` (layers, 10); ``OUTPUTS`` is the one that others need."""

_CONSTANT, _PER_SQUARE, _RANGE, _STEP, _LOW, _HIGH, _INPUT_STEP = range(7)

_LANES = np.uint64(LANES)


@dataclass(frozen=True, slots=True)
class ReceiverParameters:
    """Describe the reading of one layer's output light, in activation units.

    The reading's variance is ``constant`` + ``per_square`` x**2; ``full_scale`` is the ADC's range (infinite
    when ideal), ``step`` its step (0 when ideal). The activation is clipped to [``low``, ``high``] and, where
    it is put on light again, rounded to ``input_step`` (0 when ideal).
    """

    constant: float = 0.0
    per_square: float = 0.0
    full_scale: float = np.inf
    step: float = 0.0
    low: float = -np.inf
    high: float = np.inf
    input_step: float = 0.0

    def row(self) -> list[float]:
        """Return the parameters in the order in which the kernel reads them."""
        return [
            self.constant, self.per_square, self.full_scale, self.step, self.low, self.high, self.input_step,
        ]  # fmt: skip


_LINE_BYTES = 64
"""A cache line, and a 512-bit vector: a vector that straddles two lines costs two accesses."""


@dataclass(slots=True, eq=False)
class Tape:
    """Hold the light in front of every layer's checkpoints, and what the kernel needs to bring it up to date.

    ``light`` is one arena for all layers; ``changed`` (layers,) is the first device of each layer whose phase
    has changed since its light was propagated, or the number of its devices when none has.
    """

    table: Ints
    checkpoints: Ints
    light: Floats
    changed: Ints
    activations: Floats
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
        arenas.append(arena.ravel())
        stop_table[index, : stops[index].size] = stops[index]
        table[index] = [
            first, layer.devices, layer.sigma_first, layer.u_first, layer.inputs, layer.outputs, layer.modes,
            stops[index].size, light_size, probe.shape[0],
        ]  # fmt: skip
        first += layer.devices
        light_size += arena.size
    widest = (max(layer.outputs for layer in layers) + 1) * tiles * LANES  # and a line for sums
    light = _zeros_on_lines(light_size, np.float64)
    np.concatenate(arenas, out=light)
    return Tape(
        table,
        stop_table,
        light,
        np.zeros(len(layers), dtype=np.int64),
        _zeros_on_lines(2 * widest, np.float64),
        _zeros_on_lines(-(-widest // BLOCK) * BLOCK, np.float32),
        count,
    )


def _zeros_on_lines(count: int, kind: type[_Real]) -> NDArray[_Real]:
    """Return ``count`` zeros that begin at the beginning of a cache line."""
    width = np.dtype(kind).itemsize
    room = np.zeros(count + _LINE_BYTES // width, dtype=kind)
    skipped = -room.ctypes.data % _LINE_BYTES // width
    return room[skipped : skipped + count]


def no_tape() -> Tape:
    """Return the tape of a chip on which nothing is loaded: it can be driven, but not read."""
    ints, floats = np.zeros((0, 0), dtype=np.int64), np.zeros(0)
    return Tape(ints, ints, floats, ints.ravel(), floats, np.zeros(0, dtype=np.float32), 0)


def reload_tape(tape: Tape, layers: tuple[LayerMap, ...], columns: Floats) -> Tape:
    """Return ``tape`` with the inputs ``columns``: the first layer's light is propagated anew, no other's."""
    if columns.shape[1] != tape.count:
        return make_tape(layers, columns)
    probe = tile(columns, layers[0].modes).ravel()
    tape.light[: probe.size] = probe
    tape.changed[0] = 0
    return tape


@kernel
def _reading(
    signal: float, full_scale: float, step: float, low: float, high: float, input_step: float
) -> float:
    """Return one signal after ADC, activation and modulator; a converter of step 0 is ideal.

    The tests of the steps are the same for all entries of a layer, so loops over readings still vectorise.
    """
    if step > 0.0:
        signal = np.floor(min(max(signal, -full_scale), full_scale) * (1.0 / step) + 0.5) * step
    signal = min(max(signal, low), high)
    if input_step > 0.0:
        signal = np.floor(signal * (1.0 / input_step) + 0.5) * input_step
    return signal


@kernel
def _silence(noise: NDArray[np.float32], count: int, lanes: int) -> None:
    """Take the noise from those lanes of the last tile that hold no sample: they stay dark."""
    tiles = (lanes + LANES - 1) // LANES
    unused = tiles * LANES - lanes
    if unused > 0:
        for line in range((tiles - 1) * (count // tiles), count, LANES):
            for lane in range(LANES - unused, LANES):
                noise[line + lane] = 0.0


@kernel
def receive(signal: Floats, begin: int, count: int, parameters: Floats, noise: NDArray[np.float32]) -> int:
    """Replace ``signal[begin : begin + count]`` by its readings; return how many conversions saturated.

    ``parameters`` (7,) are the receivers', ``noise`` the draws. One loop with a square root and one without: roots
    take more time than all else. In place, as loops from one part of an array to another would not vectorise.
    """
    constant, per_square = parameters[_CONSTANT], parameters[_PER_SQUARE]
    full_scale, step = parameters[_RANGE], parameters[_STEP]
    low, high, input_step = parameters[_LOW], parameters[_HIGH], parameters[_INPUT_STEP]
    place = np.uint64(begin)  # unsigned: there is no wraparound to test
    saturated = 0
    if constant > 0.0 or per_square > 0.0:
        for i in range(np.uint64(count)):
            x = signal[place + i]
            x += np.sqrt(constant + per_square * x * x) * np.float64(noise[i])
            saturated += abs(x) > full_scale
            signal[place + i] = _reading(x, full_scale, step, low, high, input_step)
    else:
        for i in range(np.uint64(count)):
            x = signal[place + i]
            saturated += abs(x) > full_scale
            signal[place + i] = _reading(x, full_scale, step, low, high, input_step)
    return saturated


@kernel
def multiply(
    light: Floats,
    matrix: int,
    modes: int,
    columns: Floats,
    first: int,
    target: Floats,
    begin: int,
    outputs: int,
    inputs: int,
) -> None:
    """Write a layer's matrix (outputs, inputs) times one tile of columns (inputs, LANES) into (outputs, LANES).

    The matrix is the output light of the unit vectors, where it lies: entry (row, mode) is in tile mode // LANES,
    waveguide row, lane mode % LANES of ``light[matrix:]``. Four rows by four inputs at a time, so that every load
    serves four products. The order of each sum is that of the inputs on every machine, which BLAS does not promise.
    """
    whole_rows, whole_inputs = outputs // 4 * 4, inputs // 4 * 4
    y, x = np.uint64(begin), np.uint64(first)
    for entry in range(np.uint64(outputs) * _LANES):
        target[y + entry] = 0.0
    for mode in range(0, whole_inputs, 4):
        column = matrix + (mode // LANES) * modes * LANES + mode % LANES
        c = x + np.uint64(mode) * _LANES
        for row in range(0, whole_rows, 4):
            _four_by_four(light, column + row * LANES, columns, c, target, y + np.uint64(row) * _LANES)
        for row in range(whole_rows, outputs):
            at, r = column + row * LANES, y + np.uint64(row) * _LANES
            w0, w1, w2, w3 = light[at], light[at + 1], light[at + 2], light[at + 3]
            for lane in range(_LANES):
                target[r + lane] = (
                    target[r + lane] + w0 * columns[c + lane] + w1 * columns[c + _LANES + lane]
                    + w2 * columns[c + _LANES + _LANES + lane] + w3 * columns[c + _LANES + _LANES + _LANES + lane]
                )  # fmt: skip
    for mode in range(whole_inputs, inputs):
        column = matrix + (mode // LANES) * modes * LANES + mode % LANES
        c = x + np.uint64(mode) * _LANES
        for row in range(outputs):
            w0, r = light[column + row * LANES], y + np.uint64(row) * _LANES
            for lane in range(_LANES):
                target[r + lane] = target[r + lane] + w0 * columns[c + lane]


@kernel
def _four_by_four(
    light: Floats, at: int, columns: Floats, c: np.uint64, target: Floats, r: np.uint64
) -> None:  # fmt: skip
    """Add four rows of a matrix times four inputs to ``target``; written out, so that it vectorises over lanes."""
    a0, a1, a2, a3 = light[at], light[at + 1], light[at + 2], light[at + 3]
    at += LANES
    b0, b1, b2, b3 = light[at], light[at + 1], light[at + 2], light[at + 3]
    at += LANES
    d0, d1, d2, d3 = light[at], light[at + 1], light[at + 2], light[at + 3]
    at += LANES
    e0, e1, e2, e3 = light[at], light[at + 1], light[at + 2], light[at + 3]
    for lane in range(_LANES):
        place = r + lane
        x0, x1 = columns[c + lane], columns[c + _LANES + lane]
        x2, x3 = columns[c + _LANES + _LANES + lane], columns[c + _LANES + _LANES + _LANES + lane]
        target[place] = target[place] + a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
        place += _LANES
        target[place] = target[place] + b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
        place += _LANES
        target[place] = target[place] + d0 * x0 + d1 * x1 + d2 * x2 + d3 * x3
        place += _LANES
        target[place] = target[place] + e0 * x0 + e1 * x1 + e2 * x2 + e3 * x3


@kernel
def _update_layer(circuit: Circuit, layer: int) -> None:
    """Bring one layer's part of the tape up to date, from its first changed device on."""
    row = circuit.table[layer]
    stops, first = row[_CHECKPOINTS], row[_FIRST]
    last = first + row[_DEVICES]
    lines = row[_MODES] * LANES
    part = circuit.light[row[_TAPE] : row[_TAPE] + (stops + 1) * row[_TILES] * lines]
    replay_tape(
        part.reshape((stops + 1, row[_TILES], lines)), circuit.checkpoints[layer, :stops],
        circuit.devices[UPPER, first:last], circuit.optics[COS, first:last], circuit.optics[SIN, first:last],
        circuit.changed[layer], row[_DEVICES], row[_SIGMA], row[_U],
    )  # fmt: skip


@kernel
def hand_out(activations: Floats, begin: int, outputs: Floats) -> None:
    """Copy the last layer's tiles ``activations[begin:]`` into ``outputs`` (samples, classes)."""
    samples, classes = outputs.shape
    for sample in range(samples):
        lane = begin + (sample // LANES) * classes * LANES + sample % LANES
        for row in range(classes):
            outputs[sample, row] = activations[lane + row * LANES]


@kernel
def total_of(activations: Floats, begin: int, samples: int, classes: int, sums: Floats, room: int) -> float:
    """Return the sum of the last layer's outputs, which lie in tiles at ``activations[begin:]``.

    Each sample is summed on its own, in ``sums[room:]`` (LANES,), so that the processor need not wait for one sum
    after the other.
    """
    total, place = 0.0, np.uint64(room)
    for first in range(0, samples, LANES):
        tile = np.uint64(begin + first * classes)
        for lane in range(_LANES):
            sums[place + lane] = 0.0
        for row in range(np.uint64(classes)):
            for lane in range(_LANES):
                sums[place + lane] = sums[place + lane] + activations[tile + row * _LANES + lane]
        for lane in range(min(samples - first, LANES)):
            total += sums[room + lane]
    return total


@kernel
def other_half(circuit: Circuit, begin: int) -> int:
    """Return where in ``circuit.activations`` there is room for workspace while outputs lie at ``begin``."""
    return 0 if begin > 0 else circuit.activations.size // 2


@kernel
def forward(circuit: Circuit, draw: int) -> tuple[int, int]:
    """Send the tape's inputs through all layers once; the outputs are left in ``circuit.activations``, in tiles.

    Returns how many conversions saturated, and where the outputs begin. Draw number ``draw*layers + layer`` of the
    circuit's stream is the noise of each layer.
    """
    table, activations, light, noise = circuit.table, circuit.activations, circuit.light, circuit.noise
    layers, tiles, samples = table.shape[0], table[0, _TILES], circuit.batch[BATCH_SAMPLES]
    half = activations.size // 2
    saturated, here = 0, 0
    for layer in range(layers):
        row = table[layer]
        here, there = (layer % 2) * half, ((layer + 1) % 2) * half
        if circuit.changed[layer] < row[_DEVICES]:
            _update_layer(circuit, layer)
            circuit.changed[layer] = row[_DEVICES]
        parameters = circuit.receivers[layer]
        count, stride, inputs = row[OUTPUTS] * LANES, row[_MODES] * LANES, row[_INPUTS]
        fresh = row[_TAPE] + row[_CHECKPOINTS] * row[_TILES] * stride
        if parameters[_CONSTANT] > 0.0 or parameters[_PER_SQUARE] > 0.0:
            fill_normals(
                noise,
                tiles * count,
                draw * layers + layer,
                circuit.batch[BATCH_KEY_0],
                circuit.batch[BATCH_KEY_1],
            )
            _silence(noise, tiles * count, samples)
        for t in range(tiles):
            target = here + t * count
            if layer == 0:
                copy_part(light, fresh + t * stride, activations, target, count)
            else:
                multiply(
                    light, fresh, row[_MODES], activations, there + t * inputs * LANES, activations, target,
                    row[OUTPUTS], inputs,
                )  # fmt: skip
        saturated += receive(activations, here, tiles * count, parameters, noise)
    return saturated, here


def forward_plain(
    inputs: Floats,
    layers: tuple[LayerMap, ...],
    phases: Floats,
    receivers: tuple[ReceiverParameters, ...],
    loss_amplitude: float,
    draw: int,
    key: tuple[int, int],
) -> Floats:
    """Return the readings (count, classes) of ``inputs`` (count, modes): the oracle of ``forward``.

    ``phases`` (devices of the chip,) are what the light sees. The noise is the same as that of ``forward``.
    """
    signal = np.ascontiguousarray(inputs.T)
    first = 0
    for index, (layer, receiver) in enumerate(zip(layers, receivers, strict=True)):
        light = propagate_plain(signal, layer, phases[first : first + layer.devices], loss_amplitude)
        readings = tile(light, layer.outputs)
        draws = normals(readings.size, draw * len(layers) + index, key).reshape(readings.shape)
        readings += np.sqrt(receiver.constant + receiver.per_square * readings**2) * draws
        if receiver.step > 0.0:
            limited = np.clip(readings, -receiver.full_scale, receiver.full_scale)
            readings = np.floor(limited / receiver.step + 0.5) * receiver.step
        readings = np.clip(readings, receiver.low, receiver.high)
        if receiver.input_step > 0.0:
            readings = np.floor(readings / receiver.input_step + 0.5) * receiver.input_step
        signal = untile(readings, layer.outputs, inputs.shape[0])
        first += layer.devices
    return np.ascontiguousarray(signal.T)
