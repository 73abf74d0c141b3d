"""``lightloop compare``: parses, calls and prints; the work is done by the modules that it imports."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.command import Command, Json
from experiments.output.streams.standard import say

__all__ = ["COMMAND"]


def compare(
    traces: Annotated[list[Path], typer.Argument(metavar="TRACE...", help="Two traces or more.")],
    as_json: Json = False,
) -> None:
    """Compare traces: accuracy, time, energy, their ledgers, and where their configurations differ.

    Traces that differ in their seeds alone are one column: means with 95 % intervals, paired differences.
    """
    from experiments.compare.comparison import compare_traces
    from experiments.compare.groups_view import show_groups
    from experiments.compare.view import show_comparison
    from experiments.output.streams.screen import Screen

    found = compare_traces(traces)
    if as_json:
        say(found.to_json() + "\n")
    elif found.seeds_are_grouped:
        show_groups(found, Screen())
    else:
        show_comparison(found, Screen())


COMMAND = Command(compare, example="lightloop compare out/vowel.h5 out/other.h5")
