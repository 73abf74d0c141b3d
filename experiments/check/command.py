"""``lightloop check``: parses, calls and prints; the work is done by the modules that it imports."""

from pathlib import Path
from typing import Annotated

import typer

from emulator.errors import ConfigError
from experiments.command import Command
from experiments.output.streams.standard import say

__all__ = ["COMMAND"]


def check(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The check; without a name, all are listed.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="How many seeds.")] = 5,
    jobs: Annotated[int, typer.Option(help="Runs at the same time.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder of traces and tables.")] = Path("out/check"),
) -> None:
    """Check what Lightloop promises: energy and time, digests, killed runs, damaged files, re-timing."""
    from experiments.check.registry import CHECKS
    from experiments.sweep.trial import choose

    if name is None:
        say("".join(f"{line}\n" for line in _checks()))
        return
    if name not in CHECKS:
        from experiments.paper.registry import EXPERIMENTS

        if name in EXPERIMENTS:
            raise ConfigError(f"check: {name} is an experiment of a paper: lightloop paper {name}")
    choose("check", CHECKS, name, seeds, context.args, jobs).run(out)


def _checks() -> tuple[str, ...]:
    from experiments.check.registry import CHECKS
    from experiments.sweep.trial import listing

    return listing(CHECKS)


COMMAND = Command(check, example="lightloop check views --sets 60", listing=_checks)
