"""Answers of an instrument, each read by one of a closed set of parsers, in the order of the questions."""

import re
from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError, WireError, nearest
from emulator.remote.scpi.blocks import MARK, Format, block_bytes, meant, numbers_in
from emulator.remote.scpi.faults import ScpiError

__all__ = ["PARSERS", "Asked", "Parser", "answers_in", "asked_of"]

Parser = Literal["number", "whole", "list", "block", "text"]
"""How an answer is read: a number; a whole one; numbers with commas; a block of reals; a text to the end."""

PARSERS: Final[tuple[str, ...]] = get_args(Parser)

_UNIT: Final = b";"
_WHOLE: Final = re.compile(rb"[+-]?\d{1,18}")
_SHOWN: Final = 80


class Asked(NamedTuple):
    """Say what an answer is called, and by which parser it is read; nobody looks at one without a name."""

    name: str
    parser: Parser


def asked_of(said: Sequence[str], names: Sequence[str], where: str) -> tuple[Asked, ...]:
    """Return ``said``, each "name:parser", whose names are among ``names``; raises ``ConfigError``."""
    found: list[Asked] = []
    for each in said:
        name, _, parser = each.partition(":")
        if name not in names and name:
            hint = nearest(name, names)
            known = ", ".join(names) or "none here"
            raise ConfigError(
                f"{where}: {each[:40]!r} names nothing of the reply; allowed: {known}{hint and f'; {hint}'}"
            )
        if parser not in PARSERS:
            hint = nearest(parser, PARSERS)
            raise ConfigError(
                f"{where}: {each[:40]!r} has no known parser; allowed: {', '.join(PARSERS)}{hint and f'; {hint}'}"
            )
        found.append(Asked(name, parser))  # type: ignore[arg-type]  # it is one of them
    return tuple(found)


def answers_in(line: bytes, asked: Sequence[Asked], form: Format) -> dict[str, Any]:
    """Return the answers on ``line`` by their names; raises ``WireError`` where it does not hold what was asked."""
    found: dict[str, Any] = {}
    place = 0
    for number, one in enumerate(asked):
        if number:
            if line[place : place + 1] != _UNIT:
                raise _no_answer(line, f"{number} of {len(asked)} answers")
            place += 1
        value, place = _read(line, place, one, form)
        if one.name:
            found[one.name] = value
    if line[place:].strip():
        raise _no_answer(line, f"more than {len(asked)} answers")
    return found


def _no_answer(line: bytes, what: str) -> WireError:
    shown = line[:_SHOWN].decode("ascii", "replace")
    return WireError(f"the answer {shown!r}{'...' if len(line) > _SHOWN else ''} holds {what}")


def _read(line: bytes, place: int, one: Asked, form: Format) -> tuple[Any, int]:
    """Return the answer at ``place`` and where it ends."""
    if one.parser == "block":
        if line[place : place + 1] != MARK:
            raise _no_answer(line, f"no block for {one.name!r}")
        try:
            content, end = block_bytes(line, place)
            return numbers_in(content, form), end
        except ScpiError as error:
            raise _no_answer(line, f"no block for {one.name!r}: {error}") from error
    end = len(line) if one.parser == "text" else line.find(_UNIT, place)
    end = len(line) if end < 0 else end
    text = line[place:end].strip()
    return _value(text, one, line), end


def _value(text: bytes, one: Asked, line: bytes) -> Any:
    if one.parser == "text":
        return text.decode("ascii", "replace")
    try:
        if one.parser == "whole":
            return int(text) if _WHOLE.fullmatch(text) else int(_whole(float(text)))
        if one.parser == "number":
            return meant(float(text))
        return _listed(text)
    except (ValueError, OverflowError) as error:
        raise _no_answer(line, f"no {one.parser} for {one.name!r}") from error


def _whole(number: float) -> float:
    if not number.is_integer():
        raise ValueError(number)
    return number


def _listed(text: bytes) -> NDArray[np.float64]:
    return np.array([meant(float(each)) for each in text.split(b",")] if text else [], dtype=np.float64)
