"""``lightloop presets``: parses, calls and prints; the work is done by the modules that it imports."""

from typing import Annotated

import typer

from experiments.command import Command
from experiments.keys.completion import preset_kinds
from experiments.keys.completion import presets as known
from experiments.output.streams.standard import say

__all__ = ["COMMAND"]


def presets(
    kind: Annotated[
        str | None, typer.Argument(help="chip, gpu, host or opu; default: all.", autocompletion=preset_kinds)
    ] = None,
    name: Annotated[
        str | None,
        typer.Argument(
            help="Print this preset, or a file of one's own, as TOML with its sources.", autocompletion=known
        ),
    ] = None,
) -> None:
    """List the presets, or print one with the source of every number."""
    from experiments.output.streams.screen import Screen
    from experiments.presets.view import preset_text, show_presets

    if kind is not None and name is not None:
        say(preset_text(kind, name))
    else:
        show_presets(kind, Screen())


COMMAND = Command(presets, example="lightloop presets opu full_frame")
