"""What stands between a controller of the user's own and the bench: its errors are told with file and line.

The first command is asked for before anything is written, so that a program that cannot begin leaves nothing.
"""

from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, get_args

from emulator.commands import Command, Controller
from emulator.errors import ConfigError, LightloopError

__all__ = ["Guarded", "told_at"]

_COMMANDS: Final[tuple[type, ...]] = get_args(Command)
_HOME: Final = Path(__file__).resolve().parents[3]
_OURS: Final = tuple(str(_HOME / room) for room in ("emulator", "controllers", "experiments", "data"))

Send = Callable[[Any], Command]


class Guarded(Generator[Command, Any, None]):
    """Pass on what a controller says; ``name`` is what a trace calls it, ``file`` where it was written, or "".

    With ``brief``, an error of the program becomes one of ours, on one line; else it stays what it was.
    """

    def __init__(self, name: str, file: str, controller: Controller, brief: bool) -> None:
        """Ask for the first command; raises ``ConfigError`` for what is none."""
        self._name, self._file, self._controller, self._brief = name, file, controller, brief
        self._first: Command | None = None
        try:
            first = self.send(None)
        except StopIteration:
            raise ConfigError(f"controller {name}: it ended before its first command; {_ALLOWED}") from None
        if not isinstance(first, _COMMANDS):
            line = _suspended(controller)
            raise ConfigError(
                f"controller {name}{line}: it yields {type(first).__name__} {first!r:.60}, which is no command; "
                f"{_ALLOWED}"
            )
        self._first = first

    def send(self, message: Any) -> Command:
        """Send a reply and return the next command."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        try:
            return self._controller.send(message)
        except StopIteration:
            raise
        except Exception as error:
            if not self._brief:
                raise
            raise told_at(self._name, self._file, error) from error

    def throw(self, *error: Any) -> Command:
        """Raise an error where the controller waits, and return the next command."""
        try:
            return self._controller.throw(*error)
        except StopIteration:
            raise
        except Exception as raised:
            if not self._brief:
                raise
            raise told_at(self._name, self._file, raised) from raised

    def close(self) -> None:
        """End the controller."""
        self._controller.close()


_ALLOWED: Final = f"allowed: {', '.join(sorted(each.__name__ for each in _COMMANDS))}"


def told_at(name: str, file: str, error: Exception) -> LightloopError:
    """Return ``error`` as one of ours that says in which line of the user's it was raised."""
    where = _line(error.__traceback__, file)
    kind = type(error) if isinstance(error, LightloopError) else ConfigError
    what = str(error) if isinstance(error, LightloopError) else f"{type(error).__name__}: {error}"
    return kind(f"controller {name}{where}: {what}")


def _line(traceback: TracebackType | None, file: str) -> str:
    """Return the last line in ``file`` that ``traceback`` passed, or else the last one that is not ours."""
    mine = others = ""
    while traceback is not None:
        path = traceback.tb_frame.f_code.co_filename
        words = f", {Path(path).name} line {traceback.tb_lineno}"
        if file and path == file:
            mine = words
        elif not path.startswith((*_OURS, "<")):
            others = words
        traceback = traceback.tb_next
    return mine or others


def _suspended(controller: Any) -> str:
    """Return the line at which a generator, or the one to which it has handed over, waits."""
    while (inner := getattr(controller, "gi_yieldfrom", None)) is not None and hasattr(inner, "gi_frame"):
        controller = inner
    frame = getattr(controller, "gi_frame", None)
    return "" if frame is None else f", {Path(frame.f_code.co_filename).name} line {frame.f_lineno}"
