"""``lightloop scale``: parses, calls and prints; the work is done by the modules that it imports."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from experiments.command import Command, Json, Overlays, Overrides, StudyName, changes_of
from experiments.output.streams.standard import say, visible

__all__ = ["COMMAND"]


def scale(
    study: StudyName,
    overrides: Overrides = None,
    overlays: Overlays = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random stream.")] = None,
    out: Annotated[Path | None, typer.Option(help="Trace to write; default: none.")] = None,
    as_json: Json = False,
) -> None:
    """Time a training step of any size on GPU and light, without its numbers: seconds, joules, what binds."""
    from experiments.output.json import to_json
    from experiments.output.streams.screen import Screen
    from experiments.run.launch import check_out, open_study
    from experiments.run.watching.interrupts import Interrupts
    from experiments.scale.progress import StepBar
    from experiments.scale.timing import steps_of, time_steps
    from experiments.scale.view import show_timing

    config = open_study(study, changes_of(overlays, overrides), seed)
    if out is not None:
        check_out(out)
    with StepBar(steps_of(config)) as bar, Interrupts() as interrupts:
        found = time_steps(config, out, bar.tell, interrupts.obey)
    if as_json:
        say(to_json(found) + "\n")
    else:
        show_timing(found, Screen())
    if out is not None:
        sys.stderr.write(f"trace {visible(str(out), lines=False)}\n")
    if found.status == "aborted":
        raise typer.Exit(128 + interrupts.number)


COMMAND = Command(scale, example="lightloop scale figure4 --set workload.method=odfa --json", tells=True)
