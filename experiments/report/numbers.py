"""Numbers as a report prints them: one unit a column, and columns that add up to the last digit."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from emulator.trace.analysis.sums import sum_once
from emulator.units import si_prefix

__all__ = ["PrintedColumn", "Scale", "adding_up", "aligned", "percentages", "scale_for"]

_SIGNIFICANT = 6
_HOUR_S = 3600.0


class Scale(NamedTuple):
    """A unit and the factor that turns SI into it."""

    factor: float
    unit: str


class PrintedColumn(NamedTuple):
    """The printed cells of a column and their printed sum."""

    cells: tuple[str, ...]
    total: str


def scale_for(largest: float, unit: str) -> Scale:
    """Return the unit in which ``largest``, an amount in the SI ``unit``, reads well; long times are in hours."""
    if unit == "s" and abs(largest) >= 3 * _HOUR_S:
        return Scale(1 / _HOUR_S, "h")
    factor, prefix = si_prefix(largest)
    if unit == "s" and factor > 1:
        factor, prefix = 1.0, ""
    return Scale(1 / factor, prefix.replace("u", "µ") + unit)


def adding_up(amounts: Sequence[float], scale: Scale, significant: int = _SIGNIFICANT) -> PrintedColumn:
    """Return ``amounts`` and their sum in the unit of ``scale``, so rounded that the printed cells add up.

    The sum is rounded to ``significant`` digits and each amount to the same decimals; where these do not add
    up, the amounts nearest to the next step are rounded the other way, so that each stays within one step.
    """
    total = sum_once(amounts) * scale.factor
    return _column([amount * scale.factor for amount in amounts], _decimals(total, significant))


def aligned(
    amounts: Sequence[float | None], scale: Scale, absent: str, significant: int = _SIGNIFICANT
) -> list[str]:
    """Return each of ``amounts`` in the unit of ``scale``, all with the decimals that the largest needs.

    An amount too small for these decimals has three digits of its own; ``absent`` stands for None.
    """
    largest = max((abs(amount) for amount in amounts if amount is not None), default=0.0) * scale.factor
    decimals = _decimals(largest, significant)
    return [absent if amount is None else _fixed(amount * scale.factor, decimals) for amount in amounts]


def percentages(amounts: Sequence[float]) -> PrintedColumn:
    """Return the share of each amount in their sum, in percent with one decimal; the cells add up to 100.0."""
    total = sum_once(amounts)
    if total == 0:
        return PrintedColumn(("",) * len(amounts), "")
    return _column([100 * amount / total for amount in amounts], 1)


def _column(values: Sequence[float], decimals: int) -> PrintedColumn:
    if not all(
        map(math.isfinite, values)
    ):  # a damaged run may have drawn NaN watts: there is nothing to add up
        return PrintedColumn(tuple(f"{value:g}" for value in values), f"{sum_once(values):g}")
    steps = [value * 10**decimals for value in values]
    whole = [math.floor(step) for step in steps]
    target = round(math.fsum(steps))
    by_remainder = sorted(range(len(steps)), key=lambda at: whole[at] - steps[at])
    for at in by_remainder[: target - sum(whole)]:
        whole[at] += 1
    cells = tuple(_decimal(number, decimals) for number in whole)
    return PrintedColumn(cells, _decimal(target, decimals))


def _decimals(value: float, significant: int) -> int:
    """Return the decimals with which ``value`` shows that many digits."""
    if not math.isfinite(value):
        return 0
    digits = math.floor(math.log10(abs(value))) + 1 if value else 1
    return max(0, min(significant - digits, 12))


def _fixed(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}" if value == 0 or abs(value) >= 10 ** (1 - decimals) else f"{value:.3g}"


def _decimal(steps: int, decimals: int) -> str:
    sign, digits = "−" if steps < 0 else "", f"{abs(steps):0{decimals + 1}d}"
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    return f"{sign}{int(whole):,}" + (f".{fraction}" if decimals else "")
