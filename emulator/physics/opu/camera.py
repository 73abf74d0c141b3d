"""The camera: photons to counts, with shot and read noise, a full well and eight bits; rows to seconds.

Modelled: a global-shutter CMOS sensor that reads whole rows, so that the rows of the region of interest set its
frame rate; shot noise, read noise, rounding to counts, saturation. Not modelled: dark current, fixed-pattern
noise, nonlinearity near the full well, cross-talk of neighbouring pixels. Shot noise is Gaussian with the variance
of Poisson's: below about 20 electrons, half a count at the default full well, Poisson's skew is lost.

Sources: CMV2000 data sheet for the timing of rows (129 periods of 48 MHz a row over 16 outputs: 2.6875 us) and
the 12 rows of overhead; lightonml's runner for the 50 us between frames and for the exposure rule; the sensor of
the real machine is inferred from its published rates. Full well and read noise are the CMV2000's as remembered:
assumed.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.kernel import kernel
from emulator.physics.gaussian import BLOCK, fill_block

__all__ = [
    "Camera",
    "Exposure",
    "check_frame_rate",
    "electrons",
    "expose",
    "exposure_factor",
    "min_frame_s",
    "pixel_variance_e2",
    "readout_s",
    "roi_rows",
    "straddle_probability",
]

Singles = NDArray[np.float32]
Counts = NDArray[np.uint8]

_F = np.float32


@dataclass(frozen=True, slots=True)
class Camera:
    """Hold a camera's parameters; electrons are photo-electrons in one pixel during one exposure."""

    rows_max: int = 1088
    columns: int = 2040
    row_s: float = 2.6875e-6
    overhead_rows: int = 12
    gap_s: float = 50e-6
    exposure_s: float = 400e-6
    full_well_e: float = 10_000.0
    bits: int = 8
    read_noise_e: float = 13.0

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 8:
            raise PhysicsError(f"camera: bits={self.bits}; allowed are 1..8, as a count is one byte")
        if not (self.full_well_e > 0.0 and self.read_noise_e >= 0.0):
            raise PhysicsError(
                f"camera: full well {self.full_well_e:g} e, read noise {self.read_noise_e:g} e; "
                "the first must be above 0 and the second not below"
            )

    @property
    def top_count(self) -> int:
        """Return the highest count, which a full well gives."""
        return int(2**self.bits - 1)

    @property
    def e_per_count(self) -> float:
        """Return the electrons of one count, the step of the converter."""
        return self.full_well_e / self.top_count

    @property
    def dark_variance_e2(self) -> float:
        """Return the variance of one reading without light: read noise and the rounding's step^2/12."""
        return self.read_noise_e**2 + self.e_per_count**2 / 12.0


class Exposure(NamedTuple):
    """Hold the ``counts``, shaped as the light was, and how many of them are the top count."""

    counts: Counts
    saturated: int


def roi_rows(pixels: int, camera: Camera) -> int:
    """Return the full-width rows that hold ``pixels``; raises ``PhysicsError`` when the sensor has too few."""
    rows = -(-pixels // camera.columns)
    if pixels < 1 or rows > camera.rows_max:
        raise PhysicsError(
            f"camera: {pixels} pixels need {rows} rows of {camera.columns}; allowed are 1..{camera.rows_max} "
            f"rows, {camera.rows_max * camera.columns} pixels: ask for fewer outputs or for a recovery "
            "that takes fewer pixels an output"
        )
    return rows


def readout_s(rows: int, camera: Camera) -> float:
    """Return the seconds of reading ``rows``: (rows + overhead_rows) * row_s."""
    return (rows + camera.overhead_rows) * camera.row_s


def min_frame_s(rows: int, camera: Camera) -> float:
    """Return the shortest period of frames of ``rows``: max(exposure, readout) + gap; the two overlap."""
    return max(camera.exposure_s, readout_s(rows, camera)) + camera.gap_s


def check_frame_rate(rate_hz: float, rows: int, camera: Camera) -> None:
    """Raise ``PhysicsError`` when exposure or readout of ``rows`` forbids ``rate_hz``, and say what would fit."""
    limit_s = min_frame_s(rows, camera)
    if rate_hz > 0.0 and rate_hz * limit_s <= 1.0 + 1e-12:
        return
    readout = readout_s(rows, camera)
    binds = "exposure" if camera.exposure_s >= readout else f"readout of {rows} rows"
    raise PhysicsError(
        f"camera: frame rate {rate_hz:g} Hz; the {binds}, {max(camera.exposure_s, readout):g} s, and the gap of "
        f"{camera.gap_s:g} s allow at most {1.0 / limit_s:g} Hz"
    )


def exposure_factor(lit: NDArray[np.integer], ones_max: int) -> NDArray[np.float64]:
    """Return what the exposure is multiplied by, (...), when ``lit`` (...) mirrors are on: min(1, max/lit).

    Light is proportional to the mirrors that are on, so above ``ones_max`` the exposure is cut by the excess.
    """
    return np.asarray(np.minimum(1.0, ones_max / np.maximum(lit, 1)))


def pixel_variance_e2(mean_e: float, camera: Camera) -> float:
    """Return the variance of one reading in electrons^2: shot noise ``mean_e``, read noise, rounding.

    The rounding's step^2/12 holds where the other noise exceeds a third of the step, and neither 0 nor the full
    well is near.
    """
    return mean_e + camera.dark_variance_e2


@kernel
def _expose(
    mean_e: Singles,
    counts: Counts,
    read_variance_e2: np.float32,
    counts_per_e: np.float32,
    top: np.float32,
    draw: int,
    key_0: int,
    key_1: int,
) -> tuple[int, int]:
    """Fill ``counts`` (frames, pixels); return how many are the top count and how many means are refused.

    Noise is made block by block, so that it is used before it leaves the cache.
    """
    noise = np.empty(BLOCK, dtype=np.float32)
    pixels = mean_e.shape[1]
    saturated, refused = 0, 0
    for frame in range(mean_e.shape[0]):
        for block in range((pixels + BLOCK - 1) // BLOCK):
            fill_block(noise, 0, block, draw + frame, key_0, key_1)
            first = block * BLOCK
            light, out = mean_e[frame, first : first + BLOCK], counts[frame, first : first + BLOCK]
            for pixel in range(np.uint64(light.size)):
                mean = light[pixel]
                refused += not (mean >= _F(0) and mean < _F(np.inf))
                electrons = mean + np.sqrt(mean + read_variance_e2) * noise[pixel]
                count = min(max(np.floor(electrons * counts_per_e + _F(0.5)), _F(0)), top)
                saturated += count == top
                out[pixel] = np.uint8(np.int32(count))
    return saturated, refused


def expose(mean_e: NDArray[np.floating], camera: Camera, draw: int, key: tuple[int, int]) -> Exposure:
    """Return the counts that frames of light give, ``mean_e`` (frames, ...) in expected electrons a pixel.

    count = clip(floor(e/step + 1/2), 0, top), where e is normal around ``mean_e`` with the variance ``mean_e`` +
    read_noise_e^2. Frame f takes draw number ``draw`` + f of the noise stream ``key``: batching changes nothing.
    Raises ``PhysicsError`` when a mean is negative or not finite.
    """
    light = np.ascontiguousarray(mean_e, dtype=np.float32)
    frames = light.reshape(light.shape[0], -1)
    counts = np.empty(frames.shape, dtype=np.uint8)
    saturated, refused = _expose(
        frames,
        counts,
        _F(camera.read_noise_e**2),
        _F(1.0 / camera.e_per_count),
        _F(camera.top_count),
        draw,
        key[0],
        key[1],
    )
    if refused:
        raise PhysicsError(f"camera: {refused} pixels expect electrons that are negative or not finite")
    return Exposure(counts.reshape(light.shape), int(saturated))


def electrons(counts: Counts, camera: Camera) -> Singles:
    """Return the electrons (...) that ``counts`` (...) stand for: counts * full_well_e / top count."""
    return np.asarray(counts * _F(camera.e_per_count))


def straddle_probability(mean_delay_s: float, slack_s: float) -> float:
    """Return how often an exposure reaches into the next pattern: exp(-slack / mean), 0 where nothing is late.

    A trigger is late by an exponentially distributed time of mean ``mean_delay_s``; a pattern stands ``slack_s``
    longer than the exposure lasts. Delays that the slack takes up move nothing here, though they move the exposure
    in fact. Raises ``PhysicsError`` for times below 0.
    """
    if not (mean_delay_s >= 0.0 and slack_s >= 0.0):
        raise PhysicsError(
            f"camera: a trigger {mean_delay_s:g} s late, slack {slack_s:g} s; allowed: both >= 0 s"
        )
    return math.exp(-slack_s / mean_delay_s) if mean_delay_s > 0.0 else 0.0
