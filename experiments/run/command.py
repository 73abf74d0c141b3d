"""``lightloop run``: parses, calls and prints; the work is done by the modules that it imports."""

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
    changes_of,
)
from experiments.output.streams.standard import say, visible

__all__ = ["COMMAND"]

BenchUrls = Annotated[
    list[str] | None,
    typer.Option(
        metavar="URL",
        help="Run on a bench at the end of a wire, tcp://HOST:PORT, such as one of lightloop serve, and not on an "
        "emulated one. Once for each instrument that has an address of its own.",
    ),
]
DialectNames = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME|FILE.toml",
        help="In which words --bench is spoken to, once for each; default: those of lightloop serve.",
    ),
]


def run(  # noqa: PLR0913  (options of a command)
    study: StudyName,
    overrides: Overrides = None,
    overlays: Overlays = None,
    controller: OwnControllerName = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random stream.")] = None,
    out: Annotated[Path | None, typer.Option(help="Trace to write; default: out/<study>-seed<N>.h5.")] = None,
    bench: BenchUrls = None,
    dialect: DialectNames = None,
    quiet: Quiet = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what the run would take, and write nothing.")
    ] = False,
    silence_s: Annotated[
        float | None,
        typer.Option(
            help="End the run, as Ctrl-C does, where an agent asks nothing for so many seconds of wall time; "
            "default: never. Another machine may end it elsewhere."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a study and record its trace. Ctrl-C ends it with a valid trace."""
    from experiments.inspect.inspection import inspect_trace
    from experiments.inspect.view import show_summary
    from experiments.output.streams.screen import Screen
    from experiments.run.launch import check_out, default_out, launch_on, open_study, refuse_mixed
    from experiments.run.own.loading import load_own
    from experiments.run.own.own import refuse_absent, with_own
    from experiments.run.preflight.view import show_estimate

    own, changes = None, changes_of(overlays, overrides)
    if controller is not None:
        own, changes = load_own(controller).given(changes)
    config = open_study(study, changes, seed)
    if own is None:
        refuse_absent(config)
    else:
        config = with_own(config, own)
    path = default_out(study, config.seed) if out is None else out
    for caution in config.cautions():
        sys.stderr.write(f"lightloop: caution: {visible(caution, lines=False)}\n")
    benches, dialects = bench or (), dialect or ()
    refuse_mixed(benches, dialects, dry_run)
    if dry_run:
        check_out(path)
        show_estimate(config, as_json, own)
        return
    launched = launch_on(benches, dialects, config, path, quiet, own, silence_s)
    found = inspect_trace(path)
    if as_json:
        say(found.to_json() + "\n")
        raise typer.Exit(launched.exit_code)
    console = Screen()
    show_summary(found, console)
    if launched.result.late_events:
        console.print(
            f"{launched.result.late_events:,} events came late by the wall clock, by more than 1 ms"
        )
    raise typer.Exit(launched.exit_code)


COMMAND = Command(
    run,
    example="lightloop run vowel_recovery --set controller.queries=2000 --seed 1 --out out/vowel.h5",
    tells=True,
)
