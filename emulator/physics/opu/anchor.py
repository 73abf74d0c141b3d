"""Linear projections without a reference beam: the light of an anchor pattern takes its place.

With the anchor r (all ones) and any binary x within it, r - x is binary too, and

    y = (|M x|^2 + |M r|^2 - |M (r - x)|^2) / (2 |M r|) = Re(conj(M r) M x) / |M r|

is linear in x: a real Gaussian projection read from three intensities, of which |M r|^2 is measured once. In the
difference of two patterns (ternary) |M r|^2 cancels from the numerator.

Modelled: the two frames of a pattern, the measured anchor and what its own noise does, the choice of bright pixels.
Not modelled: drift of the medium between the anchor's frame and the others. A pixel where the anchor is dark has
noise without bound (E[1/|M r|^2] diverges for speckle), so of ``group`` pixels the brightest is kept.

Source: R. Ohana et al., 2023, arXiv 2305.12988, for the method; the identity and the noise are derived here.
Intensities are in electrons: gain_e |field|^2.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.physics.opu.camera import Camera, electrons

__all__ = [
    "AnchorError",
    "AnchorNoise",
    "anchor_error",
    "anchor_images",
    "anchor_noise",
    "bright_pixels",
    "measured_anchor",
    "recover_anchor",
]

Reals = NDArray[np.floating]
Fields = NDArray[np.complexfloating]


class AnchorNoise(NamedTuple):
    """Give the variance of a pattern's y at a pixel: ``constant`` + ``per_inverse_e`` / anchor_e."""

    constant: Reals | float
    per_inverse_e: Reals | float


class AnchorError(NamedTuple):
    """Give what a mis-measured anchor makes of y: ``factor`` * y + (sum of scales) * ``offset``, (pixels,) each."""

    factor: Reals
    offset: Reals


def measured_anchor(counts: NDArray[np.uint8], camera: Camera) -> NDArray[np.float64]:
    """Return the anchor's intensity (pixels,) in electrons, from the ``counts`` (frames, pixels) of its frames.

    A pixel that read 0 in every frame is taken as a quarter of a count, the middle of what rounds to 0: its
    projections are then noisy instead of infinite. At the default light 2 % of all pixels read 0, and of 100,000
    groups of four 0.02 in the mean.
    """
    mean = np.asarray(electrons(counts, camera).mean(axis=0, dtype=np.float64))
    return np.where(mean > 0.0, mean, 0.25 * camera.e_per_count)


def bright_pixels(anchor_e: Reals, group: int) -> NDArray[np.int64]:
    """Return the brightest pixel of each ``group`` neighbours, (outputs,), as indices into ``anchor_e``.

    ``anchor_e`` (outputs*group,) is the anchor's measured intensity. Raises ``PhysicsError`` when it cannot be cut
    into groups, and when a whole group is 0, where no linear projection can be read: see ``measured_anchor``.
    """
    if group < 1 or anchor_e.size == 0 or anchor_e.size % group:
        raise PhysicsError(
            f"anchor: {anchor_e.size} pixels in groups of {group}; the group must divide the pixels"
        )
    groups = anchor_e.reshape(-1, group)
    chosen = np.argmax(groups, axis=1)
    if not (groups.max(axis=1) > 0.0).all():
        raise PhysicsError(
            f"anchor: a group of {group} pixels is dark; raise the exposure or take larger groups"
        )
    return np.asarray(np.arange(groups.shape[0]) * group + chosen)


def anchor_images(fields: Fields, anchor_field: Fields, gain_e: float) -> Reals:
    """Return the expected electrons (..., 2, pixels) of x and of r - x, for ``fields`` M x (..., pixels).

    ``anchor_field`` (pixels,) is M r; M (r - x) is M r - M x.
    """
    both = np.stack([fields, anchor_field - fields], axis=-2)
    return np.asarray((both.real**2 + both.imag**2) * both.real.dtype.type(gain_e))


def recover_anchor(images_e: Reals, anchor_e: Reals, gain_e: float) -> Reals:
    """Return y (..., pixels), in the units of T x, from ``images_e`` (..., 2, pixels) of x and of r - x.

    ``anchor_e`` (pixels,) is the measured |M r|^2 and must be above 0: see ``bright_pixels``. The projection of a
    ternary or real vector is the sum of its patterns' y times their scales.
    """
    anchor = anchor_e.astype(images_e.dtype)
    scale = (0.5 / np.sqrt(gain_e * anchor_e)).astype(images_e.dtype)
    return np.asarray((images_e[..., 0, :] - images_e[..., 1, :] + anchor) * scale)


def anchor_noise(
    lit_share: Reals | float,
    mean_anchor_e: float,
    gain_e: float,
    camera: Camera,
    powers: tuple[Reals | float, Reals | float] = (1.0, 1.0),
) -> AnchorNoise:
    """Return the noise of a pattern's two frames, given that ``lit_share`` (...) of the anchor's features are lit.

    y = (N_x + N_r - N_rest)/(2 sqrt(gain_e N_r)) in electrons, so the two readings' variances, their means plus
    d = read^2 + step^2/12 each, give (N_x + N_rest + 2d)/(4 gain_e N_r). For a medium of independent circular
    Gaussian entries, M x given M r is Gaussian around f M r with variance f (1-f) of the mean anchor's, f being
    the lit share; hence, with u = 2 f (1-f), E[N_x + N_rest | N_r] = (1-u) N_r + u ``mean_anchor_e`` and the
    variance is

        (1-u)/(4 gain_e) + (u mean_anchor_e + 2d)/(4 gain_e) / N_r

    Where the laser has the relative ``powers`` p and q in the two frames, of which recovery does not know, the
    variances are those of p N_x and q N_rest: p + q over 2 stands before u, and (1-u) becomes p f^2 + q (1-f)^2.
    Errors of different pixels are uncorrelated. Limits: it is the mean over patterns of that share; no saturation,
    and no clipping at 0 in dark pixels. The anchor's own noise is the same in every projection, hence an error
    rather than noise: ``anchor_error``.
    """
    mixed = 2.0 * lit_share * (1.0 - lit_share)
    dark = 2.0 * camera.dark_variance_e2
    mean, half = 0.5 * (powers[0] + powers[1]), 0.5 * (powers[0] - powers[1])
    own = mean * (1.0 - mixed) + half * (2.0 * lit_share - 1.0)
    return AnchorNoise(own / (4.0 * gain_e), (mean * mixed * mean_anchor_e + dark) / (4.0 * gain_e))


def anchor_error(true_e: Reals, measured_e: Reals, gain_e: float) -> AnchorError:
    """Return what using ``measured_e`` (pixels,) for the anchor's ``true_e`` does to every projection.

    Putting the measured value into y's formula gives sqrt(true/measured) y + (measured - true)/(2 sqrt(gain_e
    measured)) for one pattern, exactly; over patterns the offset is weighted by the sum of their scales, which is
    0 for a ternary vector.
    """
    return AnchorError(
        np.sqrt(true_e / measured_e), (measured_e - true_e) / (2.0 * np.sqrt(gain_e * measured_e))
    )
