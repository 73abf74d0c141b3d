"""What noise makes of fields and intensities, without forming a camera image: the `statistical` fidelity.

Modelled: additive Gaussian noise of known spread on linear projections, and the reading of speckle intensities by
a camera as ``camera.expose`` reads them: shot and read noise, rounding, saturation. Noise is counter-based: vector
number n of a run is draw number n of the stream, so its noise does not depend on the batch it comes in. Not
modelled: how much noise a linear recovery has (see ``holography`` and ``anchor``), and what ``camera`` leaves out.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.kernel import kernel
from emulator.physics.gaussian import BLOCK, fill_block
from emulator.physics.opu.camera import Camera
from emulator.physics.opu.medium_interface import Medium

__all__ = ["Counts", "add_noise", "add_scaled_noise", "intensity_counts", "speckle_counts"]

Singles = NDArray[np.float32]
Bytes = NDArray[np.uint8]

_F = np.float32
_U = np.uint64  # an index of this type is known not to count from the end, so the loops vectorise
_MOST_DRAWS = 2**63


class Counts(NamedTuple):
    """Hold a camera's ``counts`` (batch, outputs), and how many of them are the top count."""

    counts: Bytes
    saturated: int


@kernel
def _add_noise(values: Singles, sigma: Singles, draw: int, key_0: int, key_1: int) -> None:
    """Add ``sigma`` of the row times a normal number to each value; block by block, so that noise stays in L1."""
    noise = np.empty(BLOCK, dtype=np.float32)
    rows, columns = values.shape
    for row in range(rows):
        for block in range((columns + BLOCK - 1) // BLOCK):
            fill_block(noise, 0, block, draw + row, key_0, key_1)
            begin = _U(block * BLOCK)
            for lane in range(_U(min(BLOCK, columns - block * BLOCK))):
                values[row, begin + lane] += sigma[row] * noise[lane]


@kernel
def _add_scaled_noise(
    values: Singles, constant: Singles, slope: Singles, weight: Singles, draw: int, key_0: int, key_1: int
) -> None:
    """Add to each value a normal number of the variance constant[row] + slope[row] * weight[column]."""
    noise = np.empty(BLOCK, dtype=np.float32)
    rows, columns = values.shape
    for row in range(rows):
        for block in range((columns + BLOCK - 1) // BLOCK):
            fill_block(noise, 0, block, draw + row, key_0, key_1)
            begin = _U(block * BLOCK)
            for lane in range(_U(min(BLOCK, columns - block * BLOCK))):
                variance = constant[row] + slope[row] * weight[begin + lane]
                values[row, begin + lane] += np.sqrt(variance) * noise[lane]


@kernel
def _count(
    real: Singles, imaginary: Singles, gain_e: Singles, read_variance_e2: np.float32, counts_per_e: np.float32,
    top: np.float32, first: int, counts: Bytes, draw: int, key_0: int, key_1: int,
) -> int:  # fmt: skip
    """Fill ``counts`` with the readings of outputs ``first`` ...; return how many are the top count.

    A number that is not below the top is the top, so that an intensity beyond single precision saturates.
    """
    noise = np.empty(BLOCK, dtype=np.float32)
    rows, columns = real.shape
    saturated = 0
    for row in range(rows):
        gain = gain_e[row]
        for block in range(first // BLOCK, (first + columns + BLOCK - 1) // BLOCK):
            fill_block(noise, 0, block, draw + row, key_0, key_1)
            begin = max(0, first - block * BLOCK)  # a tile may begin and end within a block
            at, lane = _U(block * BLOCK + begin - first), _U(begin)
            full = np.int32(0)
            for j in range(_U(min(BLOCK, first + columns - block * BLOCK) - begin)):
                a, b = real[row, at + j], imaginary[row, at + j]
                mean = (a * a + b * b) * gain
                electrons = mean + np.sqrt(mean + read_variance_e2) * noise[lane + j]
                count = np.floor(electrons * counts_per_e + _F(0.5))
                below = count < top
                full += np.int32(not below)
                counts[row, at + j] = np.uint8(np.int32(max(count, _F(0)) if below else top))
            saturated += int(full)
    return saturated


def add_noise(values: Singles, sigma: Singles, draw: int, key: tuple[int, int]) -> None:
    """Add Gaussian noise of spread ``sigma`` (batch,) to ``values`` (batch, outputs) in place.

    Both are float32, ``sigma`` is finite and not negative, in the unit of ``values``; complex fields go in as
    their float32 view. Row r gets draw number ``draw`` + r of the noise stream ``key``. Raises ``PhysicsError``
    otherwise.
    """
    _check_values(values, "values", None)
    _check_not_negative(sigma, "sigma", values.shape[:1])
    _check_draws(draw, values.shape[0])
    _add_noise(values, sigma, draw, key[0], key[1])


def add_scaled_noise(
    values: Singles, constant: Singles, slope: Singles, weight: Singles, draw: int, key: tuple[int, int]
) -> None:
    """Add Gaussian noise of variance ``constant`` + ``slope`` * ``weight`` to ``values`` in place.

    ``values`` is (batch, outputs); ``constant`` and ``slope`` (batch,) belong to vectors and ``weight`` (outputs,)
    to pixels, as in ``anchor_noise`` with the weight 1 / anchor_e. All are float32, the last three finite and not
    negative. Row r gets draw number ``draw`` + r of the noise stream ``key``. Raises ``PhysicsError`` otherwise.
    """
    _check_values(values, "values", None)
    _check_not_negative(constant, "constant", values.shape[:1])
    _check_not_negative(slope, "slope", values.shape[:1])
    _check_not_negative(weight, "weight", values.shape[1:])
    _check_draws(draw, values.shape[0])
    _add_scaled_noise(values, constant, slope, weight, draw, key[0], key[1])


def intensity_counts(
    real: Singles, imaginary: Singles, gain_e: Singles, camera: Camera, draw: int, key: tuple[int, int]
) -> Counts:
    """Return what ``camera`` reads of the fields ``real`` + i ``imaginary`` (batch, outputs), float32.

    ``gain_e`` (batch,) float32 is the electrons that intensity 1 gives in each vector's exposure. The counts are
    those of ``camera.expose`` for gain_e * intensity electrons, in one pass. Row r gets draw number ``draw`` + r of
    the noise stream ``key``. Raises ``PhysicsError`` for other shapes or types, and for a gain that is negative or
    not finite.
    """
    _check_values(real, "real", None)
    _check_values(imaginary, "imaginary", real.shape)
    _check_not_negative(gain_e, "gain_e", real.shape[:1])
    _check_draws(draw, real.shape[0])
    counts = np.empty(real.shape, dtype=np.uint8)
    return Counts(counts, _count(real, imaginary, gain_e, *_reading(camera), 0, counts, draw, key[0], key[1]))


def speckle_counts(
    medium: Medium, x: Singles, gain_e: Singles, camera: Camera, draw: int, key: tuple[int, int]
) -> Counts:
    """Return what ``camera`` reads of the speckle of the vectors ``x`` (batch, inputs), float32.

    The counts are those of ``intensity_counts`` of the medium's fields; the fields are read tile by tile, while
    they are in the processor's cache, and never stored. Raises ``PhysicsError`` as it and the medium do.
    """
    _check_values(x, "x", None)
    _check_not_negative(gain_e, "gain_e", x.shape[:1])
    _check_draws(draw, x.shape[0])
    counts = np.empty((x.shape[0], medium.outputs), dtype=np.uint8)
    saturated, reading = 0, _reading(camera)
    for row, first, real, imaginary in medium.tiles(x):
        rows, columns = real.shape
        part = counts[row : row + rows, first : first + columns]
        gain = gain_e[row : row + rows]
        saturated += _count(real, imaginary, gain, *reading, first, part, draw + row, key[0], key[1])
    return Counts(counts, saturated)


def _reading(camera: Camera) -> tuple[np.float32, np.float32, np.float32]:
    """Return the camera's numbers in the order in which the kernel reads them."""
    return _F(camera.read_noise_e**2), _F(1.0 / camera.e_per_count), _F(camera.top_count)


def _check_values(values: Singles, name: str, shape: tuple[int, ...] | None) -> None:
    """Raise ``PhysicsError`` unless ``values`` is a float32 table, of ``shape`` if one is given."""
    if values.dtype != np.float32 or values.ndim != 2 or (shape is not None and values.shape != shape):
        allowed = "(batch, outputs)" if shape is None else shape
        raise PhysicsError(
            f"speckle: {name} has the shape {values.shape} and the type {values.dtype}, allowed is {allowed} "
            "of float32"
        )


def _check_not_negative(given: Singles, name: str, shape: tuple[int, ...]) -> None:
    """Raise ``PhysicsError`` unless ``given`` is float32 of ``shape``, finite and not negative."""
    if given.dtype != np.float32 or given.shape != shape:
        raise PhysicsError(
            f"speckle: {name} has the shape {given.shape} and the type {given.dtype}, allowed is {shape} "
            "of float32"
        )
    if given.size and not (given.min() >= 0.0 and given.max() < np.inf):
        raise PhysicsError(
            f"speckle: {name} runs from {given.min():g} to {given.max():g}, allowed are finite numbers from 0"
        )


def _check_draws(draw: int, rows: int) -> None:
    """Raise ``PhysicsError`` unless the numbers of all rows' draws fit the counter."""
    if not 0 <= draw <= _MOST_DRAWS - rows:
        raise PhysicsError(f"speckle: the first draw is {draw}, allowed is 0 to {_MOST_DRAWS - rows}")
