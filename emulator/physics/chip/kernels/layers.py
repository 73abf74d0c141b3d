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

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import bare_kernel, part
from emulator.physics.chip.kernels.arena import CHANGED_FIRST, DEVICES, INPUTS, MODES, OUTPUTS, USES
from emulator.physics.chip.kernels.circuit import (
    BATCH_KEY_0,
    BATCH_KEY_1,
    BATCH_SAMPLES,
    FAULTY,
    LASER,
    LASER_NOISE,
    LIGHT_LASER,
    OFFSET,
    RESPONSE,
    Circuit,
)
from emulator.physics.chip.kernels.rest import apply_layer, output_light, update_layer
from emulator.physics.chip.kernels.tape import LANES, LayerMap, copy_part, propagate_plain, tile, untile
from emulator.physics.chip.kernels.unfolding import COUNT, IS_VECTOR, gather
from emulator.physics.chip.patches import unfold
from emulator.physics.gaussian import fill_block, fill_normals, normals

__all__ = [
    "ReceiverParameters",
    "forward",
    "forward_plain",
    "hand_out",
    "laser_power",
    "receive",
    "total_of",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CONSTANT, _PER_SQUARE, _RANGE, _STEP, _LOW, _HIGH, _INPUT_STEP, _POOLED_STEP = range(8)

_LANES = np.uint64(LANES)


@dataclass(frozen=True, slots=True)
class ReceiverParameters:
    """Describe the reading of one layer's output light, in activation units.

    The reading's variance is ``constant`` + ``per_square`` x**2; ``full_scale`` is the ADC's range (infinite
    when ideal), ``step`` its step (0 when ideal). The activation is clipped to [``low``, ``high``] and, where
    it is put on light again, rounded to ``input_step`` (0 when ideal); averages of it that are put on light are
    rounded to ``pooled_step`` instead.
    """

    constant: float = 0.0
    per_square: float = 0.0
    full_scale: float = np.inf
    step: float = 0.0
    low: float = -np.inf
    high: float = np.inf
    input_step: float = 0.0
    pooled_step: float = 0.0

    def row(self) -> list[float]:
        """Return the parameters in the order in which the kernel reads them."""
        return [
            self.constant, self.per_square, self.full_scale, self.step, self.low, self.high, self.input_step,
            self.pooled_step,
        ]  # fmt: skip


@bare_kernel
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


@bare_kernel
def _silence(noise: NDArray[np.float32], count: int, lanes: int, patches: int) -> None:
    """Take the noise from those lanes of each patch's last tile that hold no sample: they stay dark."""
    tiles = (lanes + LANES - 1) // LANES
    unused = tiles * LANES - lanes
    if unused > 0:
        each = count // patches
        for patch in range(patches):
            for line in range(patch * each + (tiles - 1) * (each // tiles), (patch + 1) * each, LANES):
                for lane in range(LANES - unused, LANES):
                    noise[line + lane] = 0.0


@bare_kernel
def receive(signal: Floats, begin: int, count: int, parameters: Floats, noise: NDArray[np.float32]) -> int:
    """Replace ``signal[begin : begin + count]`` by its readings; return how many conversions saturated.

    ``parameters`` (8,) are the receivers', ``noise`` the draws. One loop with a square root and one without: roots
    take more time than all else. Roots, and what is drawn, are of single precision: a spread is exact to 6e-8 of
    itself. In place, as loops from one part of an array to another would not vectorise.
    """
    constant, per_square = parameters[_CONSTANT], parameters[_PER_SQUARE]
    full_scale, step = parameters[_RANGE], parameters[_STEP]
    low, high, input_step = parameters[_LOW], parameters[_HIGH], parameters[_INPUT_STEP]
    place = np.uint64(begin)  # unsigned: there is no wraparound to test
    saturated = 0
    if constant > 0.0 or per_square > 0.0:
        for i in range(np.uint64(count)):
            x = signal[place + i]
            x += np.float64(np.sqrt(np.float32(constant + per_square * x * x)) * noise[i])
            saturated += abs(x) > full_scale
            signal[place + i] = _reading(x, full_scale, step, low, high, input_step)
    else:
        for i in range(np.uint64(count)):
            x = signal[place + i]
            saturated += abs(x) > full_scale
            signal[place + i] = _reading(x, full_scale, step, low, high, input_step)
    return saturated


@bare_kernel
def hand_out(activations: Floats, begin: int, outputs: Floats) -> None:
    """Copy the last layer's tiles ``activations[begin:]`` into ``outputs`` (samples, classes)."""
    samples, classes = outputs.shape
    for sample in range(samples):
        lane = begin + (sample // LANES) * classes * LANES + sample % LANES
        for row in range(classes):
            outputs[sample, row] = activations[lane + row * LANES]


@bare_kernel
def total_of(activations: Floats, begin: int, samples: int, classes: int, sums: Floats) -> float:
    """Return the sum of the last layer's outputs, which lie in tiles at ``activations[begin:]``.

    Each sample is summed on its own, in ``sums`` (LANES,), so that the processor need not wait for one sum
    after the other.
    """
    total, width = 0.0, np.uint64(min(LANES, sums.size))  # always LANES, but LLVM had better not know
    for first in range(0, samples, LANES):
        tile = np.uint64(begin + first * classes)
        for lane in range(width):
            sums[lane] = 0.0
        for row in range(np.uint64(classes)):
            for lane in range(width):
                sums[lane] = sums[lane] + activations[tile + row * _LANES + lane]
        for lane in range(min(samples - first, LANES)):
            total += sums[lane]
    return total


@part
def _cut(circuit: Circuit, layer: int, first: int, tile: int, sample_tiles: int) -> None:
    """Cut tile number ``tile`` of a layer's patches from the activations that begin at ``first``."""
    channels = circuit.table[layer - 1, OUTPUTS]
    patch, group = tile // sample_tiles, tile % sample_tiles
    by_pixel = sample_tiles * channels * LANES
    gather(
        circuit.activations, first + group * channels * LANES, by_pixel, LANES, circuit.feeds[layer], patch,
        circuit.patch, 0,
    )  # fmt: skip
    step = circuit.receivers[layer - 1, _POOLED_STEP]
    if step > 0.0:
        for entry in range(np.uint64(circuit.table[layer, INPUTS]) * _LANES):
            circuit.patch[entry] = np.floor(circuit.patch[entry] * (1.0 / step) + 0.5) * step


_LASER_DRAW = 1 << 62
"""Draws of the laser's noise lie beyond all draws of the receivers'."""


@bare_kernel
def laser_power(
    power: float, spread: float, draw: int, key_0: int, key_1: int, scratch: NDArray[np.float32]
) -> float:
    """Return the laser's relative power in the query ``draw``: ``power``, with the relative deviation ``spread``.

    ``scratch`` holds a block of draws. Light has no negative power: what a draw would make so is dark.
    """
    if spread > 0.0:
        fill_block(scratch, 0, 0, draw + _LASER_DRAW, key_0, key_1)
        power *= max(0.0, 1.0 + spread * np.float64(scratch[0]))
    return power


@part
def _respond(circuit: Circuit, first: int, here: int, row: Ints, tiles: int, sample_tiles: int) -> None:
    """Replace the light at a layer's receivers by what they make of it: their response times it, and an offset.

    The layer's outputs are those from ``first`` on of the chip, and its tiles begin ``here``; lanes that hold no
    sample stay dark.
    """
    outputs, power = row[OUTPUTS], circuit.sums[LIGHT_LASER]
    for t in range(tiles):
        last = t % sample_tiles == sample_tiles - 1
        lanes = circuit.batch[BATCH_SAMPLES] - (sample_tiles - 1) * LANES if last else LANES
        for output in range(outputs):
            factor = power * circuit.responses[RESPONSE, first + output]
            offset = circuit.responses[OFFSET, first + output]
            place = here + (t * outputs + output) * LANES
            for lane in range(lanes):
                circuit.activations[place + lane] = factor * circuit.activations[place + lane] + offset


@part
def forward(circuit: Circuit, draw: int) -> tuple[int, int]:
    """Send the tape's inputs through all layers once; the outputs are left in ``circuit.activations``, in tiles.

    Returns how many conversions saturated, and where the outputs begin. Draw number ``draw*layers + layer`` of the
    circuit's stream is the noise of each layer.
    """
    table, activations, light, noise = circuit.table, circuit.activations, circuit.light, circuit.noise
    layers, samples = table.shape[0], circuit.batch[BATCH_SAMPLES]
    sample_tiles = (samples + LANES - 1) // LANES
    half = activations.size // 2
    saturated, here, first = 0, 0, 0
    faulty = circuit.constants[FAULTY] != 0.0
    if faulty:
        circuit.sums[LIGHT_LASER] = laser_power(
            circuit.constants[LASER], circuit.constants[LASER_NOISE], draw, circuit.batch[BATCH_KEY_0],
            circuit.batch[BATCH_KEY_1], circuit.scratch,
        )  # fmt: skip
    for layer in range(layers):
        row, feed = table[layer], circuit.feeds[layer]
        tiles = feed[COUNT] * sample_tiles
        here, there = (layer % 2) * half, ((layer + 1) % 2) * half
        circuit.changed[USES, layer] += 1
        if circuit.changed[CHANGED_FIRST, layer] < row[DEVICES]:
            update_layer(circuit, layer)
        parameters = circuit.receivers[layer]
        count, stride, inputs = row[OUTPUTS] * LANES, row[MODES] * LANES, row[INPUTS]
        fresh = output_light(row)
        if parameters[_CONSTANT] > 0.0 or parameters[_PER_SQUARE] > 0.0:
            fill_normals(
                noise,
                tiles * count,
                draw * layers + layer,
                circuit.batch[BATCH_KEY_0],
                circuit.batch[BATCH_KEY_1],
            )
            _silence(noise, tiles * count, samples, feed[COUNT])
        for t in range(tiles):
            target = here + t * count
            if layer == 0:  # the light of the batch itself; later layers have their matrix on the tape
                copy_part(light, fresh + t * stride, activations, target, count)
            elif feed[IS_VECTOR] == 1:
                apply_layer(circuit, layer, activations, there + t * inputs * LANES, target)
            else:
                _cut(circuit, layer, there, t, sample_tiles)
                apply_layer(circuit, layer, circuit.patch, 0, target)
        if faulty:
            _respond(circuit, first, here, row, tiles, sample_tiles)
        first += row[OUTPUTS]
        # In place: the next layer's product reads the other half.
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
    """Return the readings (count, classes) of ``inputs`` (count, values): the oracle of ``forward``.

    ``phases`` (devices of the chip,) are what the light sees. The noise is the same as that of ``forward``.
    """
    signal = np.ascontiguousarray(inputs.T)
    first = 0
    for index, (layer, receiver) in enumerate(zip(layers, receivers, strict=True)):
        patches, samples = layer.feed.count, inputs.shape[0]
        symbols = unfold(signal, layer.feed)
        step = receivers[index - 1].pooled_step if index else 0.0
        if step > 0.0:
            symbols = np.floor(symbols / step + 0.5) * step
        light = propagate_plain(symbols, layer, phases[first : first + layer.devices], loss_amplitude)
        each = light.reshape(layer.outputs, patches, samples)
        readings = np.concatenate([tile(each[:, patch], layer.outputs) for patch in range(patches)])
        draws = normals(readings.size, draw * len(layers) + index, key).reshape(readings.shape)
        readings += np.sqrt(receiver.constant + receiver.per_square * readings**2) * draws
        if receiver.step > 0.0:
            limited = np.clip(readings, -receiver.full_scale, receiver.full_scale)
            readings = np.floor(limited / receiver.step + 0.5) * receiver.step
        readings = np.clip(readings, receiver.low, receiver.high)
        if receiver.input_step > 0.0:
            readings = np.floor(readings / receiver.input_step + 0.5) * receiver.input_step
        by_patch = readings.reshape(patches, -1, layer.outputs, LANES)
        signal = np.stack([untile(each, layer.outputs, samples) for each in by_patch], axis=1)
        signal = signal.reshape(layer.outputs * patches, samples)
        first += layer.devices
    return np.ascontiguousarray(signal.T)
