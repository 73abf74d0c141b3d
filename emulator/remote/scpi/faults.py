"""What can be wrong with what a client says: the errors of SCPI, and the queue in which they wait to be read.

Numbers and texts are those of SCPI-1999, Volume 2, 21.8; which bit of the event status register an error sets
follows from its hundred, as IEEE 488.2 has it.
"""

from collections import deque
from typing import Final

__all__ = ["NO_ERROR", "ErrorQueue", "ScpiError", "UnwelcomeError", "event_bit", "said_of"]

TEXTS: Final = {
    -100: "Command error",
    -102: "Syntax error",
    -103: "Invalid separator",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -113: "Undefined header",
    -121: "Invalid character in number",
    -151: "Invalid string data",
    -161: "Invalid block data",
    -171: "Invalid expression",
    -200: "Execution error",
    -221: "Settings conflict",
    -222: "Data out of range",
    -223: "Too much data",
    -224: "Illegal parameter value",
    -230: "Data corrupt or stale",
    -310: "System error",
    -350: "Queue overflow",
    -363: "Input buffer overrun",
    -400: "Query error",
    -410: "Query INTERRUPTED",
    -430: "Query DEADLOCKED",
}
"""The errors that are told here, by number."""

NO_ERROR: Final = '0,"No error"'
OVERFLOW: Final = -350

_MAX_DETAIL: Final = 400  # assumed: a message of the house, on one line

_QUERY_BIT, _DEVICE_BIT, _EXECUTION_BIT, _COMMAND_BIT = 2, 3, 4, 5  # IEEE 488.2, 11.5.1


class ScpiError(Exception):
    """What a client said is refused: ``code`` is SCPI's number of it, ``detail`` says more in our words.

    It is told to that client alone, and so is no error of the tree that ends commands.
    """

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return said_of(self.code, self.detail)


class UnwelcomeError(ScpiError):
    """Somebody may not speak here, and is hung up on."""


def said_of(code: int, detail: str = "") -> str:
    """Return an error as SYSTem:ERRor? tells it: number, and text with the detail behind a semicolon, in quotes."""
    text = TEXTS[code]
    if detail:
        plain = "".join(each if " " <= each <= "~" else "?" for each in " ".join(detail.split()))
        text = f"{text};{plain[:_MAX_DETAIL]}"
    quoted = text.replace('"', "'")
    return f'{code},"{quoted}"'


def event_bit(code: int) -> int:
    """Return the bit of the event status register that an error of ``code`` sets: 2, 3, 4 or 5."""
    bits = {1: _COMMAND_BIT, 2: _EXECUTION_BIT, 3: _DEVICE_BIT, 4: _QUERY_BIT}
    return bits[-code // 100]


class ErrorQueue:
    """Hold the errors of one client, oldest first, at most ``most``; of more, the last becomes an overflow."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[str] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, error: ScpiError) -> None:
        """Take ``error``; where the queue is full, its last place says that it overflowed (SCPI-1999, 21.8.1)."""
        if len(self._waiting) < self._most:
            self._waiting.append(str(error))
        else:
            self._waiting[-1] = said_of(OVERFLOW)

    def take(self) -> str:
        """Return the oldest error and forget it; that there is none, where there is none."""
        return self._waiting.popleft() if self._waiting else NO_ERROR

    def take_all(self) -> str:
        """Return all errors, oldest first, and forget them."""
        found = ",".join(self._waiting) or NO_ERROR
        self._waiting.clear()
        return found

    def clear(self) -> None:
        """Forget all errors."""
        self._waiting.clear()
