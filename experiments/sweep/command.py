"""``lightloop sweep``: parses, calls and prints; the work is done by the modules that it imports."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from experiments.command import (
    Command,
    Json,
    Overlays,
    Overrides,
    OwnControllerName,
    Quiet,
    StudyName,
    Sweeps,
    changes_of,
)
from experiments.output.streams.standard import say, visible

__all__ = ["COMMAND"]


def sweep(  # noqa: PLR0913  (each option is one of the command line)
    study: StudyName,
    sweeps: Sweeps = None,
    seeds: Annotated[int, typer.Option(help="Seeds of each point, from the study's own on.")] = 1,
    seed: Annotated[int | None, typer.Option(help="The first seed, instead of the study's.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of tables, figures and traces; default: out/<study>-sweep.")
    ] = None,
    overrides: Overrides = None,
    overlays: Overlays = None,
    controller: OwnControllerName = None,
    workers: Annotated[int, typer.Option(help="Runs at the same time.")] = 2,
    executor: Annotated[str, typer.Option(help="processes, threads or dask.")] = "processes",
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler; default: one is started here.")
    ] = None,
    traces: Annotated[
        bool, typer.Option("--traces/--no-traces", help="Keep the trace of every run, in OUT/traces.")
    ] = True,
    attempts: Annotated[int, typer.Option(help="How often a point may fail until it is left alone.")] = 3,
    pareto: Annotated[
        str, typer.Option(metavar="NAME,NAME", help="Mark and draw the Pareto front, as accuracy,energy_j.")
    ] = "",
    parquet: Annotated[bool, typer.Option("--parquet", help="Write results.parquet, too.")] = False,
    figures: Annotated[bool, typer.Option("--figures/--no-figures", help="Draw the tables, too.")] = True,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a study at every point of one axis or more, with several seeds. Called again, it goes on."""
    from experiments.output.streams.screen import Screen
    from experiments.output.terminal import show
    from experiments.sweep.plan import plan_of
    from experiments.sweep.progress import SweepLine, sized
    from experiments.sweep.summary import summary_tables
    from experiments.sweep.sweep import Manner, run_sweep

    changes = changes_of(overlays, overrides)
    plan = plan_of(study, tuple(sweeps or ()), seeds, changes, seed, controller)
    folder = out or Path("out") / f"{Path(study).name.removesuffix('.toml')}-sweep"
    if not quiet:
        sys.stderr.write(f"sweep: {sized(plan, traces)} -> {visible(str(folder), lines=False)}\n")
    manner = Manner(executor, workers, scheduler, attempts, traces, parquet, figures)
    with SweepLine(quiet) as line:
        found = run_sweep(plan, folder, manner, pareto, line.say)
    if as_json:
        say(found.to_json() + "\n")
    else:
        for table in summary_tables(found.summary):
            show(table, Screen())
        say(f"\n{folder}: {', '.join(found.files)}\n")
    if found.stopped:
        sys.stderr.write(
            f"lightloop: stopped; {found.missing} of {len(plan.runs)} runs are missing; the same command goes on\n"
        )
        raise typer.Exit(128 + found.stopped)
    found.raise_failures()


COMMAND = Command(
    sweep,
    example="lightloop sweep vowel_recovery --sweep chip.dac.bits=6,8 --set controller.queries=2000 --out out/bits",
    tells=True,
)
