"""Photodiodes at the rotators: what they see of light in both directions, and how three readings give a gradient.

A rotator R(f) is an interferometer in push-pull: with Q = [[1, 1], [-i, i]] / sqrt 2, a 50:50 coupler up to fixed
phases, R(f) = Q diag(e^if, e^-if) Q*. Let (y1, y2) be the real fields that leave it, and (d1, d2) those that come
back there from the outputs, sent backwards. Behind the phase shifter its upper arm carries (y1 + i y2) / sqrt 2 of
the forward light, and its lower arm, by reciprocity, (d1 + i d2) / sqrt 2 of the backward light. Each arm has a
weak tap, which parts the two directions. A monitor's photodiode is behind a coupler that joins what the upper tap
takes of the forward light with what the lower one takes of the backward light, the latter a quarter wave behind:

    I = |y1 + i y2 + i (d1 + i d2)|^2 / 2 = [(y1 - d2)^2 + (y2 + d1)^2] / 2

(the photodiode's power is half the tapped fraction of it, as the coupler has another end). Forward light alone
gives (y1^2 + y2^2)/2, backward light alone (d1^2 + d2^2)/2, and what both have beyond these is their interference:

    I_both - I_forward - I_backward = y2 d1 - y1 d2 = - sum_k d_k dy_k/df,    as dR/df = R(f + pi/2)

So where the backward light is the error, d = dL/dy, it is minus the derivative of the loss by the rotation f. It is
linear in d and holds sample by sample: a photodiode that integrates over a mini-batch, all wavelengths at once,
gives the gradient's mean over it. An attenuator is a rotator with one dark input, and a drop from which no error
returns: d2 = 0, and y2 d1 is what its absorbed light tells.

T. W. Hughes et al., Optica 5, 864 (2018), send the second light forwards, time-reversed, which needs a mesh that is
unitary. Between our meshes stand attenuators, so each light keeps its own direction: reciprocity alone is asked
for, which loss and fabrication errors do not break. Not modelled: imperfect splitting of taps and couplers, a
quarter wave that is not one, phase drift between the two lights, reflections.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.physics.chip.kernels.monitors import pass_backwards, pass_forwards
from emulator.physics.chip.kernels.tape import LayerMap
from emulator.physics.chip.photodetector import ELECTRON_CHARGE_C

__all__ = [
    "Exposure",
    "Passed",
    "both_intensity",
    "intensity_variance",
    "lone_intensity",
    "pass_light",
    "slope_per_interference",
    "tap_amplitude",
]

Floats = NDArray[np.float64]


class Passed(NamedTuple):
    """Hold light that has passed a layer: ``columns`` (ports, samples) where it left, and the fields on its way.

    ``seen`` (watched, 2, samples) are the fields at the outputs of the devices that are watched.
    """

    columns: Floats
    seen: Floats


def pass_light(
    layer: LayerMap,
    phases: Floats,
    loss: float,
    watched: NDArray[np.int64],
    columns: Floats,
    backwards: bool = False,
) -> Passed:
    """Pass ``columns`` through a layer: (inputs, samples), or ``backwards`` (outputs, samples) from its outputs.

    ``phases`` (devices,) are what the light sees, ``loss`` is the amplitude that one rotator passes on, ``watched``
    (n,) are the devices whose fields are asked for.
    """
    light = np.zeros((layer.modes, columns.shape[1]))
    light[: len(columns)] = columns
    is_sigma = np.zeros(layer.devices, dtype=np.bool_)
    is_sigma[layer.sigma_first : layer.u_first] = True
    sense = np.where(is_sigma, 1.0, layer.sense)
    elements = np.stack([np.cos(phases), sense * np.sin(phases), np.where(is_sigma, layer.sense, 1.0)])
    seats = np.full(layer.devices, -1)
    seats[watched] = np.arange(watched.size)
    seen = np.empty((watched.size, 2, columns.shape[1]))
    send = pass_backwards if backwards else pass_forwards
    send(light, layer.upper, elements, loss, layer.sigma_first, layer.u_first, seats, seen)
    return Passed(light[: layer.inputs if backwards else layer.outputs], seen)


def slope_per_interference(layer: LayerMap) -> Floats:
    """Return the factor (devices,) from the interference of both lights to the derivative by a device's phase."""
    slopes = -layer.sense
    slopes[layer.sigma_first : layer.u_first] = -1.0
    return slopes


def lone_intensity(seen: Floats) -> Floats:
    """Return the mean intensity (watched,) of light in one direction, of fields ``seen`` (watched, 2, samples)."""
    return np.asarray(0.5 * np.square(seen).sum(axis=1).mean(axis=1))


def both_intensity(forward: Floats, backward: Floats) -> Floats:
    """Return the mean intensity (watched,) of ``forward`` and ``backward`` fields (watched, 2, samples) at once."""
    first, second = forward[:, 0] - backward[:, 1], forward[:, 1] + backward[:, 0]
    return np.asarray(0.5 * (np.square(first) + np.square(second)).mean(axis=1))


def tap_amplitude(tapped_fraction: float) -> float:
    """Return the field amplitude that a rotator passes on whose taps take this part of the power of both arms."""
    return math.sqrt(1.0 - tapped_fraction)


class Exposure(NamedTuple):
    """Say how much light a monitor collects while a mini-batch passes.

    ``charge_c`` is the charge of a mean intensity of 1, in coulombs, and ``seconds`` how long it is collected.
    """

    charge_c: float
    seconds: float

    @classmethod
    def of(
        cls,
        signal_unit_w: float,
        tapped_fraction: float,
        responsivity_a_per_w: float,
        samples: int,
        wavelengths: int,
        averages: int,
        symbol_rate_hz: float,
    ) -> "Exposure":
        """Return the exposure to ``samples``, each sent ``averages`` times, so many ``wavelengths`` at once.

        A field of 1 carries ``signal_unit_w``; of the part that is tapped, half meets the photodiode.
        """
        symbol_c = 0.5 * tapped_fraction * signal_unit_w * responsivity_a_per_w / symbol_rate_hz
        symbols = math.ceil(samples / wavelengths) * averages
        return cls(symbol_c * samples * averages, symbols / symbol_rate_hz)


def intensity_variance(
    intensities: Floats, exposure: Exposure, shot_noise: bool, thermal_noise_a_per_sqrt_hz: float
) -> Floats:
    """Return the variance of mean ``intensities`` (n,) that are read by collecting charge.

    Shot noise is that of the electrons counted, q Q; an amplifier's white current noise i (A/sqrt(Hz), one-sided)
    adds i^2 T / 2 (textbook: integrate and dump). Raises ``PhysicsError`` when there is noise but no light.
    """
    if not shot_noise and thermal_noise_a_per_sqrt_hz == 0.0:
        return np.zeros_like(intensities)
    if exposure.charge_c <= 0.0:
        raise PhysicsError(
            "monitors: no light is tapped, yet their noise is on; raise chip.monitors.tapped_fraction, or "
            "chip.laser.power_w_per_wavelength"
        )
    shot_c2 = (
        ELECTRON_CHARGE_C * exposure.charge_c * intensities if shot_noise else np.zeros_like(intensities)
    )
    thermal_c2 = thermal_noise_a_per_sqrt_hz**2 * exposure.seconds / 2.0
    return np.asarray((shot_c2 + thermal_c2) / exposure.charge_c**2)
