"""``lightloop figure``: parses, calls and prints; the work is done by the modules that it imports."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from experiments.command import Command, Force, TracePath

__all__ = ["COMMAND"]


def figure(
    trace: TracePath,
    out: Annotated[Path, typer.Option("--out", "-o", help="Image to write: .png, .pdf or .svg.")],
    kind: Annotated[
        str | None,
        typer.Option(help="What to draw: recovery, learning, pipeline or speckle; default: what fits."),
    ] = None,
    force: Force = False,
) -> None:
    """Draw a trace: a recovery, a training, the frames of a pipeline, or the speckle behind it."""
    from experiments.figure.kinds import draw_figure

    draw_figure(trace, out, kind, force)
    sys.stdout.write(f"figure {out}\n")


COMMAND = Command(figure)
