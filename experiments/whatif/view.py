"""A what-if as a table for a terminal; it computes nothing."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from emulator.units import format_si
from experiments.output.amounts import shown_value
from experiments.output.streams.standard import visible
from experiments.output.tables import Column, table_of
from experiments.output.terminal import show
from experiments.whatif.points import Point, WhatIf

__all__ = ["show_whatif"]


def show_whatif(found: WhatIf, console: Console) -> None:
    """Print a row for the recording and one for each point, and every warning once."""
    title = (
        f"What if: {found.title or found.trace}, re-timed ({found.mode}: readings and choices as recorded)"
    )
    console.print(Text(visible(title, lines=False), style="bold"))
    varied = tuple(path for path in found.parameters if len({_value(row, path) for row in found.points}) > 1)
    names = _short_names(varied)
    for name, path in zip(names, varied, strict=True):
        console.print(Text(f"  {name}: {path}", style="dim"))
    console.print(Text("  0: as recorded", style="dim"))
    for path in found.parameters:
        if path not in varied:
            console.print(Text(f"  {path} = {_value(found.points[0], path)}", style="dim"))
    numbers = _warning_numbers(found)
    rows = (
        (
            str(place),
            *(_value(row, path) for path in varied),
            *_amounts(row),
            _marks(row, numbers),
        )
        for place, row in enumerate(found.rows)
    )
    ends = (Column("binds", words=True), Column("", words=True))
    columns: tuple[str | Column, ...] = ("", *names, "time", "x", "energy", "x", "E*t x", *ends)
    warnings = tuple(f"[{number}] {warning}" for warning, number in numbers.items())
    show(table_of("", columns, rows, warnings), console)


def _short_names(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the last part of each dotted path, or the whole path where several end alike."""
    last = [path.rsplit(".", 1)[-1] for path in paths]
    return tuple(name if last.count(name) == 1 else path for name, path in zip(last, paths, strict=True))


def _warning_numbers(found: WhatIf) -> dict[str, int]:
    warnings = dict.fromkeys(warning for row in found.rows for warning in row.warnings)
    return {warning: number for number, warning in enumerate(warnings, start=1)}


def _marks(row: Point, numbers: dict[str, int]) -> str:
    return " ".join(f"[{numbers[warning]}]" for warning in row.warnings)


def _value(row: Point, path: str) -> str:
    """Return the value at ``path``, or nothing where it is as recorded."""
    return shown_value(path, row.changed[path]) if path in row.changed else ""


def _amounts(row: Point) -> tuple[str, ...]:
    return (
        format_si(row.elapsed_s, "s"),
        f"{row.elapsed_ratio:.3g}",
        format_si(row.energy_j, "J"),
        f"{row.energy_ratio:.3g}",
        f"{row.energy_delay_ratio:.3g}",
        row.binds,
    )
