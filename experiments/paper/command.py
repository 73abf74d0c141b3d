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
    seeds: Annotated[int | None, typer.Option(help="How many seeds; 5 unless given.")] = None,
    jobs: Annotated[int, typer.Option(help="Runs at the same time.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder of traces, tables and figures.")] = Path("out/paper"),
    quick: Annotated[
        bool, typer.Option("--quick", help="A small one, in minutes; it goes to OUT/quick and says so.")
    ] = False,
    ceilings: Annotated[
        bool,
        typer.Option("--ceilings", help="Add what any controller could reach on each chip, by an oracle."),
    ] = False,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the tables to this file, too.")
    ] = None,
) -> None:
    """Run an experiment of the papers; runs that are finished are not repeated."""
    from experiments.check.registry import CHECKS
    from experiments.output.files import check_new
    from experiments.paper.findings import publish_findings
    from experiments.paper.registry import EXPERIMENTS
    from experiments.sweep.trial import choose

    if name in CHECKS:
        raise ConfigError(f"paper: {name} is a check: lightloop check {name}")
    choice = choose("paper", EXPERIMENTS, name, seeds, context.args, jobs, quick, ceilings)
    if json is not None:
        check_new(json, force=True)
    found = choice.run(out / "quick" if quick else out)
    kind = "Quick run, no result" if quick else "Less than the whole"
    label = f"{kind}: {choice.shortfall}" if choice.shortfall else ""
    publish_findings(name, found, label, json)


def _experiments() -> tuple[str, ...]:
    from experiments.paper.registry import EXPERIMENTS
    from experiments.sweep.trial import listing

    return listing(EXPERIMENTS)


COMMAND = Command(paper, example="lightloop paper alpha --seeds 3", listing=_experiments)
