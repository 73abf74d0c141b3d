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
from emulator.physics.chip.tape import LANES, LayerMap, propagate_plain, replay_tape, tile, untile
from emulator.physics.gaussian import BLOCK, fill_normals, normals

__all__ = [
    "ReceiverParameters",
    "Tape",
    "forward",
    "forward_plain",
    "make_tape",
    "no_tape",
    "receive",
    "reload_tape",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_Real = TypeVar("_Real", np.float32, np.float64)

_FIRST, _DEVICES, _SIGMA, _U, _INPUTS, _OUTPUTS, _MODES, _CHECKPOINTS, _TAPE, _TILES, _MATRIX = range(11)
_TABLE_COLUMNS = 11

_CONSTANT, _PER_SQUARE, _RANGE, _STEP, _LOW, _HIGH, _INPUT_STEP = range(7)

_SINGLE_THREAD_MULTIPLIES = 200_000
"""Multiplications up to which OpenBLAS stays on one thread (its own limit is 262,144)."""


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
    matrices: Floats
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
    arenas, first, light_size, matrix_size = [], 0, 0, 0
    for index, layer in enumerate(layers):
        probe = tile(columns if index == 0 else np.eye(layer.inputs), layer.modes)
        arena = np.zeros((stops[index].size + 1, *probe.shape))
        arena[0] = probe
        arenas.append(arena.ravel())
        stop_table[index, : stops[index].size] = stops[index]
        table[index] = [
            first, layer.devices, layer.sigma_first, layer.u_first, layer.inputs, layer.outputs, layer.modes,
            stops[index].size, light_size, probe.shape[0], matrix_size,
        ]  # fmt: skip
        first += layer.devices
        light_size += arena.size
        matrix_size += layer.outputs * layer.inputs
    widest = max(layer.outputs for layer in layers) * tiles * LANES
    light = _zeros_on_lines(light_size, np.float64)
    np.concatenate(arenas, out=light)
    return Tape(
        table,
        stop_table,
        light,
        _zeros_on_lines(matrix_size, np.float64),
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
    return Tape(ints, ints, floats, floats, ints.ravel(), floats, np.zeros(0, dtype=np.float32), 0)


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
def receive(
    signal: Floats,
    begin: int,
    count: int,
    lanes: int,
    receivers: Floats,
    layer: int,
    noise: NDArray[np.float32],
    draw: int,
    key_0: int,
    key_1: int,
) -> int:
    """Replace ``signal[begin : begin + count]`` by its readings; return how many conversions saturated.

    Row ``layer`` of ``receivers`` holds the parameters. Only the first ``lanes`` of all lanes, tile by tile, hold
    samples; the others are dark and stay dark. ``noise`` holds room for the draws, in blocks.
    """
    constant, per_square = receivers[layer, _CONSTANT], receivers[layer, _PER_SQUARE]
    full_scale, step = receivers[layer, _RANGE], receivers[layer, _STEP]
    low, high, input_step = receivers[layer, _LOW], receivers[layer, _HIGH], receivers[layer, _INPUT_STEP]
    place = np.uint64(begin)
    saturated = 0
    if constant > 0.0 or per_square > 0.0:
        fill_normals(noise, count, draw, key_0, key_1)
        _silence(noise, count, lanes)
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
def _multiply(matrix: Floats, columns: Floats, result: Floats, outputs: int, inputs: int, tiles: int) -> None:
    """Write matrix (outputs, inputs) times columns (tiles, inputs, LANES) into result (tiles, outputs, LANES).

    BLAS gets pieces too small for it to start threads, so that the bits do not depend on their number.
    """
    table = matrix.reshape((outputs, inputs))
    rows = max(1, _SINGLE_THREAD_MULTIPLIES // (inputs * LANES))
    if tiles == 1 and rows >= outputs:
        source = columns[: inputs * LANES].reshape((inputs, LANES))
        np.dot(table, source, result[: outputs * LANES].reshape((outputs, LANES)))
        return
    for t in range(tiles):
        source = columns[t * inputs * LANES : (t + 1) * inputs * LANES].reshape((inputs, LANES))
        target = result[t * outputs * LANES : (t + 1) * outputs * LANES].reshape((outputs, LANES))
        for first in range(0, outputs, rows):
            np.dot(table[first : first + rows], source, target[first : first + rows])


@kernel
def _read_matrix(light: Floats, matrix: Floats, outputs: int, inputs: int, modes: int) -> None:
    """Copy the output light of the unit vectors, (tiles, modes, LANES), into ``matrix`` (outputs, inputs)."""
    for mode in range(inputs):
        lane = (mode // LANES) * modes * LANES + mode % LANES
        for row in range(outputs):
            matrix[row * inputs + mode] = light[lane + row * LANES]


@kernel
def _hand_out(activations: Floats, begin: int, outputs: Floats) -> float:
    """Copy the last layer's tiles into ``outputs`` (samples, classes); return the sum of all outputs.

    Each sample is summed on its own, so that the processor need not wait for one sum after the other.
    """
    samples, classes = outputs.shape
    total = 0.0
    for sample in range(samples):
        lane = begin + (sample // LANES) * classes * LANES + sample % LANES
        part = 0.0
        for row in range(classes):
            value = activations[lane + row * LANES]
            outputs[sample, row] = value
            part += value
        total += part
    return total


@kernel
def _update_layer(
    table: Ints, checkpoints: Ints, upper: Ints, cos: Floats, sin: Floats, changed: int, light: Floats
) -> Floats:
    """Bring one layer's part of the tape up to date and return its output light, flat."""
    size = table[_TILES] * table[_MODES] * LANES
    stops = table[_CHECKPOINTS]
    first = table[_FIRST]
    last = first + table[_DEVICES]
    part = light[table[_TAPE] : table[_TAPE] + (stops + 1) * size]
    if changed < table[_DEVICES]:
        replay_tape(
            part.reshape((stops + 1, table[_TILES], table[_MODES] * LANES)), checkpoints[:stops],
            upper[first:last], cos[first:last], sin[first:last], changed, table[_DEVICES], table[_SIGMA], table[_U],
        )  # fmt: skip
    return part[stops * size :]


@kernel
def forward(
    table: Ints,
    checkpoints: Ints,
    upper: Ints,
    cos: Floats,
    sin: Floats,
    changed: Ints,
    light: Floats,
    matrices: Floats,
    receivers: Floats,
    activations: Floats,
    noise: NDArray[np.float32],
    outputs: Floats,
    draw: int,
    key_0: int,
    key_1: int,
) -> tuple[int, float]:
    """Send the tape's inputs through all layers once; fill ``outputs`` (count, classes).

    Returns how many conversions saturated, and the sum of the outputs. ``cos`` and ``sin`` (devices of the chip,)
    hold the matrix elements that the light sees; ``receivers`` (layers, 7) the rows of ReceiverParameters;
    ``activations`` workspace for two layers. Draw number ``draw*layers + layer`` of the stream (key_0, key_1) is
    the noise of each layer.
    """
    layers = table.shape[0]
    tiles = table[0, _TILES]
    half = activations.size // 2
    saturated = 0
    here = 0
    for layer in range(layers):
        row = table[layer]
        here, there = (layer % 2) * half, ((layer + 1) % 2) * half
        count = row[_OUTPUTS] * LANES
        moved = changed[layer] < row[_DEVICES]
        if layer == 0:
            fresh = _update_layer(row, checkpoints[layer], upper, cos, sin, changed[layer], light)
            for t in range(tiles):
                begin = t * row[_MODES] * LANES
                activations[here + t * count : here + (t + 1) * count] = fresh[begin : begin + count]
        else:
            matrix = matrices[row[_MATRIX] : row[_MATRIX] + row[_OUTPUTS] * row[_INPUTS]]
            if moved:
                fresh = _update_layer(row, checkpoints[layer], upper, cos, sin, changed[layer], light)
                _read_matrix(fresh, matrix, row[_OUTPUTS], row[_INPUTS], row[_MODES])
            _multiply(matrix, activations[there:], activations[here:], row[_OUTPUTS], row[_INPUTS], tiles)
        changed[layer] = row[_DEVICES]
        saturated += receive(
            activations, here, tiles * count, outputs.shape[0], receivers, layer, noise, draw * layers + layer,
            key_0, key_1,
        )  # fmt: skip
    return saturated, _hand_out(activations, here, outputs)


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
