"""A talk with an instrument in its dialect: a line is said, its answers are read, and what it refuses is told."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

import numpy as np

from emulator.errors import ConfigError, InstrumentError
from emulator.remote.client.answers import Asked, answers_in
from emulator.remote.client.dialect import Dialect, Phrased
from emulator.remote.client.wire import SilentError, Wire

__all__ = ["Talk"]

_IDENTITY: Final = b"*IDN?"
_REFUSAL: Final = re.compile(
    rb"[+-]?\d{1,6}\s*,\s*\".*\""
)  # number, and text in quotes: no parser's answer is one
_MOST_ERRORS: Final = 32  # assumed: what an instrument's queue holds
_MOST_SHOWN: Final = 120
_JOIN: Final = b";"


class Talk:
    """Talk over ``wire`` in ``dialect``.

    ``identity`` is what the instrument says of itself. Raises ``ConfigError`` where that does not fit the dialect,
    ``WireError`` where it does not answer, ``InstrumentError`` where it refuses how the dialect begins.
    """

    def __init__(self, wire: Wire, dialect: Dialect) -> None:
        self.dialect = dialect
        self._wire = wire
        self._form = dialect.form
        self._ask_errors = dialect.config.errors.say.encode()
        wire.send([_IDENTITY])
        self.identity = wire.receive().decode("ascii", "replace").strip()
        if not dialect.fits(self.identity):
            raise ConfigError(
                f"the instrument says that it is {self.identity[:80]!r}, and the dialect {dialect.name!r} is for "
                f"{dialect.config.identity!r}; another one is chosen by --dialect"
            )
        for line in dialect.config.begin:
            self._exchange(line.encode(), (), "begin")

    def say(self, what: str, words: Phrased, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answers to ``words`` with ``values`` in them, and to what the dialect says after every line.

        Raises ``InstrumentError``, which names ``what``, where they are refused.
        """
        found = self._told(what, words, self._with_volts(values))
        if "outputs" in found and self.dialect.config.output_scale != 1.0:
            found["outputs"] = np.asarray(found["outputs"]) * self.dialect.config.output_scale
        return found

    def _told(self, what: str, words: Phrased, said: Mapping[str, Any]) -> dict[str, Any]:
        if words.each is None:
            return self._exchange(*self._with_after(words.say.fill(said, self._form), words.gives), what)
        told: list[dict[str, Any]] = []
        places = _places(words, said)
        for number, place in enumerate(places, 1):
            line, asked = words.say.fill(place, self._form), words.gives
            if number == len(places):
                line, asked = self._with_after(line, asked)
            told.append(self._exchange(line, asked, what))
        many = {
            one.name: np.array([float(each[one.name]) for each in told]) for one in words.gives if one.name
        }
        return (told[-1] if told else {}) | many

    def _with_volts(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        law = self.dialect.config.law
        if law is None or "radians" not in values:
            return values
        return {**values, "volts": law.volts(values["radians"], values["channels"])}

    def _with_after(self, line: bytes, asked: tuple[Asked, ...]) -> tuple[bytes, tuple[Asked, ...]]:
        after = self.dialect.after
        if after is None:
            return line, asked
        return line + _JOIN + after.say.fill({}, self._form), (*asked, *after.gives)

    def look(self, what: str, words: Phrased) -> dict[str, Any]:
        """Return the answers to ``words`` alone, which have no values in them."""
        return self._exchange(words.say.fill({}, self._form), words.gives, what)

    def close(self) -> None:
        """Say what is said last, whatever is answered, and hang up."""
        try:
            for line in self.dialect.config.end:
                self._exchange(line.encode(), (), "end")
        finally:
            self._wire.close()

    def _exchange(self, line: bytes, asked: tuple[Asked, ...], what: str) -> dict[str, Any]:
        if self.dialect.config.errors.with_the_line:
            self._wire.send([line, self._ask_errors])
            answer = self._wire.receive()
            refused = answer
            if asked and not _REFUSAL.fullmatch(answer):
                refused = self._wire.receive()
        else:
            self._wire.send([line])
            answer, refused = self._answered(asked)
        if refused and not self._is_none(refused):
            raise self._refusal(refused, line, what)
        return answers_in(answer, asked, self._form) if asked else {}

    def _answered(self, asked: tuple[Asked, ...]) -> tuple[bytes, bytes]:
        """Return the answer to a line, and what it has refused: asked for where there is no answer."""
        if asked:
            try:
                return self._wire.receive(), b""
            except SilentError as silent:
                self._wire.send([self._ask_errors])
                refused = self._wire.receive()
                if self._is_none(refused):
                    raise silent from None
                return b"", refused
        self._wire.send([self._ask_errors])
        return b"", self._wire.receive()

    def _is_none(self, answer: bytes) -> bool:
        return fnmatchcase(answer.decode("ascii", "replace").lstrip("+"), self.dialect.config.errors.none)

    def _refusal(self, refused: bytes, line: bytes, what: str) -> InstrumentError:
        """Return what has been refused, and leave no error behind that a later line would be blamed for."""
        told = refused
        for _ in range(_MOST_ERRORS):
            self._wire.send([self._ask_errors])
            if self._is_none(self._wire.receive()):
                break
        shown = line[:_MOST_SHOWN].decode("ascii", "replace")
        more = "..." if len(line) > _MOST_SHOWN else ""
        return InstrumentError(
            f"{what}: the instrument refused {shown!r}{more}: {told.decode('ascii', 'replace').strip()[:500]}"
        )


def _places(words: Phrased, said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is said on each line of ``words``: of each heater, or of each output."""
    if words.each == "output":
        return [{"output": number} for number in range(1, said["outputs"] + 1)]
    names = {"channels": "channel", "radians": "phase", "volts": "volts"}
    many = {names[name]: np.ravel(values).tolist() for name, values in said.items() if name in names}
    return [dict(zip(many, row, strict=True)) for row in zip(*many.values(), strict=True)]
