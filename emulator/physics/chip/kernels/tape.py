"""Light through one layer of rotators, rotator by rotator, and the tape that spares what a change does not touch.

Modelled: real field amplitudes, W = U Sigma V* as 2x2 rotators and attenuators, an amplitude factor per
rotator for insertion loss. Not modelled: dispersion, back-reflection, delay along the mesh (about 1 ps/mm).

Light lies in tiles of LANES columns: (tiles, modes, LANES), so that the inner loops have a fixed length.
The tape keeps the light in front of some devices (checkpoints). When phases change, light is propagated again
only from the last checkpoint before the first changed device (rest.py).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.kernel import bare_kernel, fma
from emulator.physics.chip.mesh import (
    LayerPhases,
    Rotation,
    Shape,
    Triangle,
    rotators_of,
    rows_in_use,
    triangle,
)
from emulator.physics.chip.patches import Patches

__all__ = [
    "CHECKPOINT_SPACING",
    "LANES",
    "LayerMap",
    "checkpoints_of",
    "copy_part",
    "fill_tiles",
    "layer_map",
    "loss_gain",
    "propagate",
    "propagate_plain",
    "tile",
    "untile",
]

LANES = 32
"""Columns of light that one tile holds."""

CHECKPOINT_SPACING = 4
"""Rotators between two checkpoints of the tape, per waveguide: a copy costs half a rotator per waveguide."""

_LANES = np.uint64(LANES)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LayerMap:
    """Say what each device of one layer does to the light, in light order: V*, Sigma, U.

    ``upper`` (devices,) is the upper waveguide of a rotator, or the waveguide of an attenuator. ``sense``
    (devices,) multiplies a rotator's sine (+-1) or an attenuator's cosine (sigma_max times the layer's sign).
    ``checkpoints`` are the devices in front of which the tape keeps the light; the first is 0. ``feed`` says how
    the values in front of the layer become its symbols.
    """

    inputs: int
    outputs: int
    rank: int
    v: Triangle
    u: Triangle
    upper: Ints
    sense: Floats
    checkpoints: Ints
    feed: Patches

    @property
    def devices(self) -> int:
        """Return the number of devices (phases) of the layer."""
        return int(self.upper.size)

    @property
    def sigma_first(self) -> int:
        """Return the index of the first attenuator."""
        return self.v.rotators

    @property
    def u_first(self) -> int:
        """Return the index of the first rotator of U."""
        return self.v.rotators + self.rank

    @property
    def modes(self) -> int:
        """Return the number of waveguides that the light's tiles need."""
        return max(self.inputs, self.outputs)


def layer_map(
    phases: LayerPhases,
    sigma_max: float,
    shape: Shape = "thin",
    rotation: Rotation = "ccw",
    feed: Patches | None = None,
) -> LayerMap:
    """Return the map of the layer that ``phases`` describe; ``feed`` None is whole vectors."""
    outputs, inputs = phases.shape
    rank = min(outputs, inputs)
    rows_v, rows_u = rows_in_use(outputs, inputs, shape)
    v, u = triangle(rows_v, inputs), triangle(rows_u, outputs)
    ccw = 1.0 if rotation == "ccw" else -1.0
    upper = np.concatenate([v.upper, np.arange(rank), u.upper[::-1]])
    sense = np.concatenate(
        [np.full(v.rotators, ccw), sigma_max * phases.signs, np.full(u.rotators, -ccw)]
    )  # U is a triangle passed backwards: the transpose of each rotator
    u_first = v.rotators + rank
    spacing = CHECKPOINT_SPACING * max(inputs, outputs)
    steps = [
        np.arange(0, v.rotators, spacing),
        np.array([v.rotators]),
        np.arange(u_first, upper.size, spacing),
    ]
    stops = np.unique(np.concatenate(steps)).astype(np.int64)
    return LayerMap(inputs, outputs, rank, v, u, upper, sense, stops, feed or Patches.vector(inputs))


def checkpoints_of(inputs: int, outputs: int, shape: Shape) -> int:
    """Return how many checkpoints ``layer_map`` gives a layer, without building it."""
    spacing = CHECKPOINT_SPACING * max(inputs, outputs)
    rows_v, rows_u = rows_in_use(outputs, inputs, shape)
    in_v, in_u = rotators_of(rows_v, inputs), rotators_of(rows_u, outputs)
    # Where V* has no rotator, the checkpoint in front of Sigma is the first; U's first is one of its own.
    return -(-in_v // spacing) + 1 + -(-in_u // spacing)


def tile(columns: Floats, modes: int) -> Floats:
    """Return light (tiles, modes, LANES) for ``columns`` (inputs, count): dark waveguides and lanes hold zero."""
    inputs, count = columns.shape
    if inputs > modes:
        raise PhysicsError(f"tile: {inputs} inputs do not fit into {modes} waveguides")
    tiles = -(-count // LANES)
    light = np.zeros((tiles, modes, LANES))
    padded = np.zeros((inputs, tiles * LANES))
    padded[:, :count] = columns
    light[:, :inputs] = padded.reshape(inputs, tiles, LANES).transpose(1, 0, 2)
    return light


@bare_kernel
def fill_tiles(light: Floats, columns: Floats, modes: int) -> None:
    """Write ``tile(columns, modes)`` to the beginning of ``light``, without the arrays on its way."""
    inputs, count = columns.shape
    flat = columns.reshape(columns.size)
    for first in range(0, count, LANES):
        begin, width = np.uint64(first * modes), np.uint64(min(LANES, count - first))
        for entry in range(np.uint64(modes) * _LANES):
            light[begin + entry] = 0.0
        for row in range(inputs):
            line, source = begin + np.uint64(row) * _LANES, np.uint64(row * count + first)
            for lane in range(width):
                light[line + lane] = flat[source + lane]


def untile(light: Floats, rows: int, count: int) -> Floats:
    """Return the first ``rows`` waveguides of ``light`` as columns (rows, count): tile inverted."""
    tiles, _, lanes = light.shape
    return np.ascontiguousarray(light[:, :rows].transpose(1, 0, 2).reshape(rows, tiles * lanes)[:, :count])


@bare_kernel
def rotate(  # noqa: PLR0915  (inner loops, written out)
    light: Floats, upper: Ints, cos: Floats, sin: Floats, first: int, last: int
) -> None:
    """Pass one tile, ``light`` (modes*LANES,), through the rotators first..last-1, in place.

    In a sweep of V* each rotator sits one waveguide above the one before, in a sweep of U one below. Four such
    neighbours are passed together, so that every row is loaded and stored once instead of twice; the loops are
    written out here, because called for they would not vectorise as well.
    """
    device = first
    while device < last:
        # Is this the beginning of four neighbours, upwards (V*) or downwards (U)? Sweeps end where it is not.
        c0, s0 = cos[device], sin[device]
        top = upper[device]
        row = np.uint64(top) * _LANES
        step = 0
        if device + 3 < last:
            if upper[device + 1] == top - 1 and upper[device + 2] == top - 2 and upper[device + 3] == top - 3:
                step = -1
            elif (
                upper[device + 1] == top + 1 and upper[device + 2] == top + 2 and upper[device + 3] == top + 3
            ):
                step = 1
        if step == 0:
            for lane in range(_LANES):
                a = light[row + lane]
                b = light[row + _LANES + lane]
                light[row + lane] = fma(-s0, b, c0 * a)
                light[row + _LANES + lane] = fma(s0, a, c0 * b)
            device += 1
            continue
        c1, c2, c3 = cos[device + 1], cos[device + 2], cos[device + 3]
        s1, s2, s3 = sin[device + 1], sin[device + 2], sin[device + 3]
        # Light meets the rotators in turn: the waveguide that two of them share stays in a register between them.
        if step < 0:
            row = row - _LANES - _LANES - _LANES
            for lane in range(_LANES):
                a = light[row + lane]
                b = light[row + _LANES + lane]
                c = light[row + _LANES + _LANES + lane]
                d = light[row + _LANES + _LANES + _LANES + lane]
                e = light[row + _LANES + _LANES + _LANES + _LANES + lane]
                down = fma(-s0, e, c0 * d)
                light[row + _LANES + _LANES + _LANES + _LANES + lane] = fma(s0, d, c0 * e)
                light[row + _LANES + _LANES + _LANES + lane] = fma(s1, c, c1 * down)
                down = fma(-s1, down, c1 * c)
                light[row + _LANES + _LANES + lane] = fma(s2, b, c2 * down)
                down = fma(-s2, down, c2 * b)
                light[row + _LANES + lane] = fma(s3, a, c3 * down)
                light[row + lane] = fma(-s3, down, c3 * a)
        else:
            for lane in range(_LANES):
                a = light[row + lane]
                b = light[row + _LANES + lane]
                c = light[row + _LANES + _LANES + lane]
                d = light[row + _LANES + _LANES + _LANES + lane]
                e = light[row + _LANES + _LANES + _LANES + _LANES + lane]
                up = fma(s0, a, c0 * b)
                light[row + lane] = fma(-s0, b, c0 * a)
                light[row + _LANES + lane] = fma(-s1, c, c1 * up)
                up = fma(s1, up, c1 * c)
                light[row + _LANES + _LANES + lane] = fma(-s2, d, c2 * up)
                up = fma(s2, up, c2 * d)
                light[row + _LANES + _LANES + _LANES + lane] = fma(-s3, e, c3 * up)
                light[row + _LANES + _LANES + _LANES + _LANES + lane] = fma(s3, up, c3 * e)
        device += 4


@bare_kernel
def attenuate(light: Floats, gain: Floats, first: int, rank: int) -> None:
    """Scale waveguides 0..rank-1 of one tile by ``gain[first:]`` and darken all others, in place."""
    for row in range(np.uint64(rank)):  # unsigned: an index that might be negative makes scattered stores
        g = gain[np.uint64(first) + row]
        for lane in range(_LANES):
            light[row * _LANES + lane] *= g
    for entry in range(np.uint64(rank) * _LANES, np.uint64(light.size)):
        light[entry] = 0.0


@bare_kernel
def propagate(
    light: Floats,
    upper: Ints,
    cos: Floats,
    sin: Floats,
    first: int,
    last: int,
    sigma_first: int,
    u_first: int,
) -> None:
    """Pass one tile through the devices first..last-1 of a layer; all attenuators are passed together.

    ``cos`` and ``sin`` (devices,) are a rotator's matrix elements; for an attenuator ``cos`` is its gain.
    """
    # Each part is empty where first..last-1 does not reach into it.
    rotate(light, upper, cos, sin, first, min(last, sigma_first))
    if first <= sigma_first < last:
        attenuate(light, cos, sigma_first, u_first - sigma_first)
    rotate(light, upper, cos, sin, max(first, u_first), last)


@bare_kernel
def copy_part(source: Floats, first: int, target: Floats, begin: int, count: int) -> None:
    """Copy ``source[first:]`` to ``target[begin:]``: numba's slice assignment takes ten times as long."""
    here, there = np.uint64(first), np.uint64(begin)
    for entry in range(np.uint64(count)):
        target[there + entry] = source[here + entry]


def propagate_plain(columns: Floats, layer: LayerMap, phases: Floats, loss_amplitude: float = 1.0) -> Floats:
    """Return the output light (outputs, count) for ``columns`` (inputs, count): the oracle of the fast versions.

    One rotator at a time, nothing remembered. ``phases`` (devices,) are the phases that the light sees.
    """
    light = np.zeros((layer.modes, columns.shape[1]))
    light[: layer.inputs] = columns
    cos, sin = np.cos(phases), layer.sense * np.sin(phases)
    for device, top in enumerate(layer.upper):
        if layer.sigma_first <= device < layer.u_first:
            light[top] *= layer.sense[device] * cos[device]
            continue
        if device == layer.u_first:
            light[layer.rank :] = 0.0
        above, below = light[top].copy(), light[top + 1].copy()
        light[top] = loss_amplitude * (cos[device] * above - sin[device] * below)
        light[top + 1] = loss_amplitude * (sin[device] * above + cos[device] * below)
    return light[: layer.outputs]


def loss_gain(layer: LayerMap, phases: Floats, loss_amplitude: float) -> float:
    """Return the receiver's gain of a layer: it restores the Frobenius norm that loss took away at ``phases``."""
    if loss_amplitude == 1.0:
        return 1.0
    unit = np.eye(layer.inputs)
    full, lossy = (propagate_plain(unit, layer, phases, amplitude) for amplitude in (1.0, loss_amplitude))
    return float(np.linalg.norm(full) / np.linalg.norm(lossy))
