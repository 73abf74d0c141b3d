"""The arguments and options that several commands share; each command's own stand with the command."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Force", "Json", "Overrides", "Quiet", "TracePath"]

TracePath = Annotated[
    Path, typer.Argument(metavar="TRACE", help="A trace, also one of which only a journal is left.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that lies there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Draw no progress line.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change one value; may be repeated."),
]
