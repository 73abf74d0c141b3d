"""Values that a client says, read as a word takes them, and values of a reply, written as the client wants them."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import LightloopError
from emulator.instruments.wire import Sort, Taken
from emulator.remote.scpi.blocks import Format, decimal, numbers_in, written
from emulator.remote.scpi.faults import ScpiError
from emulator.remote.scpi.messages import Channels, Datum, Text, Word
from emulator.units import ps_to_s, s_to_ps

__all__ = ["Reading", "said_by", "told"]

_SHORT: Final = 4
_VOWELS: Final = frozenset("aeiou")


class Reading:
    """How one client's values are read: the form of its blocks, and which parts its channels are."""

    def __init__(self, form: Format, channels: Callable[[], NDArray[np.int64]] | None = None) -> None:
        self.form = form
        self.channels = channels


def said_by(data: Sequence[Datum], takes: Sequence[Taken], reading: Reading) -> dict[str, Any]:
    """Return ``data`` by the names of what a word ``takes``; raises ``ScpiError`` where they do not fit.

    Many numbers that are no block are a list, which takes all that is left.
    """
    said: dict[str, Any] = {}
    place = 0
    for taken in takes:
        if place >= len(data):
            if not taken.optional:
                raise ScpiError(-109, f"{taken.name} is missing: {taken.what}")
            break
        if taken.sort == "numbers" and not isinstance(data[place], bytes):
            said[taken.name] = _listed(taken, data[place:])
            place = len(data)
        else:
            said[taken.name] = _READERS[taken.sort](taken, data[place], reading)
            place += 1
    if place < len(data):
        raise ScpiError(-108, f"{len(data)} values; allowed: {len(takes)}")
    return said


def _wrong(taken: Taken, allowed: str) -> ScpiError:
    return ScpiError(-104, f"{taken.name} ({taken.what}) must be {allowed}")


def _whole(taken: Taken, datum: Datum, reading: Reading) -> int:
    del reading
    if isinstance(datum, float) and datum.is_integer():
        return int(datum)
    if not isinstance(datum, int):
        raise _wrong(taken, "a whole number")
    return datum


def _number(taken: Taken, datum: Datum, reading: Reading) -> float:
    del reading
    if not isinstance(datum, int | float):
        raise _wrong(taken, "a number")
    try:
        found = float(datum)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise ScpiError(-222, f"{taken.name} is beyond what 64 bits hold")
    return found


def _seconds(taken: Taken, datum: Datum, reading: Reading) -> int:
    """Return picoseconds."""
    try:
        return s_to_ps(_number(taken, datum, reading))
    except LightloopError as error:
        raise ScpiError(-222, str(error)) from error


def _numbers(taken: Taken, datum: Datum, reading: Reading) -> NDArray[np.float64]:
    if not isinstance(datum, bytes):
        raise _wrong(taken, "a block or a list of numbers")
    return numbers_in(datum, reading.form)


def _listed(taken: Taken, data: Sequence[Datum]) -> NDArray[np.float64]:
    if not all(isinstance(each, int | float) for each in data):
        raise _wrong(taken, "numbers, with commas between, up to the end; what follows them needs a block")
    try:
        return np.array(data, dtype=np.float64)
    except OverflowError as error:
        raise ScpiError(-222, f"{taken.name} holds a number beyond what 64 bits hold") from error


def _channels(taken: Taken, datum: Datum, reading: Reading) -> list[int]:
    if not isinstance(datum, Channels):
        raise _wrong(taken, "a list of channels, (@1,3:5)")
    if reading.channels is None:
        raise ScpiError(-171, "there are no channels here")
    known, named = reading.channels(), datum.numbers
    wrong = named[(named < 1) | (named > len(known))]
    if wrong.size:
        raise ScpiError(-222, f"channel {wrong[0]}; allowed: 1 to {len(known)}")
    found: list[int] = known[named - 1].tolist()
    return found


def _choice(taken: Taken, datum: Datum, reading: Reading) -> str:
    del reading
    if isinstance(datum, Word):
        said = datum.lower()
        for choice in taken.choices:
            if said in {choice, short_form(choice)}:
                return choice
    raise ScpiError(-224, f"{taken.name} must be one of {', '.join(taken.choices)}")


def short_form(word: str) -> str:
    """Return the short form of ``word``: four letters, or three where the fourth is a vowel (SCPI-1999, 6.2.1)."""
    if len(word) <= _SHORT:
        return word
    return word[: _SHORT - 1] if word[_SHORT - 1] in _VOWELS else word[:_SHORT]


def _text(taken: Taken, datum: Datum, reading: Reading) -> str:
    del reading
    if not isinstance(datum, Text):
        raise _wrong(taken, "a text in quotes")
    return str(datum)


_READERS: Final[Mapping[Sort, Callable[[Taken, Datum, Reading], Any]]] = {
    "whole": _whole,
    "number": _number,
    "seconds": _seconds,
    "numbers": _numbers,
    "channels": _channels,
    "choice": _choice,
    "text": _text,
}


def told(value: Any, sort: Sort, form: Format) -> bytes:
    """Return ``value`` of a reply as its ``sort`` is written."""
    if sort == "numbers":
        return written(value, form)
    if sort == "whole":
        return b"%d" % value
    if sort == "number":
        return decimal(float(value)).encode()
    if sort == "seconds":
        return decimal(ps_to_s(value)).encode()
    return str(value).encode("ascii", "replace")
