"""The light of both directions in all layers, as the chip's electronics send it on and its monitors see it.

Between two layers stand electronics. Forwards they read, activate and modulate, as in every reading. Backwards they
read what comes out of a layer's inputs, stop what belongs to activations that the forward pass found clipped, and
send the rest into the layer before, made as bright as the modulators can. They remember what they have sent in both
directions, so that both lights can be sent at once.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.state import ChipCore
from emulator.physics.chip.converters import adc_step
from emulator.physics.chip.kernels.layers import ReceiverParameters, receive
from emulator.physics.chip.kernels.tape import LANES, LayerMap, tile, untile
from emulator.physics.chip.monitors import (
    both_intensity,
    lone_intensity,
    pass_light,
    slope_per_interference,
)
from emulator.physics.gaussian import normals

__all__ = ["Lights", "Seen"]

Floats = NDArray[np.float64]


class Seen(NamedTuple):
    """Hold true ``intensities`` (heaters,), ``outputs`` (samples, classes), and how many receivers saturated."""

    intensities: Floats
    outputs: Floats
    saturated: int = 0


class _Layer(NamedTuple):
    """Hold what is fixed of one layer: its map, its devices on the chip, those that are watched, its receivers.

    ``returning`` are the receivers when they read what comes out of the inputs; ``gain`` is theirs.
    """

    map: LayerMap
    devices: slice
    watched: NDArray[np.int64]
    receiver: ReceiverParameters
    returning: ReceiverParameters
    gain: float


class Lights:
    """Pass light through the layers of ``core`` as its phases stand; the caller lets time pass."""

    def __init__(self, config: ChipConfig, core: ChipCore) -> None:
        self._core = core
        self._clip = config.activation_clip
        self._layers = tuple(_layers(config, core))
        self._inputs: list[Floats] = []
        self._errors: list[Floats] = []
        self._scales: list[float] = []

    def forward(self, inputs: Floats, draw: int) -> Seen:
        """Send ``inputs`` (samples, modes) through all layers, with noise number ``draw``; remember them."""
        core, phases = self._core, self._core.phases()
        sent = core.modulated(inputs)
        self._inputs, self._errors = [], []
        intensities, saturated = [], 0
        power = core.hidden.power(draw, core.receiver_key)
        for index, layer in enumerate(self._layers):
            self._inputs.append(sent)
            passed = pass_light(layer.map, phases[layer.devices], core.loss_amplitude, layer.watched, sent)
            intensities.append(power * lone_intensity(passed.seen))
            number = draw * len(self._layers) + index
            light = core.hidden.responded(index, layer.gain * passed.columns, power)
            sent, hits = self._read(light, layer.receiver, number)
            saturated += hits
        self._inputs.append(sent)
        return Seen(np.concatenate(intensities), np.ascontiguousarray(sent.T), saturated)

    def adjoint(self, errors: Floats, draw: int) -> Seen:
        """Send ``errors`` (samples, outputs) backwards through all layers; remember what is sent."""
        core, phases = self._core, self._core.phases()
        back = np.ascontiguousarray(errors.T)
        sent, scales, intensities, saturated = [], [], [], 0
        power = core.hidden.power(draw, core.receiver_key)
        for index in range(len(self._layers) - 1, -1, -1):
            layer = self._layers[index]
            scale = self._scale(back)
            light = core.modulated((scale * back).T)
            passed = pass_light(
                layer.map, phases[layer.devices], core.loss_amplitude, layer.watched, light, backwards=True
            )
            sent.append(light)
            scales.append(scale)
            intensities.append(power * lone_intensity(passed.seen))
            if index > 0:
                number = draw * len(self._layers) + index
                found, hits = self._read(power * layer.gain * passed.columns, layer.returning, number)
                activation = self._inputs[index]
                back = np.where((activation > 0.0) & (activation < self._clip), found, 0.0) / scale
                saturated += hits
        self._errors, self._scales = sent[::-1], scales[::-1]
        return Seen(np.concatenate(intensities[::-1]), _NOTHING, saturated)

    def both(self, draw: int) -> Seen:
        """Send what was sent forwards and backwards once more, at once, with noise number ``draw``."""
        phases, loss = self._core.phases(), self._core.loss_amplitude
        power = self._core.hidden.power(draw, self._core.receiver_key)
        intensities = []
        for layer, inputs, errors in zip(self._layers, self._inputs[:-1], self._errors, strict=True):
            own = phases[layer.devices]
            forward = pass_light(layer.map, own, loss, layer.watched, inputs)
            backward = pass_light(layer.map, own, loss, layer.watched, errors, backwards=True)
            intensities.append(power * both_intensity(forward.seen, backward.seen))
        return Seen(np.concatenate(intensities), _NOTHING)

    def worth(self, samples: int) -> Floats:
        """Return what a unit of interference is worth (heaters,): of the sum of errors times slopes, per radian."""
        return np.concatenate(
            [
                slope_per_interference(layer.map)[layer.watched] * samples * layer.gain / scale
                for layer, scale in zip(self._layers, self._scales, strict=True)
            ]
        )

    def by_layer(self) -> Iterator[tuple[int, int]]:
        """Yield of each layer its inputs and how many of its devices are watched."""
        for layer in self._layers:
            yield layer.map.inputs, layer.watched.size

    def _scale(self, errors: Floats) -> float:
        """Return by how much electronics multiply ``errors`` to make the greatest the modulators' full range."""
        greatest = float(np.abs(errors).max(initial=0.0))
        return self._clip / greatest if 0.0 < greatest < np.inf else 1.0

    def _read(self, light: Floats, receiver: ReceiverParameters, draw: int) -> tuple[Floats, int]:
        """Return what receivers make of ``light`` (ports, samples), and how many conversions saturated."""
        ports, samples = light.shape
        signal = tile(light, ports)
        noise = normals(signal.size, draw, self._core.receiver_key).astype(np.float32).reshape(signal.shape)
        noise[-1, :, (samples - 1) % LANES + 1 :] = 0.0  # lanes of the last tile that hold no sample
        flat = signal.ravel()
        saturated = receive(flat, 0, flat.size, np.array(receiver.row()), noise.ravel())
        return untile(flat.reshape(signal.shape), ports, samples), int(saturated)


_NOTHING = np.empty((0, 0))


def _layers(config: ChipConfig, core: ChipCore) -> Iterator[_Layer]:
    """Yield what is fixed of each layer of ``core``."""
    full_scale, bits = config.receiver.full_scale_output, config.receiver.adc_bits
    stops = np.concatenate([[0], np.cumsum([layer.devices for layer in core.layers])]).tolist()
    for layer, receiver, gain, (first, last) in zip(
        core.layers, core.receivers, core.gains, pairwise(stops), strict=True
    ):
        returning = ReceiverParameters(
            receiver.constant, receiver.per_square, full_scale if bits else np.inf, adc_step(bits, full_scale)
        )
        watched = np.flatnonzero(core.design.active[first:last])
        yield _Layer(layer, slice(first, last), watched, receiver, returning, gain)
