"""``lightloop studies``: parses, calls and prints; the work is done by the modules that it imports."""

import sys
from typing import Annotated

import typer

from experiments.command import Command, Json
from experiments.keys.completion import studies as known

__all__ = ["COMMAND"]


def studies(
    name: Annotated[
        str | None, typer.Argument(help="Print this study as TOML, with its sources.", autocompletion=known)
    ] = None,
    as_json: Json = False,
) -> None:
    """List the studies that come with Lightloop, or print one."""
    from rich.console import Console

    from experiments.output.json import to_json
    from experiments.studies.listing import show_studies, study_text, the_studies

    if name is not None:
        sys.stdout.write(study_text(name))
        return
    found = the_studies()
    if as_json:
        sys.stdout.write(to_json(found) + "\n")
    else:
        show_studies(found, Console())


COMMAND = Command(studies)
