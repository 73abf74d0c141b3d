"""``lightloop calibrate``: parses, calls and prints; the work is done by the modules that it imports."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from emulator.errors import ConfigError
from experiments.command import Command, Force, Json
from experiments.output.streams.standard import say, visible

__all__ = ["COMMAND"]

_Judged = tuple[tuple[str, ...], int, float]
"""What is held, the seed, and the largest error of a fit."""

_NO_FIT: Final = 5
"""Exit code where latencies that were not fitted are predicted worse than before, or too badly."""


def calibrate(  # noqa: PLR0913  (options of a command)
    measured: Annotated[
        Path,
        typer.Option(
            metavar="CSV",
            help="Measured latencies: command,latency_s or kind,latency_s,...; calls for --preset: "
            "vectors,features,outputs,seconds or flops,bytes,seconds",
        ),
    ],
    trace: Annotated[
        Path | None, typer.Argument(help="A trace, also one of which only a journal is left.")
    ] = None,
    preset: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="KIND NAME", help="Fit this preset of gpu, host or opu; no trace is needed."),
    ] = None,
    holdout: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Calls to judge a preset by; else half of --measured, drawn."),
    ] = None,
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
    from experiments.output.files import check_new

    if (trace is None) == (preset is None):
        raise ConfigError("calibrate: one of a trace and --preset KIND NAME is needed, and only one")
    if holdout is not None and preset is None:
        raise ConfigError("calibrate: --holdout is refused without --preset: a trace's latencies are halved")
    read = [path for path in (trace, measured, holdout) if path is not None]
    if out is not None:
        check_new(out, force, read)
    held = tuple(hold or ())
    if preset is not None:
        fitted = _of_preset(preset, read, holdout, (held, seed, max_error), as_json)
    else:
        fitted = _of_trace(read[0], measured, (held, seed, max_error), as_json)
    if fitted.no_fit:
        nothing = "; nothing is written" if out is not None else ""
        sys.stderr.write(f"lightloop: no fit: {fitted.no_fit}{nothing}\n")
        raise typer.Exit(_NO_FIT)
    if out is not None:
        fitted.write(out, force)
        sys.stderr.write(f"snippet {visible(str(out), lines=False)}\n")


class _Shown(NamedTuple):
    """A fit that was shown: why it is none, or "", and what writes its fragment."""

    no_fit: str
    write: Callable[[Path, bool], None]


def _of_trace(trace: Path, measured: Path, judged: _Judged, as_json: bool) -> _Shown:
    from experiments.calibrate.calibration import calibrate as fit
    from experiments.calibrate.snippet import write_snippet
    from experiments.calibrate.view import show_calibration
    from experiments.output.streams.screen import Screen

    found = fit(trace, measured, *judged)
    if as_json:
        say(found.to_json() + "\n")
    else:
        show_calibration(found, Screen())
    return _Shown(found.no_fit, partial(write_snippet, found))


def _of_preset(
    preset: tuple[str, str], read: list[Path], holdout: Path | None, judged: _Judged, as_json: bool
) -> _Shown:
    from experiments.calibrate.tables.fitting import fit_preset
    from experiments.calibrate.tables.fragment import write_fragment
    from experiments.calibrate.tables.view import show_preset_fit
    from experiments.output.json import to_json
    from experiments.output.streams.screen import Screen

    found = fit_preset(preset, read[0], holdout, *judged)
    if as_json:
        say(to_json(found) + "\n")
    else:
        show_preset_fit(found, Screen())
    return _Shown(found.no_fit, partial(write_fragment, found, read))


COMMAND = Command(
    calibrate, example="lightloop calibrate out/vowel.h5 --measured latencies.csv -o out/fitted.toml"
)
