"""Unit conversions and numbers for people to read; no physics lives here.

Inside the emulator time is an int of picoseconds and every other quantity an SI float. What people write is read in
``emulator.config.amounts``.
"""

import math
from decimal import Decimal

from emulator.errors import ConfigError

__all__ = ["PS_PER_S", "db_to_amplitude", "format_si", "ps_to_s", "s_to_ps", "si_prefix"]

PS_PER_S = 10**12
"""Picoseconds in one second."""


def s_to_ps(seconds: float) -> int:
    """Return ``seconds`` as whole picoseconds, rounded once to the nearest.

    Raises ``ConfigError`` when ``seconds`` is negative, NaN or infinite.
    """
    if not (isinstance(seconds, (int, float)) and math.isfinite(seconds) and seconds >= 0):
        raise ConfigError(f"time: {seconds!r} s is not a finite, non-negative number of seconds")
    return int((Decimal(repr(float(seconds))) * PS_PER_S).to_integral_value())


def ps_to_s(t_ps: int) -> float:
    """Return ``t_ps`` picoseconds in seconds."""
    return t_ps / PS_PER_S


def db_to_amplitude(loss_db: float) -> float:
    """Return the field amplitude that a power loss of ``loss_db`` decibels leaves: 10^(-loss_db/20)."""
    return float(10.0 ** (-loss_db / 20.0))


_PREFIXES = (
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "u"),
    (1e-9, "n"),
    (1e-12, "p"),
)


def format_si(value: float, unit: str, digits: int = 4) -> str:
    """Return ``value`` with an SI prefix, such as ``"12.5 us"``, for people to read."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}"
    factor, prefix = si_prefix(value)
    return f"{value / factor:.{digits}g} {prefix}{unit}"


def si_prefix(value: float) -> tuple[float, str]:
    """Return the SI prefix in which ``value`` reads well, as its factor and its letters ("u" for micro).

    There is none, ``(1.0, "")``, for what is smaller than a pico.
    """
    return next(((factor, prefix) for factor, prefix in _PREFIXES if abs(value) >= factor), (1.0, ""))
