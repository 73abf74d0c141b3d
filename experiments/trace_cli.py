"""The commands that read traces: what each run says, where its time went, and how it compares with others.

They parse, call and print; the work is done by the modules that each command imports.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["add_trace_commands"]

TracePath = Annotated[
    Path, typer.Argument(metavar="TRACE", help="A trace, also one of which only a journal is left.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that lies there.")]


def add_trace_commands(app: typer.Typer) -> None:
    """Let ``app`` know the commands of this module, in the order in which its help lists them."""
    commands: tuple[Callable[..., None], ...] = (
        inspect, whatif, replay, compare, report, timeline, figure, tail, calibrate,
    )  # fmt: skip
    for command in commands:
        app.command()(command)


def inspect(
    trace: TracePath,
    critical_path: Annotated[
        bool,
        typer.Option(
            "--critical-path", help="Show the chain of spans that set the time, and how busy all were."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what a trace says: accuracy, time and energy ledgers, budgets, provenance, checks."""
    from rich.console import Console

    from experiments.output.json import to_json

    if critical_path:
        from experiments.inspect.critical_path import report_path
        from experiments.inspect.critical_path_view import show_path

        path = report_path(trace)
        if as_json:
            sys.stdout.write(to_json(path) + "\n")
        else:
            show_path(path, Console())
        return
    from experiments.inspect.inspection import inspect_trace
    from experiments.inspect.view import show_inspection

    found = inspect_trace(trace)
    if as_json:
        sys.stdout.write(found.to_json() + "\n")
    else:
        show_inspection(found, Console())


Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change one value; may be repeated."),
]


def whatif(
    trace: TracePath,
    overrides: Overrides = None,
    sweeps: Annotated[
        list[str] | None,
        typer.Option(
            "--sweep", metavar="PATH=V1,V2,...", help="Or PATH=START:STOP:COUNT[:log]; several make a grid."
        ),
    ] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print comma-separated values instead of tables.")
    ] = False,
    drawn: Annotated[
        Path | None, typer.Option("--figure", help="Image to write: .png, .pdf or .svg.")
    ] = None,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Say what a recorded run would have cost under other parameters, without running it again."""
    from rich.console import Console

    from experiments.whatif.points import whatif as retimed
    from experiments.whatif.view import draw_whatif, show_whatif

    found = retimed(trace, tuple(overrides or ()), tuple(sweeps or ()))
    if as_json:
        sys.stdout.write(found.to_json() + "\n")
    elif as_csv:
        sys.stdout.write(found.to_csv())
    else:
        show_whatif(found, Console())
    if drawn is not None:
        draw_whatif(found, drawn, force)


def replay(
    trace: TracePath,
    mode: Annotated[
        str,
        typer.Option(
            help="rerun (must be identical), timed (other physics) or closed (re-timed, no physics)."
        ),
    ],
    overrides: Overrides = None,
    out: Annotated[Path | None, typer.Option(help="Trace to write; default: none is kept.")] = None,
    as_json: Json = False,
) -> None:
    """Run a trace again: the same, its commands on other physics, or its commands under other times."""
    from rich.console import Console

    from experiments.output.json import to_json
    from experiments.replay.modes import replay as replayed
    from experiments.replay.view import show_replay

    found = replayed(trace, mode, out, tuple(overrides or ()))
    if as_json:
        sys.stdout.write(to_json(found) + "\n")
    else:
        show_replay(found, Console())


def figure(
    trace: TracePath,
    out: Annotated[Path, typer.Option("--out", "-o", help="Image to write: .png, .pdf or .svg.")],
    kind: Annotated[
        str | None,
        typer.Option(help="What to draw: recovery, learning, pipeline or speckle; default: what fits."),
    ] = None,
    force: Force = False,
) -> None:
    """Draw a trace: a recovery, a training, the frames of a pipeline, or the speckle behind it."""
    from experiments.figure.kinds import draw_figure

    draw_figure(trace, out, kind, force)
    sys.stdout.write(f"figure {out}\n")


def timeline(
    trace: TracePath,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="File to write: .json (Chrome) or .pftrace (Perfetto's own format)."
        ),
    ],
    from_s: Annotated[float | None, typer.Option("--from", help="Begin here, in emulated seconds.")] = None,
    to_s: Annotated[float | None, typer.Option("--to", help="End here, in emulated seconds.")] = None,
    force: Force = False,
) -> None:
    """Write a trace as a timeline for ui.perfetto.dev: tracks, counters, arrows from command to effect."""
    from experiments.timeline import write_timeline

    sys.stdout.write(f"{write_timeline(trace, out, from_s, to_s, force)}\n")


def compare(
    traces: Annotated[list[Path], typer.Argument(metavar="TRACE...", help="Two traces or more.")],
    as_json: Json = False,
) -> None:
    """Compare traces: accuracy, time, energy, their ledgers, and where their configurations differ."""
    from rich.console import Console

    from experiments.compare.comparison import compare_traces
    from experiments.compare.view import show_comparison

    found = compare_traces(traces)
    if as_json:
        sys.stdout.write(found.to_json() + "\n")
    else:
        show_comparison(found, Console())


def report(
    traces: Annotated[list[Path], typer.Argument(metavar="TRACE...", help="One trace or several.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Page to write: .html.")],
    commands: Annotated[int, typer.Option(help="How many commands of each trace its timeline shows.")] = 400,
    force: Force = False,
) -> None:
    """Write one self-contained page about traces, to be opened without a network."""
    from experiments.report import write_report

    write_report(traces, out, force, commands)
    sys.stdout.write(f"report {out}\n")


def tail(
    trace: Annotated[
        Path, typer.Argument(metavar="TRACE", help="The trace of a run, also of one that lasts.")
    ],
    once: Annotated[bool, typer.Option("--once", help="Say one line and leave.")] = False,
    interval: Annotated[float, typer.Option(help="Seconds between two lines.")] = 1.0,
) -> None:
    """Follow a run while it lasts: emulated time, queries, accuracy, power."""
    from experiments.tail import tail_trace

    raise typer.Exit(tail_trace(trace, once, interval))


def calibrate(
    trace: TracePath,
    measured: Annotated[
        Path, typer.Option(metavar="CSV", help="Measured latencies: command,latency_s or kind,latency_s,...")
    ],
    hold: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="Leave this number as it is; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Preset snippet to write: .toml.")] = None,
    seed: Annotated[int, typer.Option(help="Draws what is held out, and the resamples.")] = 0,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Fit the timing of a preset to latencies measured on hardware, and say how well it then predicts others."""
    from rich.console import Console

    from experiments.calibrate.calibration import calibrate as fit
    from experiments.calibrate.snippet import write_snippet
    from experiments.calibrate.view import show_calibration

    found = fit(trace, measured, tuple(hold or ()), seed)
    if as_json:
        sys.stdout.write(found.to_json() + "\n")
    else:
        show_calibration(found, Console())
    if out is not None:
        write_snippet(found, out, force)
        sys.stderr.write(f"snippet {out}\n")
