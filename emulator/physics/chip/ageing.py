"""How phase shifters change over time: heaters age, and a gradient of temperature adds phase.

Modelled: a power law of time for the phase per squared voltage, and the phase of a path that is warmer than the one
it interferes with. Not modelled: sudden failures (they are states of a chip, not functions of time), recovery, and
ageing that depends on how a heater was driven.
"""

import math

from emulator.errors import PhysicsError

__all__ = ["SILICON_PER_K", "aged_gamma", "gradient_phase_rad"]

SILICON_PER_K = 1.8e-4
"""Thermo-optic coefficient dn/dT of silicon at 1.55 um and 300 K, per kelvin (J. Komma et al., Appl. Phys. Lett.
101, 041905, 2012; the value from memory)."""


def aged_gamma(t_s: float, change: float, after_s: float, exponent: float) -> float:
    """Return gamma(t)/gamma(0) = 1 + ``change`` (t / ``after_s``)^``exponent``, not below 0.

    Resistances of thin films drift by such power laws, with exponents between 0.3 and 1; gamma = pi / V_pi^2 goes
    as one over the resistance. Form and exponents are assumed: no measurement of heaters in photonic chips was
    found. Raises ``PhysicsError`` where t < 0, or ``after_s`` or ``exponent`` <= 0.
    """
    if not (t_s >= 0.0 and after_s > 0.0 and exponent > 0.0):
        raise PhysicsError(
            f"ageing: t = {t_s:g} s, after {after_s:g} s, exponent {exponent:g}; allowed: t >= 0, the others > 0"
        )
    return max(0.0, 1.0 + change * math.pow(t_s / after_s, exponent))


def gradient_phase_rad(
    kelvin: float, length_m: float, wavelength_m: float, per_k: float = SILICON_PER_K
) -> float:
    """Return the phase that ``kelvin`` between two paths of ``length_m`` make: 2 pi L (dn/dT) K / lambda.

    The expansion of the chip (2.6e-6 per kelvin) is left out: it adds 5 % in silicon. A temperature that both
    paths share makes none. Raises ``PhysicsError`` unless length and wavelength are > 0.
    """
    if not (length_m > 0.0 and wavelength_m > 0.0):
        raise PhysicsError(f"ageing: length {length_m:g} m, wavelength {wavelength_m:g} m; allowed: both > 0")
    return 2.0 * math.pi * length_m * per_k * kelvin / wavelength_m
