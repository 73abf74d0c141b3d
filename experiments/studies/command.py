"""``lightloop studies``: parses, calls and prints; the work is done by the modules that it imports."""

from typing import Annotated

import typer

from experiments.command import Command, Json
from experiments.keys.completion import studies as known
from experiments.output.streams.standard import say

__all__ = ["COMMAND"]


def studies(
    name: Annotated[
        str | None, typer.Argument(help="Print this study as TOML, with its sources.", autocompletion=known)
    ] = None,
    as_json: Json = False,
) -> None:
    """List the studies that come with Lightloop, or print one."""
    from experiments.output.json import to_json
    from experiments.output.streams.screen import Screen
    from experiments.studies.listing import show_studies, study_text, the_studies

    if name is not None:
        say(study_text(name))
        return
    found = the_studies()
    if as_json:
        say(to_json(found) + "\n")
    else:
        show_studies(found, Screen())


COMMAND = Command(studies, example="lightloop studies vowel_recovery")
