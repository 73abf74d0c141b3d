"""``lightloop timeline``: parses, calls and prints; the work is done by the modules that it imports."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from experiments.command import Command, Force, TracePath

__all__ = ["COMMAND"]


def timeline(
    trace: TracePath,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="File to write: .json (Chrome) or .pftrace (Perfetto's own format)."
        ),
    ],
    from_s: Annotated[float | None, typer.Option("--from", help="Begin here, in emulated seconds.")] = None,
    to_s: Annotated[float | None, typer.Option("--to", help="End here, in emulated seconds.")] = None,
    force: Force = False,
) -> None:
    """Write a trace as a timeline for ui.perfetto.dev: tracks, counters, arrows from command to effect."""
    from experiments.timeline.files import write_timeline

    sys.stdout.write(f"{write_timeline(trace, out, from_s, to_s, force)}\n")


COMMAND = Command(timeline)
