"""``lightloop bench``: parses, calls and prints; the work is done by the modules that it imports."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.command import Command

__all__ = ["COMMAND"]


def bench(
    part: Annotated[
        str | None,
        typer.Argument(
            help="queries, light, retiming, sweep, scale, text or wire; default: the first three."
        ),
    ] = None,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write name -> number here.")
    ] = None,
    rival_python: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="A Python that has lightonml 1.4.3, to compare projections with."),
    ] = None,
) -> None:
    """Measure what the emulator itself costs, as ratios."""
    from experiments.benchmarks.main import run_benchmarks

    run_benchmarks(json_path, part=part, rival_python=rival_python)


COMMAND = Command(bench, example="lightloop bench queries")
