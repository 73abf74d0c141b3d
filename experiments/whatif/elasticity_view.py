"""Which change pays most, as tables for a terminal: by time, energy and energy x delay; it computes nothing."""

import math
from typing import Final

from rich.console import Console
from rich.text import Text

from emulator.units import format_si
from experiments.output.amounts import unit_of
from experiments.output.streams.standard import visible
from experiments.output.tables import Column, Table, table_of
from experiments.output.terminal import show
from experiments.whatif.elasticity import Cost, Elasticities, Parameter

__all__ = ["MEASURES", "show_elasticities", "value_text"]

MEASURES: Final = (("time_s", "time", "s"), ("energy_j", "energy", "J"), ("edp_js", "energy x delay", "J s"))
"""What parameters are ranked by: the name of its amount, what people call it, and its unit."""

_ROWS: Final = 12
"""Parameters of a table; JSON has them all."""


def show_elasticities(found: Elasticities, console: Console) -> None:
    """Print a table for each measure, the break-even points, and what has no effect or was not varied."""
    base = found.baseline
    about = "re-timed one parameter at a time (closed: readings and choices as recorded)"
    title = visible(found.title or found.trace, lines=False)
    console.print(Text(f"{title}: {about}", style="bold"))
    amounts = ", ".join(f"{name} {format_si(base.of(field), unit)}" for field, name, unit in MEASURES)
    console.print(Text(f"  as recorded: {amounts}; {base.binds} has the largest share of the time"))
    for field, name, _ in MEASURES:
        show(_ranking(found, field, name), console)
    show(_break_evens(found), console)
    for label, paths in (
        ("No effect on this run", found.without_effect),
        ("Not varied: 0, no number, or every change refused", found.not_varied),
    ):
        if paths:
            show(table_of(f"{label}: {len(paths)}", ("",), [(path,) for path in paths]), console)


def _ranking(found: Elasticities, field: str, name: str) -> Table:
    ranked = found.ranked(field)
    columns: tuple[str | Column, ...] = (
        "",
        *(Column(text, words=False) for text in ("recorded", "x 0", "x 1/2", "x 2", "elasticity")),
        Column("", words=True),
    )
    rows = [_row(one, field, found.baseline) for one in ranked[:_ROWS]]
    notes = [
        f"{name} as a multiple of the recorded; elasticity: d log {name} / d log parameter; -: refused by a run"
    ]
    if any(one.physics for one in ranked[:_ROWS]):
        notes.append("*: decides readings, too; they, and what the controller made of them, are as recorded")
    if len(ranked) > _ROWS:
        notes.append(f"{len(ranked) - _ROWS} more change it by less")
    return table_of(f"By {name}", columns, rows, notes)


def _row(one: Parameter, field: str, base: Cost) -> tuple[str, ...]:
    slopes = {"time_s": one.elasticity_time, "energy_j": one.elasticity_energy, "edp_js": one.elasticity_edp}
    ratios = (_ratio(one.change(factor), field, base) for factor in (0.0, 0.5, 2.0))
    slope = slopes[field]
    return (
        one.path,
        value_text(one.path, one.value),
        *ratios,
        "" if math.isnan(slope) else f"{slope:.3f}",
        "*" if one.physics else "",
    )


def _ratio(cost: Cost | None, field: str, base: Cost) -> str:
    return "-" if cost is None or not base.of(field) else f"{cost.of(field) / base.of(field):.4g}"


def _break_evens(found: Elasticities) -> Table:
    points = [(one, point) for one in found.parameters for point in one.break_even]
    columns: tuple[str | Column, ...] = (
        "",
        *(Column(text, words=False) for text in ("recorded", "from", "on")),
        Column("binds", words=True),
    )
    rows = [
        (
            one.path,
            value_text(one.path, one.value),
            value_text(one.path, point.value),
            "up" if point.value > one.value else "down",
            point.binds,
        )
        for one, point in points
    ]
    notes = (
        f"where {found.baseline.binds} no longer has the largest share of the time; looked for within 1,000 times "
        "the recorded value either way, known to 0.1 % (JSON has the digits)",
    )
    return table_of(
        "Break-even points", columns, rows, notes if rows else ("none within 1,000 times either way",)
    )


def value_text(path: str, value: float) -> str:
    """Return an amount with four digits and its unit."""
    return format_si(value, unit_of(path)) if unit_of(path) else f"{value:,.6g}"
