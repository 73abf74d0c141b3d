"""``lightloop export``: parses, calls and prints; the work is done by the modules that it imports."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.command import Command, Force, Json, TracePath
from experiments.keys.completion import tables
from experiments.output.streams.standard import say

__all__ = ["COMMAND"]


def export(
    trace: TracePath,
    table: Annotated[
        str,
        typer.Option(
            "--table",
            metavar="NAME",
            help="commands, spans, power, metrics, readings, states, or another table of the trace.",
            autocompletion=tables,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write: .csv or .parquet.")],
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Write one table of a trace as CSV or Parquet, with units in the names of its columns."""
    from experiments.export.files import export_table
    from experiments.output.json import to_json

    written = export_table(trace, table, out, force)
    say(f"{to_json(written) if as_json else written}\n")


COMMAND = Command(export, example="lightloop export out/vowel.h5 --table metrics -o out/metrics.csv")
