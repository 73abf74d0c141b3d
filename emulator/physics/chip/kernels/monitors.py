"""Light through one layer in either direction, with the fields at the devices that are watched.

Forwards as ``tape.propagate_plain``; backwards by reciprocity, every device as its transpose. Both directions give
the fields at the device's outputs, on its two waveguides: where its monitor is.
"""

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import kernel

__all__ = ["pass_backwards", "pass_forwards"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@kernel
def pass_forwards(
    light: Floats, upper: Ints, elements: Floats, loss: float, sigma_first: int, u_first: int, seats: Ints,
    seen: Floats,
) -> None:  # fmt: skip
    """Pass ``light`` (modes, samples) through all devices of a layer, in place.

    ``elements`` (3, devices) are a device's cosine and sine, and what an attenuator's light is multiplied with
    besides. ``seats`` (devices,) say where in ``seen`` (watched, 2, samples) the fields of a device
    go, -1 nowhere. An attenuator is a rotator with one dark input, whose second output, the drop, goes nowhere.
    """
    samples = light.shape[1]
    for device in range(upper.size):
        top, seat = upper[device], seats[device]
        cos, sin = elements[0, device], elements[1, device]
        attenuates = sigma_first <= device < u_first
        if device == u_first:
            light[u_first - sigma_first :] = 0.0
        for sample in range(samples):
            above = light[top, sample]
            below = 0.0 if attenuates else light[top + 1, sample]
            first, second = cos * above - sin * below, sin * above + cos * below
            if not attenuates:
                first *= loss
                second *= loss
            if seat >= 0:
                seen[seat, 0, sample], seen[seat, 1, sample] = first, second
            if attenuates:
                light[top, sample] = elements[2, device] * first
            else:
                light[top, sample], light[top + 1, sample] = first, second


@kernel
def pass_backwards(
    light: Floats, upper: Ints, elements: Floats, loss: float, sigma_first: int, u_first: int, seats: Ints,
    seen: Floats,
) -> None:  # fmt: skip
    """Pass ``light`` (modes, samples) backwards, from the outputs to the inputs; arguments as ``pass_forwards``."""
    samples = light.shape[1]
    for device in range(upper.size - 1, -1, -1):
        top, seat = upper[device], seats[device]
        cos, sin = elements[0, device], elements[1, device]
        attenuates = sigma_first <= device < u_first
        if device == u_first - 1:  # what comes back on the other waveguides meets no attenuator
            light[u_first - sigma_first :] = 0.0
        for sample in range(samples):
            first = light[top, sample] * (elements[2, device] if attenuates else 1.0)
            second = 0.0 if attenuates else light[top + 1, sample]
            if seat >= 0:
                seen[seat, 0, sample], seen[seat, 1, sample] = first, second
            if attenuates:
                light[top, sample] = cos * first
            else:
                light[top, sample] = loss * (cos * first + sin * second)
                light[top + 1, sample] = loss * (cos * second - sin * first)
