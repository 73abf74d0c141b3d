"""The one place where text becomes an amount: ``"10 us"`` as a float in SI, exactly, in decimal arithmetic.

Every amount that a person writes is read here: TOML, ``--set``, axes of sweeps, CSV files, options. A number is
written one way only; what others read in two ways (``"10,5"``) is refused. pint, imported only
then, knows the units.
"""

import math
import re
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from emulator.errors import ConfigError

if TYPE_CHECKING:
    import pint

__all__ = ["MAX_AMOUNT", "Amount", "amount", "converted", "number", "quantity", "split_amount", "whole"]

MAX_AMOUNT: Final = 64
"""Characters that an amount may have."""

_NUMBER: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_FORM: Final = re.compile(rf"({_NUMBER})\s*(.*)", re.DOTALL)
_BROKEN: Final = re.compile(r"[_'\u2019.]|(?!1\s*/)[0-9]")
"""What goes on after a number as if it were more of it; "1/um" is a unit."""

_WHOLE: Final = re.compile(r"[+-]?[0-9]+")
_DECIBEL: Final = "dB"


class Amount(NamedTuple):
    """Hold the two parts of an amount as they are written; ``unit`` is empty where there is none."""

    digits: str
    unit: str


def split_amount(text: str) -> Amount:
    """Return the number and the unit of ``text``; raises ``ConfigError`` when it does not begin with a number."""
    shown = f"{text[:MAX_AMOUNT]!r}"
    if len(text) > MAX_AMOUNT:
        raise ConfigError(f"{shown}... is longer than {MAX_AMOUNT} characters")
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ConfigError(f"{shown} is no number, such as 10, 0.5 or 1e-6")
    digits, unit = found[1], found[2].strip()
    if unit.startswith(","):
        plain = text.strip()
        raise ConfigError(
            f"{shown} has a comma, which some read as a decimal point and others as one between thousands: "
            f"write {plain.replace(',', '.', 1)!r} or {plain.replace(',', '')!r}"
        )
    if _BROKEN.match(unit):
        raise ConfigError(
            f"{shown} is no number: write one as 10500, 10.5 or 1.05e4, without signs between digits"
        )
    return Amount(digits, unit)


def number(text: str) -> float:
    """Return the number that ``text`` is, without a unit; ``".15"``, ``"+1"`` and ``"1."`` are numbers.

    Raises ``ConfigError`` when it is none, or is out of the range of a float.
    """
    digits, unit = split_amount(text)
    if unit:
        raise ConfigError(f"{text!r} is no number: {unit!r} stands behind it")
    return _float(digits, Decimal(1), text)


def whole(text: str) -> int:
    """Return the whole number that ``text`` is; raises ``ConfigError`` when it is none."""
    if len(text) > MAX_AMOUNT or not _WHOLE.fullmatch(text.strip()):
        raise ConfigError(f"{text[:MAX_AMOUNT]!r} is no whole number")
    return int(text)


def amount(text: str, unit: str) -> float:
    """Return ``text`` in ``unit``: a number alone is in ``unit`` already; raises ``ConfigError``."""
    return quantity(text, unit) if split_amount(text).unit else number(text)


def quantity(text: str, unit: str) -> float:
    """Return a text such as ``"10 us"`` as a float in the SI ``unit``.

    Raises ``ConfigError`` when the text is no quantity, has no unit, or one of another dimension than ``unit``.
    """
    try:
        digits, own = split_amount(text)
    except ConfigError as error:
        raise ConfigError(f"{error}; wanted: a quantity in {unit or 'one'}, such as '1 {unit}'") from error
    if unit and not own:
        raise ConfigError(
            f"{text!r} carries no unit: write a number in {unit}, or a string such as '1 {unit}'"
        )
    return _float(digits, _factor(own, unit, text), text)


def converted(digits: str, unit: str, into: str) -> str:
    """Return the number ``digits`` of ``unit`` as one of the unit ``into``; raises ``ConfigError``."""
    if unit == into:
        return digits
    return str(Decimal(digits) * _factor(unit, into, f"{digits} {unit}"))


def _factor(unit: str, into: str, text: str) -> Decimal:
    """Return how many of ``into`` one ``unit`` is; what no unit or of another kind is raises ``ConfigError``."""
    if unit == into:
        return Decimal(1)
    said = f"{text!r} is not a quantity in {into or 'one'}"
    # pint multiplies no logarithmic units; they have no prefixes, either.
    if into.startswith(_DECIBEL) or unit.startswith(_DECIBEL):
        raise ConfigError(f"{said}: its unit is {into}, as it stands here")
    try:
        own = _registry().parse_units(f"1{unit}" if unit.startswith("/") else unit)
        wanted = _registry().parse_units(into)
        # Angles, turns and bits are no dimensions to pint: 1 rpm would be 0.1 Hz, and 1 GHz 1 Gbit/s.
        known, found = (_registry().get_base_units(each) for each in (wanted, own))
        if own.dimensionality == wanted.dimensionality and known[1] == found[1]:
            return Decimal(str(found[0])) / Decimal(str(known[0]))
    except Exception as error:  # pint's tokenizer raises bare parser errors on malformed text
        raise ConfigError(f"{said}, such as '1 {into}': {unit[:MAX_AMOUNT]!r} is no unit") from error
    raise ConfigError(f"{said}: {unit!r} measures something else")


@cache
def _registry() -> "pint.UnitRegistry[Any]":
    import pint

    return pint.UnitRegistry(non_int_type=Decimal)


def _float(digits: str, factor: Decimal, text: str) -> float:
    """Return ``digits`` times ``factor``, a zero without its sign; what a float cannot hold is refused."""
    try:
        exact = Decimal(digits) * factor
    except ArithmeticError:
        exact = Decimal("inf")
    value = float(exact) + 0.0
    if math.isinf(value) or (value == 0 and not exact.is_zero()):
        raise ConfigError(f"{text!r} is out of range; allowed: 0, and sizes from 1e-307 to 1e308")
    return value
