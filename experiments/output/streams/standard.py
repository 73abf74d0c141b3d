"""The streams that every process begins with, as a command may find them: closed, full, cut off, of any encoding.

A shell hands them over. What cannot be printed is one line on stderr, and never a traceback.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, Final, TextIO

import typer

from emulator.errors import ConfigError

__all__ = ["CUT_OFF", "say", "standard_streams", "visible"]

CUT_OFF: Final = 141
"""Exit code when the reader of stdout has left: that of a process which SIGPIPE ends."""

_LAST: Final = 2
"""The number of stderr."""


_SIGNS: Final = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: 0x2421,
    **dict.fromkeys((*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD),
}
"""What is shown of a character that commands a terminal: of ASCII's its picture, of all others that of none."""


def visible(text: str, lines: bool = True) -> str:
    """Return ``text`` with a sign for each character that would command a terminal, such as escape.

    Without ``lines`` line feeds and tabs become spaces.
    """
    return (text if lines else text.replace("\n", " ").replace("\t", " ")).translate(_SIGNS)


def say(text: str) -> None:
    """Write ``text`` on stdout, to a terminal as ``visible``, to a file or a pipe byte for byte."""
    sys.stdout.write(visible(text) if sys.stdout.isatty() else text)


@contextlib.contextmanager
def standard_streams() -> Iterator[None]:
    """Let the block print what it likes, and write out what it has printed when it ends.

    Raises ``ConfigError`` when stdout is closed or full, and ``typer.Exit`` when nobody reads it any more.
    """
    _fill_gaps()
    before = sys.stdout, sys.stderr
    sys.stdout = _Outlet(before[0])
    if before[1] is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # closed below
    try:
        yield
        sys.stdout.flush()
    finally:
        if before[1] is None:
            sys.stderr.close()
        sys.stdout, sys.stderr = before


def _fill_gaps() -> None:
    """Open the null device where stdin, stdout or stderr is closed: else a trace would get that number."""
    with contextlib.suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) <= _LAST:
            pass
        os.close(number)


class _Outlet:
    """Stand for stdout: every character can be printed, and what goes wrong is told as an error of ours."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        with contextlib.suppress(AttributeError, ValueError):
            # A name that is no text, or a sign that the terminal lacks, ends no command.
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]

    def write(self, text: str) -> int:
        """Write ``text``."""
        return int(self._do("write", text))

    def flush(self) -> None:
        """Hand on what was written."""
        if self._stream is not None:
            self._do("flush")

    def _do(self, method: str, *values: str) -> Any:
        if self._stream is None:
            raise ConfigError("stdout is closed: nothing can be printed there")
        try:
            return getattr(self._stream, method)(*values)
        except BrokenPipeError:
            self._abandon()
            raise typer.Exit(CUT_OFF) from None
        except OSError as error:
            self._abandon()
            raise ConfigError(f"stdout cannot be written: {error.strerror}") from error

    def _abandon(self) -> None:
        """Send what is left in the buffer nowhere, so that Python does not try it once more when it ends."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())  # type: ignore[union-attr]
            os.close(null)

    def __getattr__(self, name: str) -> Any:
        """Return what else the stream has; a closed one is no terminal and has no number."""
        if self._stream is None:
            if name == "isatty":
                return lambda: False
            raise AttributeError(name)
        return getattr(self._stream, name)
