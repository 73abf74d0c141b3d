"""Values of a configuration as people read them: the unit stands in the key's name, and so does its prefix here."""

from typing import Final

from emulator.units import format_si

__all__ = ["shown_value", "unit_of"]

_UNITS: Final = {
    "_s": "s", "_w": "W", "_hz": "Hz", "_j": "J", "_m": "m", "_k": "K", "_a": "A", "_v": "V", "_rad": "rad",
    "_e": "e", "bit_per_s": "bit/s", "flops_per_s": "flop/s", "bytes_per_s": "B/s",
    "_a_per_sqrt_hz": "A/√Hz", "_w_per_channel": "W", "_w_per_wavelength": "W", "_j_per_symbol": "J",
}  # fmt: skip
"""Units by the end of a key; of several that fit, the longest says it."""


def unit_of(path: str) -> str:
    """Return the SI unit of the key at the dotted ``path``, or the empty text for a number without one."""
    quotient = "_per_" in path.rsplit(".", 1)[-1]  # of which the last letters are only the divisor
    ends = [suffix for suffix in _UNITS if path.endswith(suffix) and ("_per_" in suffix) == quotient]
    return _UNITS[max(ends, key=len)] if ends else ""


def shown_value(path: str, value: object) -> str:
    """Return the ``value`` at ``path`` with its unit: "16 Gbit/s"; None is "missing", what is no amount itself."""
    if value is None:
        return "missing"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    unit = unit_of(path)
    if unit:
        return format_si(float(value), unit, 12)
    return f"{value:,}" if isinstance(value, int) else f"{value:.12g}"
