"""``lightloop demo``: parses, calls and prints; the work is done by the modules that it imports."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.command import Command, Quiet

__all__ = ["COMMAND"]


def demo(
    out: Annotated[Path, typer.Option(help="Folder; files of an earlier demo there are replaced.")] = Path(
        "out/demo"
    ),
    quiet: Quiet = False,
) -> None:
    """Tune two chips, train a network with light, print their ledgers and draw their figures: three minutes."""
    from experiments.demo.tour import run_demo
    from experiments.output.streams.screen import Screen

    raise typer.Exit(run_demo(out, Screen(), quiet))


COMMAND = Command(demo, example="lightloop demo", tells=True)
