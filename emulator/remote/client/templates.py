"""Text of a dialect with places for values, ``"SETT?[ {seconds}]"``: read once, filled for every command.

A place is ``{name}`` or ``{name:form}``; what stands in brackets is said when all values in it are there. Nothing
that a file says is looked up but among the names and forms below.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from emulator.errors import ConfigError, nearest
from emulator.remote.scpi.blocks import Format, decimal, written

__all__ = ["Place", "Sort", "Template"]

Sort = Literal["channels", "numbers", "number", "whole", "word", "text"]
"""What a value is: channels, counted from 1; many numbers; one; a whole one; a word; a text, which is quoted."""

Values = Mapping[str, Any]

_PLACE: Final = re.compile(r"\{([^{}]*)\}|([\[\]])|([^{}\[\]]+)|([{}])")
_DIGITS: Final = re.compile(r"\.\d{1,2}[feg]")
_FORMS: Final[Mapping[Sort, tuple[str, ...]]] = {
    "channels": ("list", "block"),
    "numbers": ("list", "block"),
    "number": ("", ),
    "whole": ("", ),
    "word": ("", ),
    "text": ("", ),
}  # fmt: skip
_DECIMALS: Final = {"numbers", "number"}


class Place(NamedTuple):
    """A place for the value ``name``, written in ``form``; without a name it is ``text`` as it stands."""

    text: bytes
    name: str = ""
    sort: Sort = "text"
    form: str = ""


@dataclass(frozen=True)
class Template:
    """Groups of places; one that is optional is said when it has all its values."""

    groups: tuple[tuple[bool, tuple[Place, ...]], ...]

    @classmethod
    def of(cls, text: str, fields: Mapping[str, Sort], where: str) -> "Template":
        """Return ``text`` read; its places may name ``fields``. Raises ``ConfigError``, with ``where`` first."""
        if not text.isascii() or not text.isprintable():
            raise ConfigError(f"{where} = {text[:60]!r} is refused; allowed: printable characters of ASCII")
        groups: list[tuple[bool, tuple[Place, ...]]] = []
        places: list[Place] = []
        inside = False
        for name, bracket, plain, stray in _PLACE.findall(text):
            if stray or (bracket and (bracket == "[") == inside):
                raise ConfigError(f"{where} = {text[:60]!r}: a {stray or bracket!r} has no partner")
            if bracket:
                groups.append((inside, tuple(places)))
                places, inside = [], not inside
            else:
                places.append(Place(plain.encode()) if plain else _place(name, fields, where))
        if inside:
            raise ConfigError(f"{where} = {text[:60]!r}: a '[' has no partner")
        return cls((*groups, (False, tuple(places))))

    def fill(self, values: Values, form: Format) -> bytes:
        """Return the text with ``values`` in their places; ``form`` says how blocks are written."""
        said = bytearray()
        for optional, places in self.groups:
            if optional and any(place.name and values.get(place.name) is None for place in places):
                continue
            for place in places:
                said += _written(place, values[place.name], form) if place.name else place.text
        return bytes(said)

    @property
    def names(self) -> frozenset[str]:
        """Return the values that have a place."""
        return frozenset(place.name for _, places in self.groups for place in places if place.name)


def _place(said: str, fields: Mapping[str, Sort], where: str) -> Place:
    name, _, form = said.partition(":")
    if name not in fields:
        hint = nearest(name, fields)
        known = ", ".join(fields) or "none here"
        raise ConfigError(f"{where}: {{{said[:40]}}} names no value; allowed: {known}{hint and f'; {hint}'}")
    sort = fields[name]
    forms = _FORMS[sort]
    form = form or forms[0]
    if form not in forms and not (sort in _DECIMALS and _DIGITS.fullmatch(form)):
        decimals = ", or digits such as .6f or .9e" if sort in _DECIMALS else ""
        allowed = ", ".join(repr(each) for each in forms if each) or "no form"
        raise ConfigError(f"{where}: {{{said[:40]}}} has an unknown form; allowed: {allowed}{decimals}")
    return Place(b"", name, sort, form)


def _written(place: Place, value: Any, form: Format) -> bytes:
    sort, how = place.sort, place.form
    if how == "block":
        return written(np.asarray(value, dtype=np.float64), form._replace(kind="REAL"))
    if sort == "text":
        quoted = str(value).replace('"', '""')
        return f'"{quoted}"'.encode("ascii", "replace")
    if sort == "word":
        return str(value).encode("ascii", "replace")
    if sort == "whole":
        return b"%d" % value
    if sort == "number":
        return _decimal(float(value), how).encode()
    if sort == "channels":
        return ",".join(str(each) for each in np.asarray(value).ravel().tolist()).encode()
    return ",".join(_decimal(each, how) for each in np.asarray(value, np.float64).ravel().tolist()).encode()


def _decimal(number: float, how: str) -> str:
    return format(number, how) if how.startswith(".") else decimal(number)
