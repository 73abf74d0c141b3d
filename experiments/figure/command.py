"""``lightloop figure``: parses, calls and prints; the work is done by the modules that it imports."""

from pathlib import Path
from typing import Annotated

import typer

from emulator.errors import ConfigError
from experiments.command import Command, Force
from experiments.output.streams.standard import say

__all__ = ["COMMAND"]


def figure(
    traces: Annotated[
        list[Path], typer.Argument(metavar="TRACE...", help="Traces, or the folder of a sweep.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Image to write: .png, .pdf or .svg; of a sweep: its own, if none is named."
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="What to draw: recovery, learning, pipeline or speckle, of a sweep: sweep or pareto; default: "
            "what fits."
        ),
    ] = None,
    pareto: Annotated[
        str, typer.Option(metavar="NAME,NAME", help="Of a sweep: the front of these goals.")
    ] = "",
    force: Force = False,
) -> None:
    """Draw traces or a sweep: a recovery, a training, the frames of a pipeline, or the speckle behind it.

    Several traces become a line a setting: the mean over seeds with its 95 % interval.
    """
    from experiments.figure.folder import FOLDER_KINDS, draw_folder
    from experiments.figure.kinds import draw_figure

    note = ""
    folders = [path for path in traces if path.is_dir()]
    if folders:
        if len(traces) > 1:
            raise ConfigError(f"figure: {folders[0]} is a folder; give one sweep's folder alone, or traces")
        outs = draw_folder(folders[0], out, kind, pareto, force)
    elif pareto or kind in FOLDER_KINDS:
        raise ConfigError(
            f"figure: {f'--kind {kind}' if kind in FOLDER_KINDS else '--pareto'} needs the folder of a sweep; "
            f"{traces[0]} is none"
        )
    elif out is None:
        raise ConfigError("figure: no image is named; give --out FILE (-o): .png, .pdf or .svg")
    else:
        note = draw_figure(traces, out, kind, force)
        outs = (out,)
    for each in outs:
        say(f"figure {each}{note and f'; {note}'}\n")


COMMAND = Command(figure, example="lightloop figure out/vowel.h5 -o out/vowel.png")
