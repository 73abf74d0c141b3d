"""``lightloop whatif``: parses, calls and prints; the work is done by the modules that it imports."""

from pathlib import Path
from typing import Annotated

import typer

from emulator.errors import ConfigError
from experiments.command import Command, Force, Json, Overlays, Overrides, Sweeps, TracePath, changes_of
from experiments.output.streams.standard import say

__all__ = ["COMMAND"]


def whatif(  # noqa: PLR0913  (each option is one of the command line)
    trace: TracePath,
    overrides: Overrides = None,
    overlays: Overlays = None,
    sweeps: Sweeps = None,
    elasticity: Annotated[
        bool,
        typer.Option(
            "--elasticity",
            help="Halve, double and leave out every parameter of time and power, and rank them.",
        ),
    ] = False,
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
    from experiments.output.drawing import check_image
    from experiments.output.streams.screen import Screen
    from experiments.whatif.picture import draw_whatif
    from experiments.whatif.points import whatif as retimed
    from experiments.whatif.view import show_whatif

    if drawn is not None:
        check_image(drawn, force, [trace])
    if elasticity:
        _elasticity(trace, changes_of(overlays, overrides), sweeps, as_json, as_csv, (drawn, force))
        return
    found = retimed(trace, changes_of(overlays, overrides), tuple(sweeps or ()))
    if as_json:
        say(found.to_json() + "\n")
    elif as_csv:
        say(found.to_csv())
    else:
        show_whatif(found, Screen())
    if drawn is not None:
        draw_whatif(found, drawn, force)


def _elasticity(
    trace: Path,
    settings: tuple[str, ...],
    sweeps: list[str] | None,
    as_json: bool,
    as_csv: bool,
    image: tuple[Path | None, bool],
) -> None:
    """Print, and draw, which change of the run in ``trace`` pays most."""
    from experiments.output.streams.screen import Screen
    from experiments.whatif.elasticity import elasticities
    from experiments.whatif.elasticity_view import show_elasticities
    from experiments.whatif.tornado import draw_tornado

    if sweeps:
        raise ConfigError("whatif: --elasticity varies every parameter by itself; give --set, but no --sweep")
    found = elasticities(trace, settings)
    if as_json:
        say(found.to_json() + "\n")
    elif as_csv:
        say(found.to_csv())
    else:
        show_elasticities(found, Screen())
    if image[0] is not None:
        draw_tornado(found, image[0], image[1])


COMMAND = Command(
    whatif,
    example='lightloop whatif out/vowel.h5 --sweep "chip.link.latency_s=1 us,10 us" --set host.overhead_s=1us',
)
