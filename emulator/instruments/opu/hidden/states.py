"""The hidden states of an optical processing unit: what each is, and which values it may take."""

import math
from collections.abc import Mapping
from typing import Final

from emulator.errors import CommandError, nearest

__all__ = ["STATES", "check"]

STATES: Final[Mapping[str, str]] = {
    "correlation": "correlation of the medium's fields with those that it was built with",
    "responsivity": "share of its signal that an output still gives, 0 is dead pixels",
    "torn": "share of frames during which the mirrors move",
    "missed": "share of frames that the camera loses",
    "trigger": "mean time in seconds by which the camera's trigger is late; what reaches the next pattern is torn",
    "link": "seconds for which no pattern gets through to the unit, from now on",
}
"""The states and what they are; ``responsivity`` has parts, which are the outputs."""

_MOST: Final = 10.0  # of what was built: it catches slips of a unit
_LONGEST_S: Final = 9e6  # as [[agents]] have it

_RANGES: Final[Mapping[str, tuple[float, str]]] = {
    "correlation": (1.0, "a number in [0, 1]"),
    "responsivity": (_MOST, f"a factor in [0, {_MOST:g}]"),
    "torn": (math.nextafter(1.0, 0.0), "a share in [0, 1)"),
    "missed": (math.nextafter(1.0, 0.0), "a share in [0, 1)"),
    "trigger": (_LONGEST_S, f"seconds in [0, {_LONGEST_S:g}]"),
    "link": (_LONGEST_S, f"seconds in [0, {_LONGEST_S:g}]"),
}
"""The greatest value of each, and how its range is told; the least is 0."""


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
    most, words = _RANGES[name]
    if not 0.0 <= value <= most:
        raise CommandError(f"Disturb: opu.{name} = {value!r}; allowed: {words}")
