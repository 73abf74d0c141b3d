"""``lightloop calibrate``: parses, calls and prints; the work is done by the modules that it imports."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from experiments.command import Command, Force, Json, TracePath
from experiments.output.streams.standard import say, visible

__all__ = ["COMMAND"]

_NO_FIT: Final = 5
"""Exit code where latencies that were not fitted are predicted worse than before, or too badly."""


def calibrate(
    trace: TracePath,
    measured: Annotated[
        Path, typer.Option(metavar="CSV", help="Measured latencies: command,latency_s or kind,latency_s,...")
    ],
    hold: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="Leave this number as it is; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Fragment to write, for --with: .toml.")
    ] = None,
    max_error: Annotated[
        float, typer.Option(help="Mean error of unseen latencies above which it is no fit, as a fraction.")
    ] = 0.5,
    seed: Annotated[int, typer.Option(help="Draws what is held out, and the resamples.")] = 0,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Fit the timing of a preset to latencies measured on hardware, and say how well it then predicts others.

    What predicts others worse than before is no fit: nothing is written, and the exit code is 5.
    """
    from experiments.calibrate.calibration import calibrate as fit
    from experiments.calibrate.snippet import write_snippet
    from experiments.calibrate.view import show_calibration
    from experiments.output.files import check_new
    from experiments.output.streams.screen import Screen

    if out is not None:
        check_new(out, force, [trace, measured])
    found = fit(trace, measured, tuple(hold or ()), seed, max_error)
    if as_json:
        say(found.to_json() + "\n")
    else:
        show_calibration(found, Screen())
    if found.no_fit:
        sys.stderr.write(
            f"lightloop: no fit: {found.no_fit}{'; nothing is written' if out is not None else ''}\n"
        )
        raise typer.Exit(_NO_FIT)
    if out is not None:
        write_snippet(found, out, force)
        sys.stderr.write(f"snippet {visible(str(out), lines=False)}\n")


COMMAND = Command(
    calibrate, example="lightloop calibrate out/vowel.h5 --measured latencies.csv -o out/fitted.toml"
)
