"""The laser's light, shared out to layers, wavelengths, waveguides and local oscillators.

Modelled: a lossless split into equal parts and a wall-plug efficiency. How its power varies: ``physics/laser.py``.
"""

from dataclasses import dataclass

__all__ = ["LightBudget", "electrical_power_w", "light_budget"]


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
