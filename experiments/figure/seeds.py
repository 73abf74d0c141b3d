"""Several recoveries or trainings in one figure: a line a group of seeds, and around it the interval of its mean.

One trace alone has a figure of its own, in ``recovery`` and ``learning``.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from emulator.errors import ConfigError
from emulator.trace.analysis.energy_curve import total_energy_j
from emulator.trace.reading.reader import MetricSeries, Trace
from emulator.units import s_to_ps
from experiments.compare.comparison import trace_names
from experiments.figure.learning import epochs_of
from experiments.figure.progress import STEADY, Floats, Progress, Steps, label_axis
from experiments.figure.recovery import queries_of
from experiments.figure.style import COLOURS, GREY, energy_unit, time_unit
from experiments.figure.values import accuracy_band, draw_band, drawable, finite, needed
from experiments.inspect.inspection import study_title
from experiments.inspect.seeds import SeedGroup, seed_groups, seeds_text
from experiments.output.drawing import keep_apart, plain, title_lines
from experiments.output.measures import Measure, measure_in
from experiments.output.statistics import mean_band, t_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MOST", "SEVERAL", "seeds_figure"]

SEVERAL: Final = ("recovery", "learning")
"""The kinds of figure that show several traces."""

_STROKES: Final = ("-", "-.")
MOST: Final = len(COLOURS) * len(_STROKES)
"""Groups of one figure: as many as colours and strokes tell apart."""

_LAYER: Final = re.compile(r"alignment_\d+")
_GRID: Final = 200
_WIDE: Final = 44
"""Characters from which on entries of a legend stand one below the other."""

Read = Callable[[Mapping[str, MetricSeries]], MetricSeries]


@dataclass(frozen=True, eq=False)
class _Panel:
    """Say what a row of panels shows: its label, its numbers of a trace, the factor, and what they can be."""

    label: str
    read: Read
    factor: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class _Run:
    """Hold a trace and what of it can be drawn; ``at`` leads from seconds to each of the columns."""

    trace: Trace
    series: dict[str, MetricSeries]
    at: tuple[Callable[[Floats], Floats], ...]


def seeds_figure(traces: Sequence[Trace], kind: str) -> "Figure":
    """Return the ``kind``, one of ``SEVERAL``, of ``traces``: a line a group that differs in its seeds alone.

    Around the mean over seeds lies its 95 % interval (Student's t), around one accuracy alone that of its samples.
    Raises ``ConfigError`` for more than ``MOST`` groups and ``TraceError`` for a trace without what is drawn.
    """
    from matplotlib.figure import Figure

    groups = seed_groups(traces, trace_names([trace.path for trace in traces]))
    if len(groups) > MOST:
        raise ConfigError(
            f"figure: these {len(traces)} traces are {len(groups)} groups of seeds; allowed: up to {MOST}"
        )
    held = [drawable(trace) for trace in traces]
    measure = measure_in(held[0])
    panels = _panels(kind, traces, held, measure)
    columns, runs = _columns(kind, traces, held, measure)
    figure = Figure(figsize=(1.2 + 3.1 * max(2, len(columns)), 1.9 + 2.1 * len(panels)), layout="constrained")
    axes = figure.subplots(
        len(panels), len(columns), sharex="col", sharey="row", squeeze=False,
        height_ratios=(1.5, 1.0)[: len(panels)],
    )  # fmt: skip
    for row, panel in zip(axes, panels, strict=True):
        for place, one in enumerate(row):
            for number, group in enumerate(groups):
                _draw(one, [runs[at] for at in group.members], place, panel, _look(number))
        row[0].set_ylabel(panel.label)
    if kind == "recovery":
        _draw_ideals(axes[0], groups, runs, measure)
        axes[1][0].set_ylim(bottom=0.0)
    for place, column in enumerate(columns):
        label_axis(axes[0][place], axes[-1][place], column)
    _name(figure, groups, runs, measure)
    figure.suptitle(_title(traces, groups), fontsize=9.0)
    keep_apart(figure)
    return figure


def _look(number: int) -> dict[str, Any]:
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": _STROKES[number // len(COLOURS)],
    }


def _panels(
    kind: str, traces: Sequence[Trace], held: Sequence[dict[str, MetricSeries]], measure: Measure
) -> list[_Panel]:
    judged = f"test_{measure.name}"
    wanted = (judged, "heater_power_w") if kind == "recovery" else ("epoch", judged)
    for trace, series in zip(traces, held, strict=True):
        needed(trace, series, wanted, kind)
    found = [
        _Panel(
            f"Test {measure.label}",
            lambda series: series[judged],
            measure.factor,
            measure.least,
            measure.most,
        )
    ]
    if kind == "recovery":
        found.append(_Panel("Heater power (W)", lambda series: series["heater_power_w"], 1.0, 0.0, math.inf))
    elif all(_layers(series) for series in held):
        label = "Alignment (cosine),\nmean of layers" if len(_layers(held[0])) > 1 else "Alignment (cosine)"
        found.append(_Panel(label, _alignment, 1.0, -1.0, 1.0))
    return found


def _layers(series: Mapping[str, MetricSeries]) -> list[str]:
    return sorted(name for name in series if _LAYER.fullmatch(name))


def _alignment(series: Mapping[str, MetricSeries]) -> MetricSeries:
    """Return the mean of all layers' alignment; of those that were logged as often as the first."""
    layers = [series[name] for name in _layers(series)]
    first = layers[0]
    values = [one.value for one in layers if len(one.value) == len(first.value)]
    return MetricSeries(first.t_s, first.queries, np.mean(values, axis=0))


def _columns(
    kind: str, traces: Sequence[Trace], held: Sequence[dict[str, MetricSeries]], measure: Measure
) -> tuple[list[Progress], list[_Run]]:
    """Return the axes, and every trace with its way to each of them.

    What was asked for stands above the time where all traces keep the same step, and has an axis where not.
    """
    judged = [series[f"test_{measure.name}"] for series in held]
    if kind == "recovery":
        steps = [Steps("Queries", queries_of(*pair)) for pair in zip(traces, judged, strict=True)]
    else:
        steps = [Steps("Epochs", epochs_of(series["epoch"])) for series in held]
    factor, unit = time_unit(max(trace.elapsed_s for trace in traces))
    pace = _pace(steps, judged)
    above = (steps[0].name, pace / factor) if pace else ("", 0.0)
    columns = [Progress(f"Emulated time ({unit})", lambda t_s: t_s * factor, *above)]
    ways: list[list[Callable[[Floats], Floats]]] = [[columns[0].at] * len(traces)]
    if not pace:
        columns.insert(0, Progress(steps[0].name, steps[0].at))
        ways.insert(0, [one.at for one in steps])
    totals = [total_energy_j(trace, np.array([trace.elapsed_ps])) for trace in traces]
    spent_j = [float(total[0]) for total in totals if total is not None and math.isfinite(total[0])]
    if len(spent_j) == len(traces):
        per_j, joules = energy_unit(max(spent_j))
        ways.append([_energy(trace, per_j) for trace in traces])
        columns.append(Progress(f"Energy ({joules})", ways[-1][0]))
    rows = zip(traces, held, zip(*ways, strict=True), strict=True)
    return columns, [_Run(trace, series, at) for trace, series, at in rows]


def _pace(steps: Sequence[Steps], judged: Sequence[MetricSeries]) -> float:
    """Return how much was asked for a second, if that is the same in all traces and all the time; else 0."""
    done = [one.at(series.t_s) for one, series in zip(steps, judged, strict=True)]
    last_s, last = float(judged[0].t_s[-1]), float(done[0][-1])
    pace = last / last_s if last_s > 0 else 0.0
    steady = all(
        bool(np.all(np.abs(one - pace * series.t_s) <= STEADY * max(float(one[-1]), 1e-9)))
        for one, series in zip(done, judged, strict=True)
    )
    return pace if steady else 0.0


def _energy(trace: Trace, per_j: float) -> Callable[[Floats], Floats]:
    def energy(seconds: Floats) -> Floats:
        t_ps = np.array([s_to_ps(t) for t in seconds.tolist()], dtype=np.int64)
        drawn_j = total_energy_j(trace, t_ps)
        return np.zeros(t_ps.shape) if drawn_j is None else drawn_j * per_j

    return energy


def _draw(axes: "Axes", runs: Sequence[_Run], place: int, panel: _Panel, look: dict[str, Any]) -> None:
    curves = [panel.read(run.series) for run in runs]
    along = [run.at[place](curve.t_s) for run, curve in zip(runs, curves, strict=True)]
    if len(runs) == 1:
        axes.plot(along[0], panel.factor * curves[0].value, linewidth=1.2, **look)
        if curves[0] is runs[0].series.get("test_accuracy"):
            draw_band(axes, along[0], accuracy_band(runs[0].series), look["color"])
        return
    x, values = _together(along, curves)
    mean, low, high = mean_band(values)
    axes.plot(x, panel.factor * mean, linewidth=1.4, zorder=3, **look)
    ends = [panel.factor * each for each in (np.maximum(low, panel.low), np.minimum(high, panel.high))]
    axes.fill_between(x, ends[0], ends[1], color=look["color"], alpha=0.13, linewidth=0)
    for end in ends:  # bands lie over one another: their edges tell them apart
        axes.plot(x, end, color=look["color"], linewidth=0.6, alpha=0.6)


def _together(along: Sequence[Floats], curves: Sequence[MetricSeries]) -> tuple[Floats, Floats]:
    """Return one axis and the values of all ``curves`` on it (curves, points), up to the shortest end.

    Curves that were measured after the same queries are taken point by point, at the mean of where they stood.
    """
    asked = [curve.queries.tolist() for curve in curves]
    if all(one == asked[0] for one in asked):
        return np.mean(along, axis=0), np.stack([curve.value for curve in curves])
    grid = np.linspace(max(float(x[0]) for x in along), min(float(x[-1]) for x in along), _GRID)
    return grid, np.stack([np.interp(grid, x, curve.value) for x, curve in zip(along, curves, strict=True)])


def _draw_ideals(
    row: Sequence["Axes"], groups: Sequence[SeedGroup], runs: Sequence[_Run], measure: Measure
) -> None:
    """Draw what the electronic models reach: one line where it is the same for all, else one a group."""
    name = f"ideal_test_{measure.name}"
    found = [[finite(runs[at].series, name) for at in group.members] for group in groups]
    means = [t_mean([value for value in one if value is not None]) for one in found]
    known = {mean.mean for mean in means if mean.n}
    for axes in row:
        for number, mean in enumerate(means):
            if mean.n and (len(known) > 1 or number == 0):
                colour = _look(number)["color"] if len(known) > 1 else GREY
                axes.axhline(measure.factor * mean.mean, color=colour, linestyle=":", linewidth=1.0)


def _name(figure: "Figure", groups: Sequence[SeedGroup], runs: Sequence[_Run], measure: Measure) -> None:
    """Put the legend below: every group with what it reached at the end, and what bands and dots mean."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    texts = [_said([runs[at] for at in group.members], group, measure) for group in groups]
    handles: list[Line2D | Patch] = [
        Line2D([], [], label=plain(fill(text, 2 * _WIDE)), **_look(number))
        for number, text in enumerate(texts)
    ]
    label = _band_label(groups, runs, measure)
    if label:
        handles.append(Patch(color=GREY, alpha=0.25, linewidth=0, label=label))
    if any(f"ideal_test_{measure.name}" in run.series for run in runs):
        handles.append(Line2D([], [], color=GREY, linestyle=":", linewidth=1.0, label="electronic model"))
    columns = 1 if max(map(len, texts)) > _WIDE else 2
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False)


def _band_label(groups: Sequence[SeedGroup], runs: Sequence[_Run], measure: Measure) -> str:
    several = any(len(group.members) > 1 for group in groups)
    alone = [runs[group.members[0]].series for group in groups if len(group.members) == 1]
    sampled = measure.is_share and any("test_samples" in series for series in alone)
    over_seeds, over_samples = "of the mean over seeds (Student's t)", "of its test samples"
    parts = ([over_seeds] if several else []) + ([f"of one seed: {over_samples}"] if sampled else [])
    return f"95 % interval {'; '.join(parts)}" if parts else ""


def _said(runs: Sequence[_Run], group: SeedGroup, measure: Measure) -> str:
    last = t_mean([float(run.series[f"test_{measure.name}"].value[-1]) for run in runs])
    if last.n == 1:
        return f"{group.name}: at the end {measure.text(last.mean)} (1 seed)"
    if last.sd == 0.0:
        return f"{group.name}: at the end {measure.text(last.mean)} in all {last.n} seeds"
    low, high = measure.text(max(last.low, measure.least)), measure.text(min(last.high, measure.most))
    return f"{group.name}: at the end {measure.text(last.mean)}, {low} to {high} ({last.n} seeds)"


def _title(traces: Sequence[Trace], groups: Sequence[SeedGroup]) -> str:
    titles = dict.fromkeys(study_title(trace) for trace in traces)
    first = title_lines(next(iter(titles))) if len(titles) == 1 else f"{len(groups)} groups of traces"
    ended = ", ".join(sorted({trace.status for trace in traces}))
    seeds = seeds_text(sorted({trace.seed for trace in traces}))
    return f"{first}\n{len(traces)} traces · status {ended} · seeds {seeds}".strip()
