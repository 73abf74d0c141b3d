"""``lightloop report``: parses, calls and prints; the work is done by the modules that it imports."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.command import Command, Force
from experiments.output.streams.standard import say

__all__ = ["COMMAND"]


def report(
    traces: Annotated[list[Path], typer.Argument(metavar="TRACE...", help="One trace or several.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Page to write: .html.")],
    commands: Annotated[int, typer.Option(help="How many commands of each trace its timeline shows.")] = 400,
    force: Force = False,
) -> None:
    """Write one self-contained page about traces, to be opened without a network."""
    from experiments.report.report import write_report

    write_report(traces, out, force, commands)
    say(f"report {out}\n")


COMMAND = Command(report, example="lightloop report out/vowel.h5 out/other.h5 -o out/vowel.html")
