"""``lightloop serve``: parses, calls and prints; the work is done by the modules that it imports."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from experiments.command import Command, Overlays, Overrides, StudyName, changes_of
from experiments.output.streams.standard import say, visible

__all__ = ["COMMAND"]


class PaceName(StrEnum):
    """How emulated time may pass."""

    ASAP = "asap"
    REALTIME = "realtime"
    STEPPED = "stepped"


def serve(  # noqa: PLR0913  (options of a command)
    study: StudyName,
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0 takes any that is free.")] = 5025,
    pace: Annotated[
        PaceName,
        typer.Option(
            help="asap: time passes while somebody waits for it; realtime: with the wall clock; stepped: by "
            "SYSTem:TIME:STEP."
        ),
    ] = PaceName.ASAP,
    factor: Annotated[
        float, typer.Option(min=1e-6, max=1e12, help="Wall seconds per emulated second, in realtime.")
    ] = 1.0,
    listen: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen at; anybody who reaches it may connect.")
    ] = "127.0.0.1",
    control: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="TCP port of this machine, 0 for any, where faults and hidden state are set by whoever has the "
            "token that is printed; default: none.",
        ),
    ] = None,
    overrides: Overrides = None,
    overlays: Overlays = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random stream.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Trace to write; default: out/<study>-served-<N>.h5, the first that is free."),
    ] = None,
) -> None:
    """Serve a study's bench to SCPI clients over TCP, and record what they do. Ctrl-C or SIGTERM ends it."""
    from experiments.run.launch import open_study
    from experiments.serve.serve import Address, Paced, default_out, serve_study

    config = open_study(study, changes_of(overlays, overrides), seed)
    path = default_out(study) if out is None else out
    served = serve_study(config, path, Address(listen, port), Paced(pace.value, factor), announce, control)
    say(f"{served.text}\ntrace: {path}\n")
    raise typer.Exit(served.exit_code)


def announce(line: str, caution: bool = False) -> None:
    """Say ``line`` at once: whoever waits for it reads a pipe; a caution goes to stderr."""
    if caution:
        sys.stderr.write(f"lightloop: caution: {visible(line, lines=False)}\n")
        sys.stderr.flush()
    else:
        say(f"{line}\n")
        sys.stdout.flush()


COMMAND = Command(serve, example="lightloop serve mnist_recovery --port 5025", tells=True)
