"""``lightloop new``: parses, calls and prints; the work is done by the modules that it imports."""

from typing import Annotated

import typer

from experiments.command import Command, Force

__all__ = ["COMMAND"]


def new(
    what: Annotated[str, typer.Argument(help="controller, preset, study or task.")],
    name: Annotated[str, typer.Argument(help="What it shall be called; its file is NAME.py or NAME.toml.")],
    force: Force = False,
) -> None:
    """Write a commented file to start from into this folder, and say how to run it."""
    from experiments.new.writing import write_new
    from experiments.output.streams.standard import say

    written = write_new(what, name, force)
    say(f"wrote {' and '.join(map(str, written.files))}\nrun it: {written.run}\n")


COMMAND = Command(new, example="lightloop new controller my_walk")
