"""Derivatives of one layer's light with respect to its phases: pushed forward with the light, or pulled back.

A rotator that turns (a, b) into (u, l) changes them by sense (-l, u) for a radian: what leaves it says all that a
derivative needs. Rotators keep the light, so that the way back finds the light at every device by turning it back,
and stores it in one place only, in front of the attenuators, where some of it is lost.

Light lies in tiles of LANES columns, as on the tape. ``elements`` (4, devices) are a rotator's cosine and sine,
with its loss, its sense, and the inverse of its loss in power; of an attenuator its gain, 0, the change of its gain
for a radian, and 0.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import kernel
from emulator.physics.chip.kernels.tape import LANES, attenuate, copy_part, rotate

__all__ = ["COS", "INVERSE", "SIN", "SLOPE", "pull_back", "push_forward", "transmit"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COS, SIN, SLOPE, INVERSE = range(4)
"""Rows of ``elements``."""

_LANES: Final = np.uint64(LANES)
_HALF: Final = LANES // 2


@kernel
def transmit(light: Floats, middle: Floats, upper: Ints, elements: Floats, sigma: int, u_first: int) -> None:
    """Pass every tile of ``light`` (tiles, modes*LANES) through a layer, in place.

    ``middle``, of the same shape, gets the light in front of the attenuators ``sigma`` ... ``u_first`` - 1.
    """
    cos, sin = elements[COS], elements[SIN]
    for t in range(light.shape[0]):
        rotate(light[t], upper, cos, sin, 0, sigma)
        copy_part(light[t], 0, middle[t], 0, light.shape[1])
        attenuate(light[t], cos, sigma, u_first - sigma)
        rotate(light[t], upper, cos, sin, u_first, upper.size)


@kernel
def _sum(terms: Floats) -> float:
    """Return the sum of ``terms`` (LANES,), which it overwrites: halves are added side by side."""
    half = _HALF
    while half > 0:
        for lane in range(half):
            terms[lane] += terms[lane + half]
        half //= 2
    return float(terms[0])


@kernel
def _turn_back(
    light: Floats,
    errors: Floats,
    upper: Ints,
    elements: Floats,
    first: int,
    last: int,
    terms: Floats,
    slopes: Floats,
) -> None:
    """Take one tile of light and its errors back through the rotators ``last`` - 1 ... ``first``."""
    for device in range(last - 1, first - 1, -1):
        c, s, inverse = elements[COS, device], elements[SIN, device], elements[INVERSE, device]
        row = np.uint64(upper[device]) * _LANES
        for lane in range(_LANES):
            u, low = light[row + lane], light[row + _LANES + lane]
            error_u, error_l = errors[row + lane], errors[row + _LANES + lane]
            terms[lane] = error_l * u - error_u * low
            errors[row + lane] = c * error_u + s * error_l
            errors[row + _LANES + lane] = c * error_l - s * error_u
            light[row + lane] = inverse * (c * u + s * low)
            light[row + _LANES + lane] = inverse * (c * low - s * u)
        slopes[device] += elements[SLOPE, device] * _sum(terms)


@kernel
def pull_back(
    light: Floats,
    middle: Floats,
    errors: Floats,
    upper: Ints,
    elements: Floats,
    sigma: int,
    u_first: int,
    slopes: Floats,
) -> None:
    """Add to ``slopes`` (devices,) what a radian at each device would change of the sum of errors times light.

    ``light`` (tiles, modes*LANES) is what left the layer and is overwritten, ``middle`` what ``transmit`` kept.
    ``errors``, of the same shape and 0 where no light is read, end as those of the light that went in.
    """
    terms = np.empty(LANES)
    for t in range(light.shape[0]):
        here, error = light[t], errors[t]
        _turn_back(here, error, upper, elements, u_first, upper.size, terms, slopes)
        copy_part(middle[t], 0, here, 0, here.size)
        for device in range(sigma, u_first):
            row = np.uint64(device - sigma) * _LANES
            for lane in range(_LANES):
                terms[lane] = error[row + lane] * here[row + lane]
            slopes[device] += elements[SLOPE, device] * _sum(terms)
        attenuate(error, elements[COS], sigma, u_first - sigma)
        _turn_back(here, error, upper, elements, 0, sigma, terms, slopes)


@kernel
def _turn_on(
    light: Floats, changes: Floats, upper: Ints, elements: Floats, first: int, last: int, steps: Floats
) -> None:
    """Take one tile of light and its changes through the rotators ``first`` ... ``last`` - 1."""
    for device in range(first, last):
        c, s, step = elements[COS, device], elements[SIN, device], elements[SLOPE, device] * steps[device]
        row = np.uint64(upper[device]) * _LANES
        for lane in range(_LANES):
            a, b = light[row + lane], light[row + _LANES + lane]
            change_a, change_b = changes[row + lane], changes[row + _LANES + lane]
            u, low = c * a - s * b, s * a + c * b
            light[row + lane], light[row + _LANES + lane] = u, low
            changes[row + lane] = c * change_a - s * change_b - step * low
            changes[row + _LANES + lane] = s * change_a + c * change_b + step * u


@kernel
def push_forward(
    light: Floats, changes: Floats, upper: Ints, elements: Floats, sigma: int, u_first: int, steps: Floats
) -> None:
    """Pass every tile of ``light`` (tiles, modes*LANES) and its ``changes`` through a layer, in place.

    ``changes``, of the same shape, are those of the light that goes in; they end as those of what comes out, to
    first order, where device i moves by ``steps[i]`` radians.
    """
    for t in range(light.shape[0]):
        here, change = light[t], changes[t]
        _turn_on(here, change, upper, elements, 0, sigma, steps)
        attenuate(change, elements[COS], sigma, u_first - sigma)
        for device in range(sigma, u_first):
            row, step = np.uint64(device - sigma) * _LANES, elements[SLOPE, device] * steps[device]
            for lane in range(_LANES):
                change[row + lane] += step * here[row + lane]
        attenuate(here, elements[COS], sigma, u_first - sigma)
        _turn_on(here, change, upper, elements, u_first, upper.size, steps)
