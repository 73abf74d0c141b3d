"""A what-if as a table for a terminal, and as a figure; it computes nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

from emulator.config.difference import Scalar
from emulator.errors import ConfigError
from emulator.units import format_si
from experiments.output.files import check_new, new_file
from experiments.output.tables import Column, table_of
from experiments.output.terminal import show
from experiments.whatif.points import Point, WhatIf

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_whatif", "show_whatif"]

_SUFFIXES: Final = (".png", ".pdf", ".svg")
_PANELS: Final = (
    ("elapsed_s", "time (s)"),
    ("energy_j", "energy (J)"),
    ("energy_delay_j_s", "energy · delay (J s)"),
)
_MOST_LINES: Final = 8
"""Lines of the figure that have a name in its legend."""

_UNITS: Final = {
    "_s": "s", "_w": "W", "_w_per_channel": "W", "_w_per_wavelength": "W",
    "_j_per_symbol": "J", "_hz": "Hz", "_j": "J", "_m": "m", "_bit_per_s": "bit/s", "flops_per_s": "flop/s",
    "bytes_per_s": "B/s",
}  # fmt: skip


def show_whatif(found: WhatIf, console: Console) -> None:
    """Print a row for the recording and one for each point, and every warning once."""
    title = (
        f"What if: {found.title or found.trace}, re-timed ({found.mode}: readings and choices as recorded)"
    )
    console.print(Text(title, style="bold"))
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
    return _shown(path, row.changed[path]) if path in row.changed else ""


def _amounts(row: Point) -> tuple[str, ...]:
    return (
        format_si(row.elapsed_s, "s"),
        f"{row.elapsed_ratio:.3g}",
        format_si(row.energy_j, "J"),
        f"{row.energy_ratio:.3g}",
        f"{row.energy_delay_ratio:.3g}",
        row.binds,
    )


def _shown(path: str, value: Scalar) -> str:
    units = [unit for suffix, unit in _UNITS.items() if path.endswith(suffix)]
    if not units or not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    return format_si(float(value), units[-1])


def draw_whatif(found: WhatIf, out: Path, force: bool = False) -> None:
    """Draw time, energy and energy-delay against the first swept parameter into the image ``out``.

    Other swept parameters make lines of their own. Raises ``ConfigError`` on an unknown image type, and when
    ``out`` is there already, unless ``force``, or cannot be written.
    """
    if out.suffix.lower() not in _SUFFIXES:
        raise ConfigError(f"{out}: {out.suffix!r} is no image type; allowed: {', '.join(_SUFFIXES)}")
    check_new(out, force, [Path(found.trace)])
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 3.4), dpi=120, layout="constrained")
    axes = figure.subplots(1, len(_PANELS))
    for panel, (name, label) in zip(axes, _PANELS, strict=True):
        _draw_panel(panel, found, name)
        panel.set(xlabel=_axis(found), ylabel=label)
        panel.grid(alpha=0.25)
    if axes[0].get_legend_handles_labels()[1]:
        axes[0].legend(fontsize=7, frameon=False)
    figure.suptitle(f"{found.title or found.trace}: closed re-timing, readings as recorded", fontsize=9)
    with new_file(out, force, [Path(found.trace)]) as part:
        figure.savefig(part)


def _axis(found: WhatIf) -> str:
    return found.swept[0] if found.swept else "point"


def _draw_panel(panel: "Axes", found: WhatIf, name: str) -> None:
    for number, (label, points) in enumerate(_lines(found).items()):
        places = [_place(found, point) for point in points]
        amounts = [getattr(point, name) for point in points]
        numeric = all(isinstance(place, float) for place in places)
        along = places if numeric else [str(place) for place in places]
        panel.plot(
            along, amounts, "o-", markersize=3, label=label if label and number < _MOST_LINES else None
        )
        if numeric and _is_logarithmic(places):
            panel.set_xscale("log")
    panel.axhline(
        getattr(found.baseline, name), color="black", linewidth=0.8, linestyle=":", label="as recorded"
    )
    panel.set_ylim(bottom=0)


def _lines(found: WhatIf) -> dict[str, list[Point]]:
    """Return the points by the values of all swept parameters but the first."""
    lines: dict[str, list[Point]] = {}
    for point in found.points:
        others = [f"{path} = {_shown(path, point.changed.get(path))}" for path in found.swept[1:]]
        lines.setdefault(", ".join(others), []).append(point)
    return lines


def _place(found: WhatIf, point: Point) -> float | str:
    if not found.swept:
        return ", ".join(f"{path} = {_shown(path, value)}" for path, value in point.changed.items())
    value = point.changed.get(found.swept[0])
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _is_logarithmic(places: Sequence[float | str]) -> bool:
    """Tell whether a logarithmic axis spreads the places more evenly."""
    numbers = [place for place in places if isinstance(place, float)]
    return len(numbers) > 2 and min(numbers) > 0 and max(numbers) / min(numbers) >= 50
