"""The door: a list of commands, one line each; what a command does stands in the ``command.py`` of its room.

Exit codes: 0 done (a spent budget is done, too), 2 refused or failed in a way Lightloop foresees (one line on
stderr), 3 the run diverged, 130 and 143 ended by Ctrl-C and SIGTERM, 1 anything unforeseen (a traceback).
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Final, Protocol, runtime_checkable

import typer

from emulator.errors import LightloopError
from experiments.benchmarks.command import bench
from experiments.calibrate.command import calibrate
from experiments.compare.command import compare
from experiments.demo.command import demo
from experiments.figure.command import figure
from experiments.inspect.command import inspect
from experiments.paper.command import paper
from experiments.presets.command import presets
from experiments.replay.command import replay
from experiments.report.command import report
from experiments.run.command import run
from experiments.tail.command import tail
from experiments.timeline.command import timeline
from experiments.whatif.command import whatif

__all__ = ["COMMANDS", "Command", "app_of", "main"]

Command = Callable[..., None]
"""A function with typer's annotations: its name is the command's, the first line of its docstring the help."""

COMMANDS: Final[tuple[Command, ...]] = (
    run,
    presets,
    inspect,
    whatif,
    replay,
    compare,
    report,
    timeline,
    figure,
    tail,
    calibrate,
    demo,
    bench,
    paper,
)
"""Every command, in the order in which the help lists them."""

_ONE_THREAD: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_REFUSED: Final = 2
_MAX_MESSAGE: Final = 2000


@runtime_checkable
class _UsageError(Protocol):
    """What an error of the option parser offers; its class is not public."""

    exit_code: int

    def format_message(self) -> str: ...


def app_of(commands: Sequence[Command] = COMMANDS) -> typer.Typer:
    """Return the application that knows ``commands``."""
    app = typer.Typer(
        name="lightloop",
        help="An emulated photonics laboratory: run studies on it and read their traces.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for command in commands:
        app.command()(command)
    return app


def main(argv: Sequence[str] | None = None, commands: Sequence[Command] = COMMANDS) -> int:
    """Run the command line ``argv`` (None: the process's) and return the exit code.

    Each process keeps to one thread unless its environment says otherwise: the matrices are small.
    """
    for variable in _ONE_THREAD:
        os.environ.setdefault(variable, "1")
    app = app_of(commands)
    try:
        code = app(args=None if argv is None else list(argv), prog_name="lightloop", standalone_mode=False)
    except LightloopError as error:
        return _refuse(str(error))
    except Exception as error:
        if not isinstance(error, _UsageError):
            raise
        return _refuse(error.format_message())
    return code if isinstance(code, int) else 0


def _refuse(message: str) -> int:
    sys.stderr.write(f"lightloop: {' '.join(message.split())[:_MAX_MESSAGE]}\n")
    return _REFUSED
