"""The hidden states of a chip: what each is, which parts it has, and which values it may take."""

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import CommandError, nearest

__all__ = ["LET_GO", "LINK", "STATES", "check", "parts_of"]

LINK: Final = "link"
"""The state that holds no physics: for how long commands do not get through."""

LET_GO: Final = -1.0
"""The value of ``stuck`` that lets a heater go."""

_TWO_PI: Final = 2.0 * math.pi
_MOST: Final = 10.0  # of what was built, for a laser and a receiver: it catches slips of a unit
_MOST_NOISE: Final = 0.5  # beyond it a normal distribution would often make light negative
_LONGEST_S: Final = 9e6  # as [[agents]] have it

STATES: Final[Mapping[str, str]] = {
    "dead": "heater that heats no more (value 1), or does again from its next setting on (0)",
    "gamma": "factor on a device's phase for a voltage, relative to what it was made with",
    "stuck": "heater that stays at a phase in [0, 2 pi] whatever it is told; -1 lets it go at its next setting",
    "channel": "heater whose DAC channel is lost (value 1) and holds what it was told last, or works again (0)",
    "responsivity": "share of its signal that a receiver still gives, 0 is dead; numbered through all layers",
    "offset": "what a receiver reads beside its light, in activation units; beyond its range it saturates",
    "laser": "optical power of the lasers, relative to what it was",
    "laser_noise": "relative standard deviation of that power from query to query, the same for all receivers",
    "substrate": "phase that a drift of temperature adds to every device, in radians",
    LINK: "seconds for which no command gets through to the chip, from now on",
}
"""The states and what they are. Those from ``laser`` on have no parts: their index is -1."""

_OF_HEATERS: Final = ("dead", "gamma", "stuck", "channel")
_OF_RECEIVERS: Final = ("responsivity", "offset")


class _Range(NamedTuple):
    """Hold the least and the greatest value of a state, and how that is told."""

    least: float
    most: float
    words: str


_RANGES: Final[Mapping[str, _Range]] = {
    "gamma": _Range(0.0, math.inf, "a finite factor >= 0"),
    "responsivity": _Range(0.0, _MOST, f"a factor in [0, {_MOST:g}]"),
    "laser": _Range(1e-6, _MOST, f"a factor in [1e-6, {_MOST:g}]"),
    "laser_noise": _Range(0.0, _MOST_NOISE, f"a standard deviation in [0, {_MOST_NOISE:g}]"),
    "substrate": _Range(-math.inf, math.inf, "finite radians"),
    LINK: _Range(0.0, _LONGEST_S, f"seconds in [0, {_LONGEST_S:g}]"),
}


def check(name: str, index: int, value: float, active: NDArray[np.bool_], receivers: int) -> None:
    """Raise ``CommandError`` unless the state ``name`` of the part ``index`` may become ``value``.

    ``active`` (devices,) tells which devices have heaters; there are so many ``receivers`` in all layers.
    """
    if name not in STATES:
        hint = nearest(name, STATES)
        raise CommandError(
            f"Disturb: a chip has no hidden state {name!r}; {hint}; allowed: {', '.join(STATES)}"
        )
    _check_part(name, index, active, receivers)
    if name in {"dead", "channel"}:
        if value not in {0.0, 1.0}:
            raise CommandError(
                f"Disturb: chip.{name} = {value!r} of heater {index}; allowed: 1 ({_word(name)}) and 0"
            )
    elif name == "stuck":
        if not (0.0 <= value <= _TWO_PI or value == LET_GO):
            raise CommandError(
                f"Disturb: chip.stuck = {value!r} of heater {index}; allowed: radians in [0, 2 pi], or -1"
            )
    elif name != "offset":  # which may be anything: a broken converter tells no number
        least, most, words = _RANGES[name]
        if not (least <= value <= most and math.isfinite(value)):
            part = f" of {_part(name)} {index}" if index >= 0 else ""
            raise CommandError(f"Disturb: chip.{name} = {value!r}{part}; allowed: {words}")


def parts_of(name: str, active: NDArray[np.bool_], receivers: int) -> NDArray[np.int64]:
    """Return the indices (n,) of the parts that have the state ``name``; none where it has no parts."""
    if name in _OF_HEATERS:
        return np.flatnonzero(active)
    return np.arange(receivers if name in _OF_RECEIVERS else 0)


def _check_part(name: str, index: int, active: NDArray[np.bool_], receivers: int) -> None:
    if name in _OF_HEATERS:
        if not 0 <= index < active.size or not active[index]:
            raise CommandError(
                f"Disturb: chip.{name}: device {index} has no heater; allowed: devices 0..{active.size - 1}, with "
                "a heater"
            )
    elif name in _OF_RECEIVERS:
        if not 0 <= index < receivers:
            raise CommandError(
                f"Disturb: chip.{name}: there is no receiver {index}; allowed: 0..{receivers - 1}, layer by layer"
            )
    elif index != -1:
        raise CommandError(f"Disturb: chip.{name} has no parts, and index = {index}; allowed: -1")


def _part(name: str) -> str:
    return "receiver" if name in _OF_RECEIVERS else "heater"


def _word(name: str) -> str:
    return "dead" if name == "dead" else "lost"
