"""``lightloop tail``: parses, calls and prints; the work is done by the modules that it imports."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.command import Command

__all__ = ["COMMAND"]


def tail(
    trace: Annotated[
        Path, typer.Argument(metavar="TRACE", help="The trace of a run, also of one that lasts.")
    ],
    once: Annotated[bool, typer.Option("--once", help="Say one line and leave.")] = False,
    interval: Annotated[float, typer.Option(help="Seconds between two lines.")] = 1.0,
) -> None:
    """Follow a run while it lasts: emulated time, queries, accuracy, power."""
    from experiments.tail.follow import tail_trace

    raise typer.Exit(tail_trace(trace, once, interval))


COMMAND = Command(tail, example="lightloop tail out/vowel.h5", tells=True)
