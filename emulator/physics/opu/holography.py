"""How a linear projection is read from intensities: what each way costs, its light levels and its noise.

The camera sees |field|^2, and a user wants T x. Four modes: ``off_axis`` (a tilted reference beam, see
``off_axis.py``), ``phase_shifting`` (a reference stepped in phase), ``anchor`` (no reference beam, see
``anchor.py``) and ``intensity``, which leaves |T x|^2 as it is. Modelled: a plane reference of known, constant
strength and exact phase steps; one speckle grain a pixel, but for ``off_axis``. Not modelled: drift and vibration
of the reference, finite coherence, uneven illumination.

Units: fields are those of T x, entries of T having E|t|^2 = 1. A field of 1 gives ``gain_e`` electrons a pixel,
the reference ``reference_e``.

Sources: textbook phase-shifting interferometry; the light-in-the-loop paper (off-axis) and R. Ohana et al., 2023,
arXiv 2305.12988 (anchor) for what the modes are; the noise is derived below.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from emulator.errors import PhysicsError, nearest
from emulator.physics.opu.camera import Camera
from emulator.physics.opu.dmd import MAX_BITS

__all__ = [
    "ENCODINGS",
    "MIN_PHASE_STEPS",
    "MODES",
    "Encoding",
    "Light",
    "Mode",
    "ModeCosts",
    "combined_noise_std",
    "default_light",
    "frames_per_projection",
    "intensity_images",
    "mode_costs",
    "patterns_per_vector",
    "phase_images",
    "reading_power",
    "recover_phase",
    "recovered_noise_std",
]

Mode = Literal["off_axis", "phase_shifting", "anchor", "intensity"]
Encoding = Literal["binary", "ternary", "bitplanes"]

MODES: tuple[Mode, ...] = get_args(Mode)
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)

MIN_PHASE_STEPS = 3
"""Fewer steps cannot tell the field from its conjugate and from the sum of the intensities."""

Reals = NDArray[np.floating]
Fields = NDArray[np.complexfloating]


class ModeCosts(NamedTuple):
    """Say what a mode spends: camera ``frames`` a binary pattern, ``setup_frames`` once, ``pixels`` an output.

    An output has ``quadratures`` real numbers: 2 where it is complex.
    """

    frames: int
    setup_frames: int
    pixels: int
    quadratures: int


@dataclass(frozen=True, slots=True)
class Light:
    """Hold the light levels of a frame, in electrons a pixel.

    ``gain_e`` is what the object gives for |T x|^2 = 1, ``reference_e`` the reference alone, |R|^2. Both are
    proportional to the exposure.
    """

    gain_e: float
    reference_e: float = 0.0

    def exposed(self, factor: float) -> "Light":
        """Return the light of an exposure ``factor`` times as long."""
        return Light(self.gain_e * factor, self.reference_e * factor)


def mode_costs(
    mode: Mode, phase_steps: int = 3, oversampling: int = 4, group: int = 4, anchor_frames: int = 2
) -> ModeCosts:
    """Return what ``mode`` spends: the one table of frames and pixels.

    ``phase_steps`` counts for phase shifting, ``oversampling`` (camera columns a mode) for off-axis holography, and
    for the anchor ``group`` (pixels of which the brightest is kept) and ``anchor_frames``, of which two are read;
    its one frame besides is taken once and reused as long as the medium is stable. Raises ``PhysicsError`` for an
    unknown mode and for fewer than 3 steps.
    """
    if mode == "phase_shifting" and phase_steps < MIN_PHASE_STEPS:
        raise PhysicsError(
            f"phase_shifting: phase_steps={phase_steps}; allowed are {MIN_PHASE_STEPS} or more"
        )
    table = {
        "off_axis": ModeCosts(1, 0, oversampling, 2),
        "phase_shifting": ModeCosts(phase_steps, 0, 1, 2),
        "anchor": ModeCosts(anchor_frames, 1, group, 1),
        "intensity": ModeCosts(1, 0, 1, 1),
    }
    if mode not in table:
        raise PhysicsError(f"holography: mode {mode!r}; allowed are {', '.join(MODES)} {_hint(mode, MODES)}")
    return table[mode]


def patterns_per_vector(encoding: Encoding, precision: int = 6, signed: bool = True) -> int:
    """Return the binary patterns of one vector: 1 binary, 2 ternary, ``precision`` bit planes for each sign.

    Raises ``PhysicsError`` for an unknown encoding and, with bit planes, for ``precision`` outside 1..16.
    """
    if encoding not in ENCODINGS:
        hint = _hint(encoding, ENCODINGS)
        raise PhysicsError(f"DMD: encoding {encoding!r}; allowed are {', '.join(ENCODINGS)} {hint}")
    if encoding == "bitplanes":
        if not 1 <= precision <= MAX_BITS:
            raise PhysicsError(f"bitplanes: precision={precision}; allowed are 1..{MAX_BITS} planes a sign")
        return 2 * precision if signed else precision
    return 2 if encoding == "ternary" else 1


def frames_per_projection(
    mode: Mode, encoding: Encoding, precision: int = 6, phase_steps: int = 3, signed: bool = True
) -> int:
    """Return the camera frames that one vector's projection takes, setup frames not counted.

    Raises ``PhysicsError`` for intensities of more than one pattern: |T p|^2 - |T n|^2 is not |T (p - n)|^2.
    """
    patterns = patterns_per_vector(encoding, precision, signed)
    if mode == "intensity" and encoding != "binary":
        raise PhysicsError(
            f"intensity: encoding {encoding!r}; only 'binary' is allowed, because |T x|^2 is not linear and the "
            "patterns of one vector cannot be added up; take off_axis, phase_shifting or anchor"
        )
    return patterns * mode_costs(mode, phase_steps).frames


def default_light(mode: Mode, camera: Camera, brightest_norm2: float) -> Light:
    """Return levels that make saturation rare, where the brightest pattern has |x|^2 = ``brightest_norm2``.

    Shares of the full well (assumed): with a reference, 0.25 and 0.02 for the mean object, so that 4e-7 of the
    pixels saturate; at 0.03 it would be 3e-5, which already gives the recovered noise heavy tails. Intensities
    0.05, as in published runs (2e-9 saturate); an anchor 0.1, because its brightest pixels are kept (5e-5 of all
    pixels saturate). ``brightest_norm2`` is the number of lit features; in anchor mode all are.
    """
    mode_costs(mode)
    if not brightest_norm2 > 0.0:
        raise PhysicsError(
            f"light: the brightest pattern has |x|^2 = {brightest_norm2:g}; it must be above 0"
        )
    share = {"anchor": 0.1, "intensity": 0.05}.get(mode, 0.02)
    reference = 0.25 if mode in {"off_axis", "phase_shifting"} else 0.0
    return Light(share * camera.full_well_e / brightest_norm2, reference * camera.full_well_e)


def recovered_noise_std(
    mode: Mode,
    mean_intensity: Reals | float,
    light: Light,
    camera: Camera,
    readings: int,
    power: Reals | float = 1.0,
) -> Reals | float:
    """Return the standard deviation of each quadrature of a recovered T x, in the units of T x.

    A complex output is a weighted sum of N = ``readings`` pixel readings an output: the camera columns of a mode
    (oversampling) off axis, the steps when phase shifting. The squared moduli of its weights add up to
    1/(N reference_e gain_e). A reading has the variance v = reference_e + gain_e m + read^2 + step^2/12, where
    m = ``mean_intensity`` (...) is the mean of |T x|^2 over the outputs, |x|^2 in expectation. So E|error|^2 =
    v/(N reference_e gain_e), half of it in each quadrature:

        std = sqrt(v / (2 N reference_e gain_e))

    Where the laser has the relative ``power`` p (...), of which recovery does not know, its light alone makes p
    times as much noise: v = p (reference_e + gain_e m) + read^2 + step^2/12.
    Errors of different outputs are uncorrelated, and so are quadratures. Limits: v is the mean over the pixels,
    so an output in a bright place has a little more noise than one in a dark place; no saturation; see
    ``camera.pixel_variance_e2`` for the rounding. Raises ``PhysicsError`` for a mode without a reference and for no
    light.
    """
    if mode not in {"off_axis", "phase_shifting"}:
        raise PhysicsError(f"holography: mode {mode!r} has no reference beam, so its noise is not white")
    if not (light.reference_e > 0.0 and light.gain_e > 0.0):
        raise PhysicsError(
            f"{mode}: reference {light.reference_e:g} e and gain {light.gain_e:g} e; both must be above 0"
        )
    variance = power * light.reference_e + camera.dark_variance_e2 + power * light.gain_e * mean_intensity
    return np.sqrt(variance / (2.0 * readings * light.reference_e * light.gain_e))


def reading_power(mode: Mode, powers: Reals) -> Reals:
    """Return the power (...) that makes the noise of a real quadrature, of frames with ``powers`` (..., frames).

    Frame k of K phase steps counts with the square of its weight, cos^2(2 pi k/K), of which the sum is K/2.
    """
    if mode != "phase_shifting":
        return np.asarray(powers.mean(axis=-1))
    count = powers.shape[-1]
    return np.asarray(powers @ np.cos(2.0 * np.pi * np.arange(count) / count) ** 2 * (2.0 / count))


def combined_noise_std(pattern_std: Reals, scales: Reals) -> Reals:
    """Return the noise (...) of sum_k scales_k y_k, for patterns of ``pattern_std`` (..., k) and ``scales``.

    A ternary vector has the scales (1, -1), which adds its two variances.
    """
    return np.asarray(np.sqrt(np.sum((pattern_std * scales) ** 2, axis=-1)))


def phase_images(fields: Fields, light: Light, phase_steps: int) -> Reals:
    """Return the expected electrons (..., steps, pixels) of ``fields`` (..., pixels) on a stepped reference.

    I_k = |O + R exp(2 pi i k/K)|^2 with O = sqrt(gain_e) T x and R = sqrt(reference_e).
    """
    mode_costs("phase_shifting", phase_steps)
    single = fields.dtype == np.complex64
    steps = np.exp(2j * np.pi * np.arange(phase_steps) / phase_steps)[:, np.newaxis]
    reference = (np.sqrt(light.reference_e) * steps).astype(np.complex64 if single else np.complex128)
    beat = fields[..., np.newaxis, :] * fields.real.dtype.type(np.sqrt(light.gain_e)) + reference
    return np.asarray(beat.real**2 + beat.imag**2)


def recover_phase(images_e: Reals, light: Light) -> Fields:
    """Return T x (..., pixels) from images in electrons (..., steps, pixels): O = sum_k I_k e^(2 pi i k/K)/(K R).

    The sums of e^(i a) and e^(2 i a) over K >= 3 equal steps vanish, so the intensities and the conjugate drop out.
    """
    count = images_e.shape[-2]
    mode_costs("phase_shifting", count)
    weights = np.exp(2j * np.pi * np.arange(count) / count)
    weights /= count * np.sqrt(light.reference_e * light.gain_e)
    if images_e.dtype == np.float32:
        weights = weights.astype(np.complex64)
    return np.asarray(np.einsum("k,...kp->...p", weights, images_e))


def intensity_images(fields: Fields, light: Light) -> Reals:
    """Return the expected electrons (..., pixels) of ``fields`` (..., pixels) alone: gain_e |T x|^2."""
    return np.asarray((fields.real**2 + fields.imag**2) * fields.real.dtype.type(light.gain_e))


def _hint(name: str, allowed: tuple[str, ...]) -> str:
    hint = nearest(str(name), allowed)
    return f"({hint})" if hint else ""
