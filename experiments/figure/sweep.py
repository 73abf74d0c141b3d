"""Figures of a sweep: lines with intervals over an axis, heat maps over two, a Pareto front; it computes nothing.

What is drawn stands in ``summary.csv``, number by number.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.config.difference import Scalar
from emulator.units import si_prefix
from experiments.output.amounts import unit_of
from experiments.output.drawing import COLOURS, GREY, drawing, keep_apart, plain, title_lines, write_image
from experiments.sweep.summary import PointSummary, Summary, sense_of, value_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["beside", "draw_front", "draw_sweep"]

_SUFFIXES: Final = (".png", ".svg")
_PANELS: Final = 3
_DECADES: Final = 50.0
"""From this ratio of ends on, an axis that grows by like factors is logarithmic."""
_NAMED_CELLS: Final = 60


def beside(stem: Path) -> tuple[Path, ...]:
    """Return the images that a sweep leaves at ``stem``: a PNG and an SVG."""
    return tuple(stem.with_name(stem.name + suffix) for suffix in _SUFFIXES)


def draw_sweep(found: Summary, outs: Sequence[Path], force: bool = True) -> tuple[Path, ...]:
    """Draw the sweep into the images ``outs``; two axes make heat maps, others lines against the first.

    Raises ``ConfigError`` for an image that is there, unless ``force`` is given, or cannot be written.
    """
    heat = len(found.paths) == 2 and all(len(_values(found, place)) > 1 for place in (0, 1))
    return _drawn(found, outs, force, _draw_heat if heat else _draw_lines)


def draw_front(found: Summary, outs: Sequence[Path], force: bool = True) -> tuple[Path, ...]:
    """Draw the points over the first two goals, their front marked, into the images ``outs``, as ``draw_sweep``."""
    return _drawn(found, outs, force, _draw_front)


def _drawn(
    found: Summary, outs: Sequence[Path], force: bool, draw: Callable[[Summary, "Figure"], None]
) -> tuple[Path, ...]:
    with drawing():
        from matplotlib.figure import Figure

        figure = Figure(layout="constrained")
        draw(found, figure)
        keep_apart(figure)
        figure.suptitle(_title(found, draw is _draw_front), fontsize=9.0)
        for out in outs:
            write_image(figure, out, force)
    return tuple(outs)


def _title(found: Summary, numbered: bool) -> str:
    seeds = found.points[0].seeds
    interval = "95 % intervals" if seeds > 1 else "accuracy with the 95 % interval of its test samples"
    numbers = "; numbered as in summary.csv" if numbered else ""
    size = f"{len(found.points)} points, {seeds} seed{'s' * (seeds > 1)}"
    return f"{title_lines(found.title)}\n{size}, {interval}{numbers}"


def _shown(found: Summary) -> Sequence[str]:
    """Return the numbers that are drawn: what runs are judged by, time and energy."""
    return [name for name in found.names if name != "energy_delay_j_s"][:_PANELS]


def _values(found: Summary, place: int) -> list[Scalar]:
    return list(dict.fromkeys(point.values[place] for point in found.points))


def _draw_lines(found: Summary, figure: "Figure") -> None:
    names = _shown(found)
    figure.set_size_inches(1.0 + 3.1 * len(names), 3.3)
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    values = _values(found, 0)
    lines: dict[str, list[PointSummary]] = {}
    for point in found.points:
        rest = zip(found.paths[1:], point.values[1:], strict=True)
        label = plain(
            ", ".join(f"{path.rpartition('.')[2]} = {value_text(path, value)}" for path, value in rest)
        )
        lines.setdefault(label, []).append(point)
    for axes, name in zip(panels, names, strict=True):
        factor, label = _scale(name, [point.numbers[name].mean.mean for point in found.points])
        for number, (line, points) in enumerate(lines.items()):
            _draw_line(axes, points, values, name, factor, (COLOURS[number % len(COLOURS)], line))
        axes.set_ylabel(label)
        _set_axis(axes, found.paths[0], values)
        axes.margins(x=0.06)
    if len(lines) > 1:
        columns = min(len(lines), 3)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=columns)


def _draw_line(
    axes: "Axes",
    points: Sequence[PointSummary],
    values: Sequence[Scalar],
    name: str,
    factor: float,
    look: tuple[str, str],
) -> None:
    known = [point for point in points if point.numbers[name].mean.n]
    means = [point.numbers[name].mean for point in known]
    spread = [(mean.mean - mean.low, mean.high - mean.mean) for mean in means]
    bars = np.nan_to_num(np.array(spread, dtype=np.float64).reshape(-1, 2).T) * factor
    axes.errorbar(
        [_place(point.values[0], values) for point in known],
        [factor * mean.mean for mean in means],
        yerr=bars,
        color=look[0],
        label=look[1],
        marker="o",
        markersize=3.5,
        capsize=2.5,
        elinewidth=1.0,
    )


def _set_axis(axes: "Axes", path: str, values: Sequence[Scalar]) -> None:
    from matplotlib.ticker import EngFormatter, FixedLocator, NullLocator

    axes.set_xlabel(plain(path))
    if not _numeric(values):
        axes.set_xticks(range(len(values)), [plain(value_text(path, value)) for value in values])
        return
    numbers = [float(value) for value in values if value is not None]
    if _is_logarithmic(numbers):
        axes.set_xscale("log")
    if len(numbers) <= 6:
        axes.xaxis.set_major_locator(FixedLocator(numbers))
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(EngFormatter(unit_of(path)) if unit_of(path) else lambda x, _: f"{x:g}")


def _draw_heat(found: Summary, figure: "Figure") -> None:
    names, columns, rows = _shown(found), _values(found, 1), _values(found, 0)
    figure.set_size_inches(1.2 + 3.3 * len(names), 1.3 + max(2.0, 0.35 * len(rows)))
    panels = figure.subplots(1, len(names), squeeze=False, sharey=True)[0]
    for axes, name in zip(panels, names, strict=True):
        grid, half = np.full((2, len(rows), len(columns)), math.nan)
        for point in found.points:
            spot, mean = (
                (rows.index(point.values[0]), columns.index(point.values[1])),
                point.numbers[name].mean,
            )
            grid[spot], half[spot] = mean.mean, max(mean.high - mean.mean, mean.mean - mean.low)
        factor, label = _scale(name, list(grid.ravel()))
        _draw_grid(axes, figure, factor * grid, factor * half, label)
        axes.set_xticks(range(len(columns)), [plain(value_text(found.paths[1], value)) for value in columns])
        axes.set_yticks(range(len(rows)), [plain(value_text(found.paths[0], value)) for value in rows])
        axes.tick_params(axis="x", labelrotation=45 if len(columns) > 5 else 0)
        axes.set_xlabel(plain(found.paths[1]))
        axes.grid(visible=False)
    panels[0].set_ylabel(plain(found.paths[0]))


def _draw_grid(
    axes: "Axes", figure: "Figure", grid: NDArray[np.float64], half: NDArray[np.float64], label: str
) -> None:
    image = axes.imshow(grid, aspect="auto", cmap="viridis", origin="lower")
    figure.colorbar(image, ax=axes, label=label)
    if grid.size > _NAMED_CELLS:
        return
    middle = (np.nanmin(grid) + np.nanmax(grid)) / 2 if np.isfinite(grid).any() else 0.0
    for row, column in np.ndindex(grid.shape):
        value = grid[row, column]
        text = f"{value:.3g}" if math.isfinite(value) else "failed"
        if math.isfinite(half[row, column]):
            text += f"\n± {half[row, column]:.2g}"
        axes.text(
            column, row, text, ha="center", va="center", fontsize=7, color="k" if value > middle else "w"
        )


def _draw_front(found: Summary, figure: "Figure") -> None:
    figure.set_size_inches(6.0, 4.4)
    axes = figure.subplots()
    up, along = found.goals[0], found.goals[1]
    known = [p for p in found.points if p.numbers[up.name].mean.n and p.numbers[along.name].mean.n]
    scales = {
        goal.name: _scale(goal.name, [p.numbers[goal.name].mean.mean for p in known]) for goal in (up, along)
    }

    def place(point: PointSummary, name: str) -> float:
        return scales[name][0] * point.numbers[name].mean.mean

    for mark, look in (
        (False, _look(GREY, "beaten by another point")),
        (True, _look(COLOURS[0], "Pareto front")),
    ):
        mine = [point for point in known if bool(point.on_front) is mark]
        if mine:
            x, y = ([place(point, goal.name) for point in mine] for goal in (along, up))
            axes.errorbar(
                x,
                y,
                xerr=_bars(mine, along.name, scales[along.name][0]),
                yerr=_bars(mine, up.name, scales[up.name][0]),
                **look,
            )
    front = sorted((point for point in known if point.on_front), key=lambda point: place(point, along.name))
    if len(front) > 1 and len(found.goals) == 2:
        axes.step(
            [place(p, along.name) for p in front], [place(p, up.name) for p in front],
            where="pre" if along.more else "post", color=COLOURS[0], linewidth=0.9,
        )  # fmt: skip
    for point in known if len(known) <= _NAMED_CELLS else front:
        spot = (place(point, along.name), place(point, up.name))
        axes.annotate(str(point.point), spot, xytext=(3, 3), textcoords="offset points", fontsize=7)
    axes.set(xlabel=scales[along.name][1], ylabel=scales[up.name][1])
    axes.margins(0.12)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)


def _look(colour: str, label: str) -> dict[str, Any]:
    return {"fmt": "o", "color": colour, "label": label, "markersize": 4, "elinewidth": 0.8, "capsize": 2}


def _bars(points: Sequence[PointSummary], name: str, factor: float) -> NDArray[np.float64]:
    means = [point.numbers[name].mean for point in points]
    spread = [(mean.mean - mean.low, mean.high - mean.mean) for mean in means]
    return np.asarray(np.nan_to_num(np.array(spread).reshape(-1, 2).T) * factor)


def _scale(name: str, values: Sequence[float]) -> tuple[float, str]:
    """Return the factor by which a number is drawn, and the label of its axis with the unit."""
    label, factor, unit = sense_of(name)
    label = label[:1].upper() + label[1:]
    if unit == "%":
        return factor, f"{label} (%)"
    if not unit:
        return 1.0, label
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    size, prefix = si_prefix(largest) if largest else (1.0, "")
    if unit == "J s":  # a prefix would belong to either
        size, prefix = 1.0, ""
    return 1.0 / size, f"{label} ({'µ' if prefix == 'u' else prefix}{unit})"


def _place(value: Scalar, values: Sequence[Scalar]) -> float:
    return float(value) if _numeric(values) and value is not None else float(values.index(value))


def _numeric(values: Sequence[Scalar]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _is_logarithmic(numbers: Sequence[float]) -> bool:
    """Tell whether ``numbers`` span decades, or grow by like factors rather than by like steps."""
    ordered = sorted(numbers)
    if len(ordered) < 3 or ordered[0] <= 0:
        return False
    if ordered[-1] / ordered[0] >= _DECADES:
        return True
    factors = [later / former for former, later in pairwise(ordered)]
    return max(factors) < 1.01 * min(factors)
