"""``lightloop replay``: parses, calls and prints; the work is done by the modules that it imports."""

from pathlib import Path
from typing import Annotated, Final

import typer

from experiments.command import Command, Json, Overlays, Overrides, OwnControllerName, TracePath, changes_of
from experiments.output.streams.standard import say

__all__ = ["COMMAND"]

DIFFERS: Final = 4
"""Exit code of a rerun that is not identical."""


def replay(
    trace: TracePath,
    mode: Annotated[
        str,
        typer.Option(
            help="rerun (must be identical), timed (other physics) or closed (re-timed, no physics)."
        ),
    ],
    overrides: Overrides = None,
    overlays: Overlays = None,
    controller: OwnControllerName = None,
    out: Annotated[Path | None, typer.Option(help="Trace to write; default: none is kept.")] = None,
    as_json: Json = False,
) -> None:
    """Run a trace again: the same, its commands on other physics, or its commands under other times.

    A rerun of a controller of your own wants it named by --controller, and refuses another file. A rerun that is
    not identical ends with exit code 4.
    """
    from experiments.output.json import to_json
    from experiments.output.streams.screen import Screen
    from experiments.replay.modes import replay as replayed
    from experiments.replay.rerun import Rerun
    from experiments.replay.view import show_replay
    from experiments.run.own.loading import load_own

    own = None if controller is None else load_own(controller)
    found = replayed(trace, mode, out, changes_of(overlays, overrides), own)
    if as_json:
        say(to_json(found) + "\n")
    else:
        show_replay(found, Screen())
    if isinstance(found, Rerun) and not found.identical:
        raise typer.Exit(DIFFERS)


COMMAND = Command(replay, example="lightloop replay out/vowel.h5 --mode rerun")
