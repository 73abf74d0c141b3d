"""``lightloop ceiling``: parses, calls and prints; the work is done by the modules that it imports."""

from typing import Annotated

import typer

from experiments.command import Command, Json, Overlays, Overrides, Quiet, StudyName, changes_of
from experiments.output.streams.standard import say

__all__ = ["COMMAND"]


def ceiling(
    study: StudyName,
    overrides: Overrides = None,
    overlays: Overlays = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random stream.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Seeds, from the study's own on.")] = 1,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Ask an oracle, the exact gradient of the true chip, what any controller could reach."""
    from experiments.ceiling.ceiling import ceilings_of
    from experiments.ceiling.progress import ClimbLine
    from experiments.ceiling.view import as_json as record_of
    from experiments.ceiling.view import show_ceilings
    from experiments.output.json import to_json
    from experiments.output.streams.screen import Screen
    from experiments.run.launch import open_study

    config = open_study(study, changes_of(overlays, overrides), seed)
    with ClimbLine(seeds, quiet) as line:
        found = ceilings_of(config, seeds, line.say)
    if as_json:
        say(to_json(record_of(study, found)) + "\n")
    else:
        show_ceilings(study, found, Screen())


COMMAND = Command(ceiling, tells=True, example="lightloop ceiling vowel_recovery --seeds 3")
