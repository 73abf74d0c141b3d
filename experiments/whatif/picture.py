"""A what-if as a figure: time, energy and energy-delay against what was swept, or as bars beside the recording.

Both axes are logarithmic where the swept parameter spans more than an order and a half of magnitude: there, costs
follow powers of it. Where nothing was swept there is no axis: the points stand beside the recording as bars.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from emulator.units import format_si
from experiments.output.amounts import shown_value, unit_of
from experiments.output.drawing import (
    BLUE,
    COLOURS,
    GREY,
    INK,
    check_image,
    drawing,
    keep_apart,
    plain,
    title_lines,
    write_image,
)
from experiments.whatif.points import Point, WhatIf

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

__all__ = ["draw_whatif"]

_PANELS: Final = (
    ("elapsed_s", "Time", "s"),
    ("energy_j", "Energy", "J"),
    ("energy_delay_j_s", "Energy × delay", "J s"),
)
_MOST_LINES: Final = 8
"""Lines of the figure that have a name in its legend."""

_LOGARITHMIC: Final = 50.0
"""Ratio of the largest to the smallest place beyond which a logarithmic axis spreads them more evenly."""

_BARS: Final = 24
_CHANGES: Final = 4
_TICKS: Final = 4
_RECORDED: Final = "as recorded"


def draw_whatif(found: WhatIf, out: Path, force: bool = False) -> None:
    """Draw time, energy and energy-delay against the first swept parameter into the image ``out``.

    Other swept parameters make lines of their own; points without a sweep, and a sweep of one value, are bars.
    Raises ``ConfigError`` on an unknown image type, and when ``out`` is there already, unless ``force``, or cannot
    be written.
    """
    check_image(out, force, [Path(found.trace)])
    with drawing():
        figure = _bars_figure(found) if _is_a_list(found) else _lines_figure(found)
        title = f"{found.title or found.trace}: closed re-timing, readings as recorded"
        figure.suptitle(title_lines(title), fontsize=9.0)
        keep_apart(figure)
        write_image(figure, out, force, [Path(found.trace)])


def _is_a_list(found: WhatIf) -> bool:
    """Tell whether the points have no axis: nothing was swept, one value was, or words that have no order."""
    if not found.swept:
        return True
    places = [point.changed.get(found.swept[0]) for point in found.points]
    return len(set(places)) < 2 or (len(found.swept) == 1 and _numbers(places) is None)


# ------------------------------------------------------------------------------------------------ bars
def _bars_figure(found: WhatIf) -> "Figure":
    """Return the recording and the points as bars below each other."""
    from matplotlib.figure import Figure

    points = found.points[:_BARS]
    names = [_RECORDED, *(_changes(found, point) for point in points)]
    height = 1.5 + 0.34 * sum(1 + name.count("\n") for name in names)
    figure = Figure(figsize=(10.0, height), layout="constrained")
    panels = figure.subplots(1, len(_PANELS), sharey=True)
    for panel, (field, label, unit) in zip(panels, _PANELS, strict=True):
        amounts = [getattr(row, field) for row in (found.baseline, *points)]
        drawn = [amount if math.isfinite(amount) else 0.0 for amount in amounts]
        panel.barh(range(len(drawn)), drawn, color=[GREY, *[BLUE] * len(points)], height=0.62)
        for place, (amount, width) in enumerate(zip(amounts, drawn, strict=True)):
            text = format_si(amount, unit, 4)
            panel.annotate(
                text, (width, place), (3, 0), textcoords="offset points", va="center", fontsize=8.0
            )
        panel.set_xlim(0.0, 1.4 * max(drawn) or 1.0)
        panel.set_xlabel(label)
        _ticks(panel.xaxis)
        _in_units(panel.xaxis, unit)
        panel.grid(visible=False, axis="y")
    panels[0].set_yticks(range(len(names)), [plain(name) for name in names])
    panels[0].invert_yaxis()
    return figure


def _changes(found: WhatIf, point: Point) -> str:
    """Return what is changed at ``point``, a line each: what was swept, else as much as there is room for."""
    paths = [path for path in found.swept if path in point.changed] or list(point.changed)
    lines = [f"{path} = {_short(path, point.changed[path])}" for path in paths[:_CHANGES]]
    if len(paths) > _CHANGES:
        lines.append(f"and {len(paths) - _CHANGES} more")
    return "\n".join(lines) or _RECORDED


def _short(path: str, value: object) -> str:
    """Return a value with four digits, in a legend long enough to tell it."""
    unit = unit_of(path)
    if unit and isinstance(value, int | float) and not isinstance(value, bool):
        return _tick(float(value), unit, 4)
    return shown_value(path, value)


# ----------------------------------------------------------------------------------------------- lines
def _lines_figure(found: WhatIf) -> "Figure":
    """Return a line of points for each choice of the other swept parameters."""
    from matplotlib.figure import Figure

    lines = _lines(found)
    colours, named = _colours(len(lines)), _named(len(lines))
    figure = Figure(figsize=(10.0, 3.8), layout="constrained")
    panels = figure.subplots(1, len(_PANELS))
    for panel, (field, label, unit) in zip(panels, _PANELS, strict=True):
        for number, (chosen, points) in enumerate(lines.items()):
            text = _name(found, chosen) if number in named else None
            _draw_line(panel, found.swept[0], points, field, colours[number], text)
        panel.axhline(
            getattr(found.baseline, field), color=INK, linewidth=0.9, linestyle=":", label=_RECORDED
        )
        panel.set(xlabel=plain(found.swept[0]), ylabel=label)
        _scale(panel, found, field, unit)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(3, len(labels)), frameon=False)
    if len(named) < len(lines):
        panels[-1].set_title(
            f"{len(lines)} lines, {len(named)} of them named below", loc="right", fontsize=8.0
        )
    return figure


def _lines(found: WhatIf) -> Mapping[tuple[object, ...], list[Point]]:
    """Return the points by the values of all swept parameters but the first."""
    lines: dict[tuple[object, ...], list[Point]] = {}
    for point in found.points:
        key = tuple(point.changed.get(path) for path in found.swept[1:])
        lines.setdefault(key, []).append(point)
    return lines


def _name(found: WhatIf, chosen: Sequence[object]) -> str:
    """Return the name of a line: the values of all swept parameters but the first, whose paths' ends tell them."""
    paths = found.swept[1:]
    ends = [path.rsplit(".", 1)[-1] for path in paths]
    words = [
        f"{end if ends.count(end) == 1 else path} = {_short(path, value)}"
        for path, end, value in zip(paths, ends, chosen, strict=True)
    ]
    return plain(", ".join(words) or "re-timed")


def _draw_line(
    panel: "Axes", path: str, points: Sequence[Point], field: str, colour: str, label: str | None
) -> None:
    places, amounts = (
        [point.changed.get(path) for point in points],
        [getattr(point, field) for point in points],
    )
    numbers = _numbers(places)
    if numbers is None:  # words have no order that a line could follow
        words = [plain(shown_value(path, place)) for place in places]
        panel.plot(words, amounts, "o", markersize=4, color=colour, label=label)
    else:
        panel.plot(numbers, amounts, "o-", markersize=3, color=colour, label=label)


def _numbers(places: Sequence[object]) -> list[float] | None:
    """Return ``places`` as numbers, or None when one is none."""
    numbers = [float(p) for p in places if isinstance(p, int | float) and not isinstance(p, bool)]
    return numbers if len(numbers) == len(places) else None


def _scale(panel: "Axes", found: WhatIf, field: str, unit: str) -> None:
    """Choose linear or logarithmic axes for ``panel``, and number them in units."""
    path = found.swept[0]
    places = _numbers([point.changed.get(path) for point in found.points])
    amounts = [getattr(row, field) for row in found.rows]
    logarithmic = places is not None and min(places) > 0 and max(places) / min(places) >= _LOGARITHMIC
    if logarithmic:
        panel.set_xscale("log")
    if (logarithmic or places is None) and all(math.isfinite(amount) and amount > 0 for amount in amounts):
        panel.set_yscale("log")
        _few_numbers(panel.yaxis, max(amounts) / min(amounts))
    else:
        panel.set_ylim(bottom=0.0)
    _in_units(panel.yaxis, unit)
    if places is not None:
        _in_units(panel.xaxis, unit_of(path))
        if not logarithmic:
            _ticks(panel.xaxis)


def _few_numbers(axis: "Axis", ratio: float) -> None:
    """Number a logarithmic axis that spans less than two decades at more than its powers of ten."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

    if ratio < 5:
        axis.set_major_locator(MaxNLocator(nbins=5))
    elif ratio < 100:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_minor_formatter(NullFormatter())


def _ticks(axis: "Axis") -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=_TICKS))


def _in_units(axis: "Axis", unit: str) -> None:
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, unit)))


def _tick(value: float, unit: str, digits: int = 3) -> str:
    return format_si(value, unit, digits).replace(" u", " µ") if unit else f"{value:.4g}"


def _colours(count: int) -> list[str]:
    """Return a colour a line: those that stay apart, or where there are more lines a row from dark to bright."""
    if count <= len(COLOURS):
        return list(COLOURS[:count])
    import matplotlib as mpl
    from matplotlib.colors import to_hex

    return [to_hex(mpl.colormaps["viridis"](0.92 * number / (count - 1))) for number in range(count)]


def _named(count: int) -> set[int]:
    """Return which of ``count`` lines have a name: all, or a few from the first to the last."""
    if count <= _MOST_LINES:
        return set(range(count))
    return {round(number * (count - 1) / (_MOST_LINES - 1)) for number in range(_MOST_LINES)}
