"""``lightloop timeline``: parses, calls and prints; the work is done by the modules that it imports."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.command import Command, Force, TracePath
from experiments.output.streams.standard import say

__all__ = ["COMMAND"]


def timeline(
    trace: TracePath,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="File to write: .json (Chrome) or .pftrace (Perfetto's own format)."
        ),
    ],
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Begin here: emulated seconds, or '10 ms'.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="End here: emulated seconds, or '12 ms'.")
    ] = None,
    force: Force = False,
) -> None:
    """Write a trace as a timeline for ui.perfetto.dev: tracks, counters, arrows from command to effect."""
    from emulator.config.amounts import amount
    from experiments.timeline.files import write_timeline

    from_s, to_s = (None if text is None else amount(text, "s") for text in (from_, to))
    say(f"{write_timeline(trace, out, from_s, to_s, force)}\n")


COMMAND = Command(timeline, example="lightloop timeline out/vowel.h5 -o out/vowel.json")
