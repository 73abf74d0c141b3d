"""``lightloop keys``: parses, calls and prints; the work is done by the modules that it imports."""

from typing import Annotated

import typer

from experiments.command import Command, Json
from experiments.keys.completion import prefixes
from experiments.output.streams.standard import say

__all__ = ["COMMAND"]


def keys(
    prefix: Annotated[
        str,
        typer.Argument(
            metavar="[PREFIX]", help="The beginning of a dotted path; default: all.", autocompletion=prefixes
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """List what may be set in a study: unit, range, default and meaning of every key."""
    from experiments.keys.listing import listed_keys, show_keys
    from experiments.output.json import to_json
    from experiments.output.streams.screen import Screen

    found = listed_keys(prefix)
    if as_json:
        say(to_json(found) + "\n")
    else:
        show_keys(found, Screen())


COMMAND = Command(keys, example="lightloop keys chip.heaters")
