"""Bytes from a socket, cut into messages: at line ends that are not inside a block, none longer than allowed."""

import re
from typing import Final

from emulator.remote.scpi.blocks import head_of
from emulator.remote.scpi.faults import ScpiError

__all__ = ["Framer", "UnreadableError"]

_PLAIN: Final = re.compile(rb"(?:[^\n#\"']++|#(?=[^0-9])|\"[^\"\n]*+\"|'[^'\n]*+')*+")
_WITHIN: Final = {ord('"'): re.compile(rb"[^\"\n]*+"), ord("'"): re.compile(rb"[^'\n]*+")}
_END: Final = ord("\n")
_MOST_MARKS: Final = 256  # assumed: what may be blocks in a message; every one of them is looked at by itself


class UnreadableError(ScpiError):
    """What came cannot be cut into messages any more: whoever sent it has to be hung up on."""


class Framer:
    """Cut what comes into messages of at most ``longest_line`` bytes beside blocks of at most ``longest_block``.

    A line that is too long is forgotten as it comes, and told once; memory is bounded by the two. Every byte is
    looked at once.
    """

    def __init__(self, longest_line: int, longest_block: int) -> None:
        self._longest_line = longest_line
        self._longest_block = longest_block
        self._buffer = bytearray()
        self._looked = 0  # bytes of the buffer in which no message ends
        self._blocks = 0  # bytes among them that are blocks'
        self._marks = 0  # what may have been a block among them
        self._quote = 0  # the quote that opened the text in which they end
        self._skipping = False

    @property
    def held(self) -> int:
        """Return how many bytes lie here."""
        return len(self._buffer)

    def forget(self) -> None:
        """Forget all that lies here."""
        self._forget(len(self._buffer))

    def push(self, data: bytes) -> None:
        """Take ``data``, as it came."""
        self._buffer += data

    def take(self) -> bytes | None:
        """Return the next message without its end, or None while it is not all there.

        Raises ``ScpiError`` once for a line that is too long, and ``UnreadableError`` for a block that is, and for
        more blocks than a message has.
        """
        buffer = self._buffer
        while True:
            place = self._next_sign()
            if place < 0:
                self._looked = len(buffer)
                self._check_length()
                return None
            if buffer[place] == _END:
                message = self._end(place)
                if message is not None:
                    return message
            else:
                self._looked = place
                if not self._pass_mark(place):
                    self._check_length()
                    return None

    def _next_sign(self) -> int:
        """Return where the line ends or what may be a block begins; -1 where neither has come."""
        buffer = self._buffer
        if self._skipping:
            return buffer.find(b"\n", self._looked)
        if self._quote and not self._pass_quote(self._looked):
            return buffer.find(b"\n", self._looked)
        found = _PLAIN.match(buffer, self._looked)
        place = self._looked if found is None else found.end()
        if place == len(buffer):
            return -1
        if buffer[place] in _WITHIN:  # a text that does not end, unless more comes
            self._quote = buffer[place]
            return buffer.find(b"\n", place)
        return place

    def _pass_quote(self, place: int) -> bool:
        """Pass the rest of a text, from ``place`` on; return whether it ends before the line."""
        found = _WITHIN[self._quote].match(self._buffer, place)
        end = place if found is None else found.end()
        if end == len(self._buffer) or self._buffer[end] == _END:
            return False
        self._quote, self._looked = 0, end + 1
        return True

    def _check_length(self) -> None:
        """Forget what is there of a message that is too long already; raises ``ScpiError`` then, once."""
        if self._looked - self._blocks <= self._longest_line:
            return
        self._forget(self._looked)
        if not self._skipping:
            self._skipping = True
            raise self._too_long()

    def _end(self, place: int) -> bytes | None:
        """Return the message that ends at ``place``; None is the end of one that was told to be too long."""
        skipped, length = self._skipping, place - self._blocks
        message = bytes(self._buffer[:place])
        self._forget(place + 1)
        self._skipping = False
        if skipped:
            return None
        if length > self._longest_line:
            raise self._too_long()
        return message.rstrip(b"\r")

    def _pass_mark(self, mark: int) -> bool:
        """Pass the ``#`` at ``mark``, and a block that it begins; return whether all of that is there."""
        buffer = self._buffer
        if len(buffer) == mark + 1:
            return False
        try:
            place = head_of(buffer, mark)
        except ScpiError:  # no block: whoever reads the message says what it is
            place = mark + 1, mark + 1
        if place is None:
            return False
        begin, end = place
        if self._marks == _MOST_MARKS:
            raise UnreadableError(-223, f"more than {_MOST_MARKS} blocks in a message")
        if end - begin > self._longest_block:
            raise UnreadableError(-223, f"a block of {end - begin} bytes; allowed: {self._longest_block}")
        if len(buffer) < end:
            return False
        self._looked = end
        self._marks += 1
        self._blocks += end - begin
        return True

    def _too_long(self) -> ScpiError:
        return ScpiError(-363, f"a line of more than {self._longest_line} bytes")

    def _forget(self, count: int) -> None:
        del self._buffer[:count]
        self._looked = self._blocks = self._marks = self._quote = 0
