"""``lightloop inspect``: parses, calls and prints; the work is done by the modules that it imports."""

from typing import Annotated

import typer

from experiments.command import Command, Json, TracePath
from experiments.output.streams.standard import say

__all__ = ["COMMAND"]


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
    """Show what a trace says: accuracy, time and energy ledgers, budgets, provenance, checks.

    Of a run that goes on, what it has recorded so far.
    """
    from experiments.output.json import to_json
    from experiments.output.streams.screen import Screen

    if critical_path:
        from experiments.inspect.critical_path import report_path
        from experiments.inspect.critical_path_view import show_path

        path = report_path(trace)
        if as_json:
            say(to_json(path) + "\n")
        else:
            show_path(path, Screen())
        return
    from experiments.inspect.inspection import inspect_trace
    from experiments.inspect.view import show_inspection

    found = inspect_trace(trace)
    if as_json:
        say(found.to_json() + "\n")
    else:
        show_inspection(found, Screen())


COMMAND = Command(inspect, example="lightloop inspect out/vowel.h5 --critical-path")
