"""What a client sends, read: a message is units with semicolons between, a unit a header and its data.

Read by one expression per element, left to right; nothing that was sent is ever looked up but in a table.
"""

import math
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.remote.scpi.blocks import MARK, block_bytes
from emulator.remote.scpi.faults import ScpiError

__all__ = ["Channels", "Datum", "Text", "Unit", "Word", "units_of"]

_SPACE: Final = re.compile(rb"[ \t\r]*")
_HEADER: Final = re.compile(
    rb"(\*[A-Za-z]{1,12}\??|:?[A-Za-z]\w{0,31}(?::[A-Za-z]\w{0,31}){0,7}\??)(?=[ \t\r;]|$)", re.A
)
_NUMBER: Final = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?=[ \t\r,;]|$)")
_BASED: Final = re.compile(rb"#(?:[Hh]([0-9A-Fa-f]{1,16})|[Qq]([0-7]{1,21})|[Bb]([01]{1,63}))(?=[ \t\r,;]|$)")
_TEXT: Final = re.compile(rb"\"((?:[^\"]|\"\")*)\"|'((?:[^']|'')*)'")
_WORD: Final = re.compile(rb"[A-Za-z]\w{0,31}(?=[ \t\r,;]|$)", re.A)
_CHANNELS: Final = re.compile(rb"\(@([ \t\d,:]*)\)")
_RANGE: Final = re.compile(rb"[ \t]*(\d{1,9})[ \t]*(?::[ \t]*(\d{1,9})[ \t]*)?")

_RUN: Final = re.compile(rb"[-+.,0-9eE \t\r]++(?=;|$)")
_MOST_DIGITS: Final = 400  # assumed: more than a float64 ever needs, and read in no time
_MOST_VALUES: Final = (
    256  # assumed: of a unit that is no list of numbers; the words of the bench take five at most
)
_CHANNELS_ARE: Final = "a list of channels is written (@1,3:5)"
_MOST_CHANNEL_DIGITS: Final = 11  # of a channel and the spaces about it; what is longer is read as ranges are
_MOST_RANGES: Final = 1024  # assumed: of a list in which there are ranges
_MOST_CHANNELS: Final = 1 << 17  # assumed: more heaters than a chip of 784-128-10 has, 102,000
_BASES: Final = (16, 8, 2)


class Word(str):
    """A value that is a word, without quotes."""

    __slots__ = ()


class Text(str):
    """A value that is a text, in quotes."""

    __slots__ = ()


class Channels(NamedTuple):
    """A value that is a list of channels, in the order in which they are named."""

    numbers: NDArray[np.int64]


Datum = int | float | Word | Text | Channels | bytes
"""A value of a unit; bytes are a block's."""


class Unit(NamedTuple):
    """One command or query: its header in capitals, from the root, and its values."""

    header: str
    data: tuple[Datum, ...]

    @property
    def asks(self) -> bool:
        """Return whether it is a query."""
        return self.header.endswith("?")


def units_of(message: bytes) -> Iterator[Unit]:
    """Yield the units of ``message``, without its end of line; raises ``ScpiError`` at what is none.

    A header without a colon in front goes on where the one before it was (SCPI-1999, Volume 1, 6.2.4); what stands
    before an error has been yielded.
    """
    place, path, length = _space(message, 0), "", len(message)
    while place < length:
        found = _HEADER.match(message, place)
        if found is None:
            raise ScpiError(-102, f"no header at character {place + 1}")
        said, place = found[1].decode().upper(), _space(message, found.end())
        header = said if said[0] == "*" else said[1:] if said[0] == ":" else path + said
        if said[0] != "*":
            path = header.rpartition(":")[0]
            path = path and f"{path}:"
        data, place = _data(message, place)
        yield Unit(header, data)
        place = _space(message, place + 1)


def _space(message: bytes, place: int) -> int:
    found = _SPACE.match(message, place)
    return place if found is None else found.end()


def _data(message: bytes, place: int) -> tuple[tuple[Datum, ...], int]:
    """Return the values from ``place`` on and where their unit ends."""
    if (found := _RUN.match(message, place)) and (numbers := _numbers(found[0])) is not None:
        return numbers, found.end()
    data: list[Datum] = []
    length = len(message)
    while place < length and message[place : place + 1] != b";":
        if len(data) == _MOST_VALUES:
            raise ScpiError(-223, f"more than {_MOST_VALUES} values that are no list of numbers")
        if data:
            if message[place : place + 1] != b",":
                raise ScpiError(-103, f"character {place + 1} is no comma and no semicolon")
            place = _space(message, place + 1)
        datum, place = _datum(message, place)
        data.append(datum)
        place = _space(message, place)
    return tuple(data), place


def _datum(message: bytes, place: int) -> tuple[Datum, int]:
    """Return the value at ``place`` and where it ends."""
    if found := _NUMBER.match(message, place):
        return _number(found[0]), found.end()
    first = message[place : place + 1]
    if first == MARK:
        if found := _BASED.match(message, place):
            digits, base = next(
                (each, base) for each, base in zip(found.groups(), _BASES, strict=True) if each
            )
            return int(digits, base), found.end()
        return block_bytes(message, place)
    if first in {b'"', b"'"}:
        if found := _TEXT.match(message, place):
            quote = first.decode()
            content = found[1] if found[1] is not None else found[2]
            return Text(content.decode("ascii", "replace").replace(2 * quote, quote)), found.end()
        raise ScpiError(-151, "a text without its closing quote")
    if first == b"(":
        if found := _CHANNELS.match(message, place):
            return _channels(found[1]), found.end()
        raise ScpiError(-171, _CHANNELS_ARE)
    if found := _WORD.match(message, place):
        return Word(found[0].decode()), found.end()
    raise ScpiError(-121 if first[:1] in b"+-.0123456789" and first else -102, f"at character {place + 1}")


def _numbers(run: bytes) -> tuple[float, ...] | None:
    """Return a list of numbers, read in one go; None where it is none, or a short one: that is read value by value.

    A line of 64 KiB is 16,000 numbers, and nobody else is answered meanwhile.
    """
    parts = run.split(b",")
    if len(parts) <= _MOST_VALUES or max(map(len, parts)) > _MOST_DIGITS:
        return None
    try:
        found = tuple(map(float, parts))
    except ValueError:
        return None
    return None if math.inf in found or -math.inf in found else found


def _number(text: bytes) -> int | float:
    if len(text) > _MOST_DIGITS:
        raise ScpiError(-121, f"a number of {len(text)} characters; allowed: {_MOST_DIGITS}")
    return int(text) if text.lstrip(b"+-").isdigit() else float(text)


def _channels(text: bytes) -> Channels:
    """Return the channels of ``1,3:5``, in the order in which they are named."""
    if not text.strip():
        return Channels(np.empty(0, dtype=np.int64))
    parts = text.split(b",")
    if b":" not in text and max(map(len, parts)) <= _MOST_CHANNEL_DIGITS:
        try:
            return Channels(np.array(list(map(int, parts)), dtype=np.int64))
        except ValueError:
            raise ScpiError(-171, _CHANNELS_ARE) from None
    if len(parts) > _MOST_RANGES:
        raise ScpiError(-223, f"{len(parts):,} channels and ranges; allowed: {_MOST_RANGES:,}")
    found, named = [], 0
    for part in parts:
        one = _RANGE.fullmatch(part)
        if one is None:
            raise ScpiError(-171, _CHANNELS_ARE)
        first, last = int(one[1]), int(one[2] or one[1])
        step = 1 if last >= first else -1
        named += abs(last - first) + 1
        if named > _MOST_CHANNELS:
            raise ScpiError(-223, f"more than {_MOST_CHANNELS:,} channels")
        found.append(np.arange(first, last + step, step, dtype=np.int64))
    return Channels(np.concatenate(found))
