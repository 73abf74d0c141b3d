"""Balanced homodyne receivers: field amplitude in, activation units out, with shot and thermal noise.

Modelled: each output waveguide beats with a local oscillator on two photodiodes, so that the photocurrent is
linear in the real field amplitude and keeps its sign; white shot noise of the whole detected light and white
input-referred noise of the transimpedance amplifier, in the receiver's bandwidth; where asked for, shot noise of
dark currents, and white intensity noise of a laser that signal and oscillator share, with finite common-mode
rejection. Not modelled: 1/f noise, and that intensity noise is the same at all outputs of an instant.

Sources: textbook balanced detection, e.g. H.-A. Bachor and T. Ralph, A Guide to Experiments in Quantum Optics;
for the oscillator's intensity noise H. P. Yuen and V. W. S. Chan, Opt. Lett. 8, 177 (1983), and G. L. Abbas,
V. W. S. Chan and T. K. Yee, Opt. Lett. 8, 419 (1983).
"""

from dataclasses import dataclass

import numpy as np

from emulator.errors import PhysicsError

__all__ = ["ELECTRON_CHARGE_C", "DetectorNoise", "dark_noise", "detector_noise", "intensity_noise"]

ELECTRON_CHARGE_C = 1.602176634e-19
"""Charge of the electron, in coulombs (exact, SI 2019)."""


@dataclass(frozen=True, slots=True)
class DetectorNoise:
    """Give the variance of one reading of the activation x: ``constant`` + ``per_square`` * x**2."""

    constant: float
    per_square: float

    def __add__(self, other: "DetectorNoise") -> "DetectorNoise":
        """Return the noise of both together; they are independent."""
        return DetectorNoise(self.constant + other.constant, self.per_square + other.per_square)


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
    current_squared = _unit_current_squared(signal_unit_w, oscillator_w, responsivity_a_per_w)
    shot = 2.0 * ELECTRON_CHARGE_C * responsivity_a_per_w * bandwidth_hz if shot_noise else 0.0
    thermal = thermal_noise_a_per_sqrt_hz**2 * bandwidth_hz
    return DetectorNoise(
        (shot * oscillator_w + thermal) / current_squared, shot * signal_unit_w / current_squared
    )


def dark_noise(
    signal_unit_w: float,
    oscillator_w: float,
    responsivity_a_per_w: float,
    bandwidth_hz: float,
    dark_a: float,
) -> DetectorNoise:
    """Return the variance of one reading that is due to the dark current ``dark_a`` of each of two photodiodes.

    Their currents subtract, their shot noises add: 2 * 2 q dark_a B over the squared current of activation 1. The
    other parameters are those of ``detector_noise``, with its ``PhysicsError``.
    """
    unit = _unit_current_squared(signal_unit_w, oscillator_w, responsivity_a_per_w)
    return DetectorNoise(4.0 * ELECTRON_CHARGE_C * dark_a * bandwidth_hz / unit, 0.0)


def intensity_noise(
    signal_unit_w: float, oscillator_w: float, bandwidth_hz: float, rin_per_hz: float, imbalance: float
) -> DetectorNoise:
    """Return the variance of one reading that is due to the intensity noise of the one laser behind both lights.

    The laser's power fluctuates by the relative e of variance ``rin_per_hz`` B. The current 2 R sqrt(oscillator_w
    signal_unit_w) x follows it in proportion, because signal and oscillator do: e x. Of the oscillator's own
    current R oscillator_w the difference of the photodiodes keeps the fraction ``imbalance``: imbalance e
    sqrt(oscillator_w / signal_unit_w) / 2. Both are added in variance: their product, linear in x, has the sign
    of each receiver's imbalance and is left out. Raises ``PhysicsError`` when there is no light.
    """
    _unit_current_squared(signal_unit_w, oscillator_w, 1.0)
    variance = rin_per_hz * bandwidth_hz
    return DetectorNoise(variance * imbalance**2 * oscillator_w / (4.0 * signal_unit_w), variance)


def _unit_current_squared(signal_unit_w: float, oscillator_w: float, responsivity_a_per_w: float) -> float:
    """Return the square of the photocurrent of activation 1, in A^2; raise ``PhysicsError`` where there is none."""
    current_squared = 4.0 * responsivity_a_per_w**2 * oscillator_w * signal_unit_w
    if not (current_squared > 0.0 and np.isfinite(current_squared)):
        raise PhysicsError(
            f"detector: signal {signal_unit_w:g} W and local oscillator {oscillator_w:g} W give no photocurrent, "
            "yet receiver noise is on; raise chip.laser.power_w_per_wavelength"
        )
    return current_squared
