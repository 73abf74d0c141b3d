"""Unit conversions and the number types of configuration; no physics lives here.

Inside the emulator time is an int of picoseconds and every other quantity an SI float. At the edges a user
may write ``"10 us"``: pint parses it (imported only then), exactly, in decimal arithmetic.
"""

import math
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from emulator.errors import ConfigError

if TYPE_CHECKING:
    import pint

__all__ = ["PS_PER_S", "db_to_amplitude", "format_si", "ps_to_s", "quantity", "s_to_ps", "si_prefix"]

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


@cache
def _registry() -> "pint.UnitRegistry[Any]":
    import pint

    return pint.UnitRegistry(non_int_type=Decimal)


def quantity(text: str, unit: str) -> float:
    """Return a string such as ``"10 us"`` as a float in the SI ``unit``.

    Raises ``ConfigError`` when the text is no quantity or has another dimension than ``unit``.
    """
    import pint

    try:
        if unit.startswith("dB") and text.strip().endswith(
            unit
        ):  # pint builds no logarithmic quantity from text
            return float(Decimal(text.strip().removesuffix(unit).strip()))
        parsed: pint.Quantity[Any] = _registry().Quantity(text)
        if not parsed.unitless or unit == "":
            return float(parsed.to(unit or "dimensionless").magnitude)
    except pint.DimensionalityError as error:
        raise ConfigError(f"{text!r} is not a quantity in {unit}: {error}") from error
    except (pint.UndefinedUnitError, AttributeError, ValueError, ArithmeticError, TypeError) as error:
        raise ConfigError(f"{text!r} is not a quantity in {unit}, such as '1 {unit}'") from error
    except Exception as error:  # pint's tokenizer raises bare parser errors on malformed text
        raise ConfigError(f"{text!r} cannot be read as a quantity in {unit}") from error
    raise ConfigError(f"{text!r} carries no unit: write a number in {unit}, or a string such as '1 {unit}'")


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
