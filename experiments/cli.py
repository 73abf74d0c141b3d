"""The door: a list of commands, one line each; what a command does stands in the ``command.py`` of its room.

Exit codes: 0 done (a spent budget is done, too), 2 refused or failed in a way Lightloop foresees (one line on
stderr), 3 the run diverged, 4 a rerun is not identical, 5 a calibration is no fit, 130 and 143 ended by Ctrl-C and
SIGTERM, 141 the reader of stdout has left, 1 anything unforeseen (a traceback).
"""

import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial, wraps
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final, Protocol, runtime_checkable

import typer
from typer.core import TyperCommand

from emulator.config.places import expanded
from emulator.errors import LightloopError
from experiments.benchmarks.command import COMMAND as BENCH
from experiments.calibrate.command import COMMAND as CALIBRATE
from experiments.ceiling.command import COMMAND as CEILING
from experiments.check.command import COMMAND as CHECK
from experiments.command import Command
from experiments.compare.command import COMMAND as COMPARE
from experiments.config.command import COMMAND as CONFIG
from experiments.demo.command import COMMAND as DEMO
from experiments.export.command import COMMAND as EXPORT
from experiments.figure.command import COMMAND as FIGURE
from experiments.inspect.command import COMMAND as INSPECT
from experiments.keys.command import COMMAND as KEYS
from experiments.new.command import COMMAND as NEW
from experiments.output.streams.pulse import Pulse, duration
from experiments.output.streams.standard import standard_streams, visible
from experiments.paper.command import COMMAND as PAPER
from experiments.presets.command import COMMAND as PRESETS
from experiments.replay.command import COMMAND as REPLAY
from experiments.report.command import COMMAND as REPORT
from experiments.run.command import COMMAND as RUN
from experiments.scale.command import COMMAND as SCALE
from experiments.serve.command import COMMAND as SERVE
from experiments.studies.command import COMMAND as STUDIES
from experiments.sweep.command import COMMAND as SWEEP
from experiments.tail.command import COMMAND as TAIL
from experiments.tasks.command import COMMAND as TASKS
from experiments.timeline.command import COMMAND as TIMELINE
from experiments.whatif.command import COMMAND as WHATIF

__all__ = ["COMMANDS", "app_of", "main"]

COMMANDS: Final[tuple[Command, ...]] = (
    RUN,
    SERVE,
    SCALE,
    SWEEP,
    STUDIES,
    TASKS,
    NEW,
    PRESETS,
    KEYS,
    INSPECT,
    WHATIF,
    REPLAY,
    COMPARE,
    CEILING,
    REPORT,
    TIMELINE,
    FIGURE,
    EXPORT,
    CONFIG,
    TAIL,
    CALIBRATE,
    DEMO,
    BENCH,
    PAPER,
    CHECK,
)
"""Every command, in the order in which the help lists them."""

_ONE_THREAD: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_NAME: Final = "lightloop"
_REFUSED: Final = 2
_INTERRUPTED: Final = 130
_MAX_MESSAGE: Final = 2000


@runtime_checkable
class _UsageError(Protocol):
    """What an error of the option parser offers; its class is not public."""

    exit_code: int

    def format_message(self) -> str: ...


@runtime_checkable
class _Unread(Protocol):
    """What the option parser's own cause tells; to import its class takes longer than the help."""

    def errors(self) -> Sequence[Mapping[str, Any]]: ...


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"{_NAME} {version(_NAME)} (Python {platform.python_version()})\n")
        raise typer.Exit


def app_of(commands: Sequence[Command] = COMMANDS) -> typer.Typer:
    """Return the application that knows ``commands``."""
    app = typer.Typer(
        name=_NAME,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.callback()(_about)
    for command in commands:
        listing = command.listing
        more = {"allow_extra_args": True, "ignore_unknown_options": True} if listing else None
        shown = f"Example: {command.example}" if command.example else ""
        door = app.command(
            cls=_listed(listing, shown) if listing else None, context_settings=more, epilog=shown
        )
        door(_at_work(command))
    return app


def _about(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and leave.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """An emulated photonics laboratory: run studies on it and read their traces."""


def _at_work(command: Command) -> Callable[..., None]:
    """Return the function of ``command``, with a home folder for every ``~`` that an argument begins with.

    While it lasts, it is told now and then that it does, unless it tells so itself or somebody watches a terminal.
    """

    @wraps(command.function)
    def called(**arguments: object) -> None:
        with Pulse(partial(_at_it, command.name), shown=not (command.tells or sys.stderr.isatty())):
            command.function(**{name: _placed(value) for name, value in arguments.items()})

    return called


def _at_it(name: str, lasted_s: float) -> str:
    return f"{name}: at work for {duration(lasted_s)}"


def _placed(value: object) -> object:
    if isinstance(value, list):
        return [_placed(item) for item in value]
    if isinstance(value, str | Path) and str(value).startswith("~"):
        return type(value)(expanded(value))
    return value


def _listed(listing: Callable[[], Sequence[str]], example: str) -> type[TyperCommand]:
    """Return the class of a command whose help ends with ``listing``, made for it alone, and ``example``."""

    class Listed(TyperCommand):
        def get_help(self, *context: Any) -> str:
            self.epilog = "\n\n".join((*listing(), example))
            return super().get_help(*context)

    return Listed


def main(argv: Sequence[str] | None = None, commands: Sequence[Command] = COMMANDS) -> int:
    """Run the command line ``argv`` (None: the process's) and return the exit code.

    Each process keeps to one thread unless its environment says otherwise: the matrices are small.
    """
    for variable in _ONE_THREAD:
        os.environ.setdefault(variable, "1")
    app = app_of(commands)
    try:
        with standard_streams():
            code = app(args=None if argv is None else list(argv), prog_name=_NAME, standalone_mode=False)
    except LightloopError as error:
        return _refuse(str(error))
    except typer.Exit as left:
        return left.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return _refuse("interrupted", _INTERRUPTED)
    except MemoryError as error:
        return _refuse(f"there is not enough memory for this: {error}")
    except Exception as error:
        if not isinstance(error, _UsageError):
            raise
        return _refuse(_with_value(error.format_message(), error.__cause__))
    return code if isinstance(code, int) else 0


def _with_value(message: str, cause: BaseException | None) -> str:
    """Return ``message`` with the word that the parser could not read, which it leaves out itself."""
    if not isinstance(cause, _Unread):
        return message
    value = str(cause.errors()[0]["input"])
    point = value.replace(",", ".", 1)
    hint = f"; write {point}" if point != value and point.replace(".", "", 1).isdigit() else ""
    return f"{message.rstrip('.')}, but it is {value!r}{hint}"


def _refuse(message: str, code: int = _REFUSED) -> int:
    line = f"lightloop: {visible(' '.join(message.split()))[:_MAX_MESSAGE]}\n"
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write(line.encode("utf-8", "replace").decode())
            sys.stderr.flush()
    return code
