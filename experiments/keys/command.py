"""``lightloop keys``: parses, calls and prints; the work is done by the modules that it imports."""

import sys
from typing import Annotated

import typer

from experiments.command import Command, Json
from experiments.keys.completion import prefixes

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
    from rich.console import Console

    from experiments.keys.listing import listed_keys, show_keys
    from experiments.output.json import to_json

    found = listed_keys(prefix)
    if as_json:
        sys.stdout.write(to_json(found) + "\n")
    else:
        show_keys(found, Console())


COMMAND = Command(keys)
