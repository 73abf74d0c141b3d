"""Unit conversions and numbers for people to read; no physics lives here.

Inside the emulator time is an int of picoseconds and every other quantity an SI float. What people write is read in
``emulator.config.amounts``.
"""

import math
from decimal import Decimal

from emulator.errors import ClockError, ConfigError

__all__ = [
    "LAST_PS",
    "PS_PER_S",
    "beyond_time",
    "db_to_amplitude",
    "format_si",
    "ps_to_s",
    "s_to_ps",
    "si_prefix",
]

PS_PER_S = 10**12
"""Picoseconds in one second."""

LAST_PS = 2**63 - 1
"""The last instant that a trace can hold, and the longest time: 106 days and 18 hours."""


def beyond_time(what: str) -> ClockError:
    """Return the one error for a time or an instant, ``what``, that 64-bit picoseconds do not hold."""
    return ClockError(
        f"{what} lies beyond the range of time: 64-bit picoseconds end at 106 days (9,223,372 s)"
    )


def s_to_ps(seconds: float) -> int:
    """Return ``seconds`` as whole picoseconds, rounded once to the nearest.

    Raises ``ConfigError`` when ``seconds`` is negative, NaN or infinite, and ``ClockError`` beyond ``LAST_PS``.
    """
    if not (isinstance(seconds, (int, float)) and math.isfinite(seconds) and seconds >= 0):
        raise ConfigError(f"time: {seconds!r} s is not a finite, non-negative number of seconds")
    t_ps = int((Decimal(repr(float(seconds))) * PS_PER_S).to_integral_value())
    if t_ps > LAST_PS:
        raise beyond_time(f"time: {seconds:g} s")
    return t_ps


def ps_to_s(t_ps: int) -> float:
    """Return ``t_ps`` picoseconds in seconds."""
    return t_ps / PS_PER_S


def db_to_amplitude(loss_db: float) -> float:
    """Return the field amplitude that a power loss of ``loss_db`` decibels leaves: 10^(-loss_db/20)."""
    return float(10.0 ** (-loss_db / 20.0))


_PREFIXES = (
    (1e15, "P"),
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
