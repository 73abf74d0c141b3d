"""``lightloop paper``: parses, calls and prints; the work is done by the modules that it imports."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["paper"]


def paper(
    name: Annotated[str, typer.Argument(help="The experiment; a wrong name lists them.")],
    seeds: Annotated[int, typer.Option(help="How many seeds.")] = 5,
    queries: Annotated[
        int | None,
        typer.Option(help="Queries of a run (light, ternary: epochs; recovery, latency: vectors)."),
    ] = None,
    jobs: Annotated[int, typer.Option(help="Runs at the same time.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder of traces, tables and figures.")] = Path("out/paper"),
) -> None:
    """Run an experiment of the paper; runs that are finished are not repeated."""
    from experiments.paper.main import run_paper

    run_paper(name, out, seeds, queries, jobs)
