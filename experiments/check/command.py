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
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="N or A-B",
            help="With a check, how many seeds (5 unless given). Without one, the simulation of random benches: "
            "N is seeds 0 to N-1, A-B is seeds A to B, and 7-7 is seed 7.",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(help="Runs at the same time.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder of traces and tables.")] = Path("out/check"),
) -> None:
    """Check what Lightloop promises: energy and time, digests, killed runs, damaged files, random benches."""
    from experiments.check.registry import CHECKS
    from experiments.sweep.trial import choose

    if name is None and seeds is not None:
        from experiments.check.endurance.seeds import check_seeds, seeds_of

        if context.args:
            raise ConfigError(f"check --seeds: {context.args[0][:60]!r} is no option; allowed: --jobs, --out")
        if jobs < 1:
            raise ConfigError(f"check --seeds: jobs={jobs} is not allowed; allowed: >= 1")
        check_seeds(seeds_of(seeds), jobs, out)
        return
    if name is None:
        say("".join(f"{line}\n" for line in _checks()))
        return
    if name not in CHECKS:
        from experiments.paper.registry import EXPERIMENTS

        if name in EXPERIMENTS:
            raise ConfigError(f"check: {name} is an experiment of a paper: lightloop paper {name}")
    choose("check", CHECKS, name, _count(name, seeds), context.args, jobs).run(out)


def _count(name: str, seeds: str | None) -> int | None:
    """Return how many seeds a check is to have; raises ``ConfigError`` for a range: the simulation's alone."""
    try:
        return None if seeds is None else int(seeds)
    except ValueError as error:
        raise ConfigError(
            f"check {name}: --seeds {seeds[:60] if seeds else seeds!r} is refused; allowed: a whole number"
        ) from error


def _checks() -> tuple[str, ...]:
    from experiments.check.registry import CHECKS
    from experiments.sweep.trial import listing

    return listing(CHECKS)


COMMAND = Command(check, example="lightloop check --seeds 0-499", listing=_checks)
