"""Balanced homodyne receivers: field amplitude in, activation units out, with shot and thermal noise.

Modelled: each output waveguide beats with a local oscillator on two photodiodes, so that the photocurrent is
linear in the real field amplitude and keeps its sign; white shot noise of the whole detected light and white
input-referred noise of the transimpedance amplifier, in the receiver's bandwidth. Not modelled: dark current,
1/f noise, finite common-mode rejection, laser relative-intensity noise.

Source: textbook balanced detection, e.g. H.-A. Bachor and T. Ralph, A Guide to Experiments in Quantum Optics.
"""

from dataclasses import dataclass

import numpy as np

from emulator.errors import PhysicsError

__all__ = ["ELECTRON_CHARGE_C", "DetectorNoise", "detector_noise"]

ELECTRON_CHARGE_C = 1.602176634e-19
"""Charge of the electron, in coulombs (exact, SI 2019)."""


@dataclass(frozen=True, slots=True)
class DetectorNoise:
    """Give the variance of one reading of the activation x: ``constant`` + ``per_square`` * x**2."""

    constant: float
    per_square: float


def detector_noise(
    signal_unit_w: float,
    oscillator_w: float,
    responsivity_a_per_w: float,
    bandwidth_hz: float,
    thermal_noise_a_per_sqrt_hz: float,
    shot_noise: bool,
) -> DetectorNoise:
    """Return the variance of one reading, in squared activation units.

    ``signal_unit_w`` is the optical power of activation 1, so the field of activation x carries x**2 times it;
    ``oscillator_w`` is the local oscillator's power at this receiver. The current of x is
    2 R sqrt(oscillator_w signal_unit_w) x; shot noise has the variance 2 q R (oscillator_w + signal_unit_w
    x**2) B and thermal noise thermal**2 B. Raises ``PhysicsError`` when there is noise but no light.
    """
    if not shot_noise and thermal_noise_a_per_sqrt_hz == 0.0:
        return DetectorNoise(0.0, 0.0)
    current_squared = 4.0 * responsivity_a_per_w**2 * oscillator_w * signal_unit_w
    if not (current_squared > 0.0 and np.isfinite(current_squared)):
        raise PhysicsError(
            f"detector: signal {signal_unit_w:g} W and local oscillator {oscillator_w:g} W give no photocurrent, "
            "yet receiver noise is on; raise chip.laser.power_w"
        )
    shot = 2.0 * ELECTRON_CHARGE_C * responsivity_a_per_w * bandwidth_hz if shot_noise else 0.0
    thermal = thermal_noise_a_per_sqrt_hz**2 * bandwidth_hz
    return DetectorNoise(
        (shot * oscillator_w + thermal) / current_squared, shot * signal_unit_w / current_squared
    )
