"""``lightloop paper``: parses, calls and prints; the work is done by the modules that it imports."""

from pathlib import Path
from typing import Annotated

import typer

from emulator.errors import ConfigError
from experiments.command import Command

__all__ = ["COMMAND"]


def paper(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The experiment; all are listed below.")],
    seeds: Annotated[int, typer.Option(help="How many seeds.")] = 5,
    jobs: Annotated[int, typer.Option(help="Runs at the same time.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder of traces, tables and figures.")] = Path("out/paper"),
) -> None:
    """Run an experiment of the papers; runs that are finished are not repeated."""
    from experiments.check.registry import CHECKS
    from experiments.paper.registry import EXPERIMENTS
    from experiments.sweep.trial import run_trial

    if name in CHECKS:
        raise ConfigError(f"paper: {name} is a check: lightloop check {name}")
    run_trial("paper", EXPERIMENTS, name, out, seeds, context.args, jobs)


def _experiments() -> tuple[str, ...]:
    from experiments.paper.registry import EXPERIMENTS
    from experiments.sweep.trial import listing

    return listing(EXPERIMENTS)


COMMAND = Command(paper, _experiments)
