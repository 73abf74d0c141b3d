"""The hidden states of an optical processing unit: what each is, and which values it may take."""

import math
from collections.abc import Mapping
from typing import Final

from emulator.errors import CommandError, nearest

__all__ = ["STATES", "check"]

STATES: Final[Mapping[str, str]] = {
    "correlation": "correlation of the medium's fields with those that it was built with",
    "responsivity": "share of its signal that an output still gives, 0 is dead pixels",
    "laser": "optical power of the laser, relative to what it was; what is recovered takes it for that",
    "laser_noise": "relative standard deviation of that power from frame to frame, the same for all pixels",
    "torn": "share of frames during which the mirrors move",
    "missed": "share of frames that the camera loses",
    "trigger": "mean time in seconds by which the camera's trigger is late; what reaches the next pattern is torn",
    "link": "seconds for which no pattern gets through to the unit, from now on",
}
"""The states and what they are; ``responsivity`` has parts, which are the outputs."""

_MOST: Final = 10.0  # of what was built: it catches slips of a unit
_MOST_NOISE: Final = 0.5  # beyond it a normal distribution would often make light negative
_LONGEST_S: Final = 9e6  # as [[agents]] have it

_RANGES: Final[Mapping[str, tuple[float, float, str]]] = {
    "correlation": (0.0, 1.0, "a number in [0, 1]"),
    "responsivity": (0.0, _MOST, f"a factor in [0, {_MOST:g}]"),
    "laser": (1e-6, _MOST, f"a factor in [1e-6, {_MOST:g}]"),
    "laser_noise": (0.0, _MOST_NOISE, f"a standard deviation in [0, {_MOST_NOISE:g}]"),
    "torn": (0.0, math.nextafter(1.0, 0.0), "a share in [0, 1)"),
    "missed": (0.0, math.nextafter(1.0, 0.0), "a share in [0, 1)"),
    "trigger": (0.0, _LONGEST_S, f"seconds in [0, {_LONGEST_S:g}]"),
    "link": (0.0, _LONGEST_S, f"seconds in [0, {_LONGEST_S:g}]"),
}
"""The least and the greatest value of each, and how its range is told."""


def check(name: str, index: int, value: float, outputs: int) -> None:
    """Raise ``CommandError`` unless the state ``name`` of the part ``index`` may become ``value``."""
    if name not in STATES:
        hint = nearest(name, STATES)
        raise CommandError(
            f"Disturb: the optical processing unit has no hidden state {name!r}; {hint}; "
            f"allowed: {', '.join(STATES)}"
        )
    if name == "responsivity":
        if not 0 <= index < outputs:
            raise CommandError(
                f"Disturb: opu.responsivity: there is no output {index}; allowed: 0..{outputs - 1}"
            )
    elif index != -1:
        raise CommandError(f"Disturb: opu.{name} has no parts, and index = {index}; allowed: -1")
    least, most, words = _RANGES[name]
    if not least <= value <= most:
        raise CommandError(f"Disturb: opu.{name} = {value!r}; allowed: {words}")
