"""Digital-to-analogue and analogue-to-digital conversion: steps, ranges and rounding.

Modelled: uniform converters without differential or integral nonlinearity. Phase DACs are uniform in phase, or
in voltage with phase = gamma V^2, which makes their steps coarser at high phase.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.kernel import bare_kernel

__all__ = ["adc_step", "dac_phase", "input_step", "modulate", "phase_step_rad", "wrap_phase"]

TWO_PI = 2.0 * math.pi


@bare_kernel
def wrap_phase(phase: float) -> float:
    """Return ``phase`` in [0, 2 pi): what an activated heater has to supply."""
    wrapped = phase % TWO_PI
    return 0.0 if wrapped >= TWO_PI else wrapped


@bare_kernel
def dac_phase(phase: float, step_rad: float, step_v: float, gamma_rad_per_v2: float) -> float:
    """Return the phase that the DAC's nearest code drives, for ``phase`` in [0, 2 pi).

    ``step_v`` > 0 selects the voltage domain: V = sqrt(phase/gamma) is rounded to whole steps; otherwise
    ``step_rad`` > 0 selects the phase domain; with both 0 the DAC is ideal. The top code of the phase domain
    is 2 pi itself, and it is driven as such; in the voltage domain codes that would exceed 2 pi drive 0.
    """
    if step_v > 0.0:
        volts = np.floor(np.sqrt(phase / gamma_rad_per_v2) / step_v + 0.5) * step_v
        driven = gamma_rad_per_v2 * volts * volts
        return float(driven) if driven <= TWO_PI else 0.0
    if step_rad > 0.0:
        return float(np.floor(phase / step_rad + 0.5) * step_rad)
    return phase


def phase_step_rad(bits: int) -> float:
    """Return the step of a phase-domain DAC, 2 pi / (2^bits - 1), or 0 for the ideal DAC (bits = 0)."""
    return TWO_PI / (2**bits - 1) if bits else 0.0


def input_step(bits: int, full_scale: float) -> float:
    """Return the step of an input modulator's DAC over [0, full_scale], or 0 for the ideal one (bits = 0)."""
    return full_scale / (2**bits - 1) if bits else 0.0


@bare_kernel
def modulate(inputs: NDArray[Any], step: float, columns: NDArray[Any]) -> None:
    """Fill ``columns`` (values, samples) with ``inputs`` (samples, values), rounded to whole ``step``s, not 0."""
    inverse = 1.0 / step
    for sample in range(inputs.shape[0]):
        for value in range(inputs.shape[1]):
            columns[value, sample] = np.floor(inputs[sample, value] * inverse + 0.5) * step


def adc_step(bits: int, full_scale: float) -> float:
    """Return the step of a signed ADC over [-full_scale, full_scale] whose middle code is exactly 0.

    Raises ``PhysicsError`` for 1 bit, which has no middle code; bits = 0 is the ideal ADC with step 0.
    """
    if bits == 0:
        return 0.0
    if bits == 1:
        raise PhysicsError("ADC: bits=1 has no code for zero; allowed are 0 (ideal) and 2..16")
    return float(full_scale / (2 ** (bits - 1) - 1))
