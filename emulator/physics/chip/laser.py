"""The laser's light, shared out to layers, wavelengths, waveguides and local oscillators, and how it varies.

Modelled: a lossless split into equal parts and a wall-plug efficiency; for faults, relative intensity noise with a
white and a 1/f part, and a drift of the power towards another level. Not modelled: linewidth, mode hops.
"""

import math
from dataclasses import dataclass

from emulator.errors import PhysicsError

__all__ = ["LightBudget", "drifted_power", "electrical_power_w", "intensity_std", "light_budget"]


@dataclass(frozen=True, slots=True)
class LightBudget:
    """Give the optical power of activation 1 in a waveguide, and of one receiver's local oscillator, in watts."""

    signal_unit_w: float
    oscillator_w: float


def electrical_power_w(optical_w: float, wall_plug_efficiency: float) -> float:
    """Return the electrical power of a laser that emits ``optical_w``: optical power over efficiency."""
    return optical_w / wall_plug_efficiency


def light_budget(
    optical_w: float, channels: int, oscillator_fraction: float, inputs: int, outputs: int, full_scale: float
) -> LightBudget:
    """Split ``optical_w`` over ``channels`` (layers times wavelengths), then within one layer of one wavelength.

    ``oscillator_fraction`` of a channel feeds the local oscillators of ``outputs`` receivers; the rest feeds
    ``inputs`` modulators, of which each sends its whole share at the activation ``full_scale``.
    """
    channel_w = optical_w / channels
    return LightBudget(
        signal_unit_w=channel_w * (1.0 - oscillator_fraction) / inputs / full_scale**2,
        oscillator_w=channel_w * oscillator_fraction / outputs,
    )


def intensity_std(rin_per_hz: float, low_hz: float, high_hz: float, corner_hz: float = 0.0) -> float:
    """Return the relative standard deviation of a laser's power in the band from ``low_hz`` to ``high_hz``.

    It is the root of the integral of the one-sided density ``rin_per_hz`` (1 + ``corner_hz`` / f): white noise, and
    1/f noise that equals it at ``corner_hz``. ``low_hz`` is one over the time for which one looks, ``high_hz`` the
    detection bandwidth. Raises ``PhysicsError`` unless 0 < low <= high and the others are >= 0.

    Source: the definition of relative intensity noise, e.g. G. P. Agrawal, Fiber-Optic Communication Systems.
    """
    if not (0.0 < low_hz <= high_hz and rin_per_hz >= 0.0 and corner_hz >= 0.0):
        raise PhysicsError(
            f"laser: RIN {rin_per_hz:g} / Hz from {low_hz:g} to {high_hz:g} Hz with a corner at {corner_hz:g} Hz "
            "is refused; allowed: 0 < low <= high, and neither RIN nor corner below 0"
        )
    return math.sqrt(rin_per_hz * (high_hz - low_hz + corner_hz * math.log(high_hz / low_hz)))


def drifted_power(t_s: float, change: float, tau_s: float) -> float:
    """Return the relative power ``t_s`` after a laser began to drift: 1 + ``change`` (1 - exp(-t/tau)).

    It solves tau dp/dt = (1 + change) - p, p(0) = 1: a power that follows a temperature to its new level. Raises
    ``PhysicsError`` where t < 0, tau <= 0 or the power would fall to 0.
    """
    if not (t_s >= 0.0 and tau_s > 0.0 and change > -1.0):
        raise PhysicsError(
            f"laser: a drift by {change:g} with a time constant of {tau_s:g} s is refused at {t_s:g} s; allowed: "
            "change > -1, a time constant > 0, from 0 s on"
        )
    return 1.0 - change * math.expm1(-t_s / tau_s)
