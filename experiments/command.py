"""What a command is, and the arguments and options that several commands share.

A room's ``command.py`` ends with ``COMMAND = Command(function, example)``; ``experiments.cli`` lists them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from experiments.keys.completion import overrides, studies

__all__ = [
    "Command",
    "Force",
    "Json",
    "Overlays",
    "Overrides",
    "OwnControllerName",
    "Quiet",
    "StudyName",
    "Sweeps",
    "TracePath",
    "changes_of",
]

TracePath = Annotated[
    Path, typer.Argument(metavar="TRACE", help="A trace, also one of which only a journal is left.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that lies there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing of progress.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change one value; may be repeated. lightloop keys lists the paths.",
        autocompletion=overrides,
    ),
]
StudyName = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A TOML file, or the name of a shipped study: lightloop studies lists them.",
        autocompletion=studies,
    ),
]
Sweeps = Annotated[
    list[str] | None,
    typer.Option(
        "--sweep",
        metavar="PATH=V1,V2,...",
        help="Or PATH=START:STOP:COUNT[:log]; several make a grid.",
        autocompletion=overrides,
    ),
]
OwnControllerName = Annotated[
    str | None,
    typer.Option(
        "--controller",
        metavar="FILE.py:NAME",
        help="A controller of your own in the place of the study's, or one by its name in an installed package; "
        "--set controller.KEY gives it arguments.",
    ),
]
Overlays = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        metavar="FILE.toml",
        help="Lay the sections of this file over the study; --set comes on top.",
    ),
]


def changes_of(overlays: Sequence[Path] | None, overrides: Sequence[str] | None) -> tuple[str, ...]:
    """Return what ``--with`` and ``--set`` change, in the order in which they hold; raises ``ConfigError``."""
    if not overlays:
        return tuple(overrides or ())
    from emulator.config.files import overlay
    from experiments.run.study import seen_from

    return (*overlay(overlays, seen_from), *(overrides or ()))


@dataclass(frozen=True)
class Command:
    """One command: its function has typer's annotations, its docstring is the help, which ends with ``example``.

    ``listing`` is for a command whose further options depend on its arguments: it returns the lines that say which,
    for the help, and may be slow; the function finds such options, unread, in the ``args`` of its context.
    ``tells`` is for a command that says itself how far it is: of others that last, the door says that they work.
    """

    function: Callable[..., None]
    example: str = ""
    listing: Callable[[], tuple[str, ...]] | None = None
    tells: bool = False

    @property
    def name(self) -> str:
        """Return the word that calls it."""
        return self.function.__name__
