"""A mesh network with its derivatives: what it gives at given phases, and what a radian at any device would change.

Modelled: the layers' rotators and attenuators at the phases that light sees, the loss of a rotator, the receiver's
gain that makes up for it, the activation clipped to [0, clip] between layers, and the range of the last layer's
ADC; layers that take patches of pictures take each as a column of its own. Not modelled: noise, steps of
converters, heat; without them the chip gives the same numbers.

A layer is linear in its light. So its derivatives are taken at the unit vectors, and samples meet them in products
of matrices, whose sums BLAS orders; where there are fewer samples than waveguides, they pass the layer themselves.
A forward pass or a product with the Jacobian costs O(devices x min(samples, inputs) + weights x samples).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.physics.chip.kernels import adjoint as kernels
from emulator.physics.chip.kernels.tape import LayerMap, layer_map, loss_gain, tile, untile
from emulator.physics.chip.mesh import LayerPhases, Rotation, Shape
from emulator.physics.chip.patches import Patches, fold, unfold
from emulator.units import db_to_amplitude

__all__ = ["Linearised", "MeshNetwork", "forward", "nominal_network", "pull_back", "push_forward"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MeshNetwork:
    """Say what light passes: layers of a mesh, and what electronics do between them.

    ``gains`` (layers,) are the receivers', ``loss_amplitude`` is the field that one rotator passes on, ``clip`` the
    upper end of a hidden activation, ``full_scale`` the range (+-) of an output; all in activation units. ``feeds``
    (layers,) say how values become a layer's inputs; without any, each layer takes whole vectors.
    """

    layers: tuple[LayerMap, ...]
    gains: tuple[float, ...]
    loss_amplitude: float = 1.0
    clip: float = np.inf
    full_scale: float = np.inf
    feeds: tuple[Patches, ...] = ()

    @property
    def fed(self) -> tuple[Patches, ...]:
        """Return how each layer is fed."""
        return self.feeds or tuple(Patches.vector(layer.inputs) for layer in self.layers)

    @property
    def devices(self) -> int:
        """Return the number of phases of all layers."""
        return sum(layer.devices for layer in self.layers)

    @property
    def outputs(self) -> int:
        """Return the number of values that a sample gives."""
        return self.layers[-1].outputs


class _LayerPass(NamedTuple):
    """Hold what a layer was sent (inputs, symbols), what it made of the light, and where changes get through.

    ``matrix`` (outputs, inputs) is what the layer is, or None where the symbols themselves were propagated. A
    symbol is a sample, or each patch of one.
    """

    sent: Floats
    elements: Floats
    middle: Floats
    light: Floats
    matrix: Floats | None
    passes: NDArray[np.bool_]


class Linearised(NamedTuple):
    """Hold a forward pass: ``outputs`` (samples, outputs), and what derivatives at its phases start from."""

    outputs: Floats
    layers: tuple[_LayerPass, ...]


def nominal_network(
    layers: Sequence[LayerPhases],
    sigma_max: float,
    shape: Shape = "thin",
    rotation: Rotation = "ccw",
    insertion_loss_db: float = 0.0,
    clip: float = np.inf,
    full_scale: float = np.inf,
) -> MeshNetwork:
    """Return the network of a chip as it was designed; phases are given to ``forward``.

    The receivers' gains make up for the loss at the design phases of ``layers``, as the chip's do.
    """
    maps = tuple(layer_map(layer, sigma_max, shape, rotation) for layer in layers)
    loss = db_to_amplitude(insertion_loss_db)
    gains = tuple(loss_gain(each, layer.flat(), loss) for each, layer in zip(maps, layers, strict=True))
    return MeshNetwork(maps, gains, loss, clip, full_scale)


def forward(network: MeshNetwork, phases: Floats, inputs: Floats) -> Linearised:
    """Return what ``inputs`` (samples, values) give where the light sees ``phases`` (devices,), in radians.

    Raises ``PhysicsError`` where shapes do not fit.
    """
    values = network.fed[0].values
    if phases.shape != (network.devices,) or inputs.ndim != 2 or inputs.shape[1] != values:
        raise PhysicsError(
            f"forward: phases of shape {phases.shape} and inputs of shape {inputs.shape} do not fit a network of "
            f"{network.devices} devices and {values} inputs"
        )
    signal, first, passed = np.asarray(inputs.T, dtype=np.float64), 0, []
    last = len(network.layers) - 1
    for index, (layer, gain, feed) in enumerate(zip(network.layers, network.gains, network.fed, strict=True)):
        sent = _cut(signal, feed)
        elements = _elements(layer, phases[first : first + layer.devices], gain, network.loss_amplitude)
        low, high = (-network.full_scale, network.full_scale) if index == last else (0.0, network.clip)
        whole = sent.shape[1] > layer.inputs
        light = tile(np.eye(layer.inputs) if whole else sent, layer.modes)
        flat, middle = _flat(light), np.empty_like(light)
        kernels.transmit(flat, _flat(middle), layer.upper, elements, layer.sigma_first, layer.u_first)
        found = untile(light, layer.outputs, layer.inputs if whole else sent.shape[1])
        matrix = found if whole else None
        read = found @ sent if whole else found
        passes = (read > low) & (read < high)
        passed.append(_LayerPass(sent, elements, middle, light, matrix, passes))
        signal = _joined(np.clip(read, low, high), feed)
        first += layer.devices
    return Linearised(np.ascontiguousarray(signal.T), tuple(passed))


def pull_back(network: MeshNetwork, at: Linearised, errors: Floats) -> Floats:
    """Return the gradient (devices,) of a loss whose derivatives by the outputs are ``errors`` (samples, outputs).

    It is the transposed Jacobian at the phases of ``at`` times the errors: one number for every device.
    """
    slopes = np.zeros(network.devices)
    last = network.devices
    slope = np.asarray(errors.T, dtype=np.float64)
    for layer, passed, feed in zip(
        reversed(network.layers), reversed(at.layers), reversed(network.fed), strict=True
    ):
        back = np.where(passed.passes, slope.reshape(passed.passes.shape), 0.0)
        own = slopes[last - layer.devices : last]
        # By superposition the errors of all samples act on a unit vector as their sum does, weighed by the inputs.
        columns = back if passed.matrix is None else back @ passed.sent.T
        pulled = tile(columns, layer.modes)
        kernels.pull_back(
            _flat(passed.light.copy()), _flat(passed.middle), _flat(pulled), layer.upper, passed.elements,
            layer.sigma_first, layer.u_first, own,
        )  # fmt: skip
        if passed.matrix is None:
            back = untile(pulled, layer.inputs, passed.sent.shape[1])
        else:
            back = passed.matrix.T @ back
        slope = back if feed.is_vector else fold(back, feed)
        last -= layer.devices
    return slopes


def push_forward(network: MeshNetwork, at: Linearised, steps: Floats) -> Floats:
    """Return the change (samples, outputs), to first order, where every device moves by ``steps`` (devices,) rad.

    It is the Jacobian at the phases of ``at`` times the steps.
    """
    first = 0
    values = network.fed[0].values
    change = np.zeros((values, at.layers[0].sent.shape[1] // network.fed[0].count))
    for layer, passed, feed in zip(network.layers, at.layers, network.fed, strict=True):
        change = _cut(change, feed)
        own = np.ascontiguousarray(steps[first : first + layer.devices], dtype=np.float64)
        samples = passed.sent.shape[1]
        whole = passed.matrix is not None
        light = tile(np.eye(layer.inputs) if whole else passed.sent, layer.modes)
        changes = np.zeros_like(light) if whole else tile(change, layer.modes)
        kernels.push_forward(
            _flat(light), _flat(changes), layer.upper, passed.elements, layer.sigma_first, layer.u_first, own
        )
        found = untile(changes, layer.outputs, layer.inputs if whole else samples)
        if passed.matrix is not None:
            found = found @ passed.sent + passed.matrix @ change
        change = _joined(np.where(passed.passes, found, 0.0), feed)
        first += layer.devices
    return np.ascontiguousarray(change.T)


def _cut(values: Floats, feed: Patches) -> Floats:
    """Return ``values`` (values, samples) as a layer's symbols, (inputs, patches * samples)."""
    return np.ascontiguousarray(values) if feed.is_vector else unfold(values, feed)


def _joined(outputs: Floats, feed: Patches) -> Floats:
    """Return a layer's ``outputs`` (outputs, patches * samples) as values, (outputs * patches, samples)."""
    return outputs.reshape(len(outputs) * feed.count, -1)


def _flat(light: Floats) -> Floats:
    """Return the tiles (tiles, modes, LANES) as the kernels take them, a view."""
    return light.reshape(light.shape[0], -1)


def _elements(layer: LayerMap, phases: Floats, gain: float, loss: float) -> Floats:
    """Return the kernels' matrix elements (4, devices) of a layer at ``phases`` (devices,)."""
    cos, sin = np.cos(phases), np.sin(phases)
    elements = np.stack([loss * cos, layer.sense * loss * sin, layer.sense, np.full(phases.size, loss**-2)])
    sigma = slice(layer.sigma_first, layer.u_first)
    factor = layer.sense[sigma] * gain
    elements[kernels.COS, sigma] = factor * cos[sigma]
    elements[kernels.SIN, sigma] = 0.0
    elements[kernels.SLOPE, sigma] = -factor * sin[sigma]
    elements[kernels.INVERSE, sigma] = 0.0
    return elements
