"""The recovery of a chip: accuracy and heater power; NOT training with light, which has ``learning``."""

from typing import TYPE_CHECKING

import numpy as np

from emulator.trace.reading.reader import MetricSeries, Trace
from experiments.figure.progress import Floats, Progress, Steps, label_axis, progress_of
from experiments.figure.style import BLUE, GREEN, GREY, ORANGE, title_of
from experiments.figure.values import accuracy_band, draw_band, drawable, finite, needed
from experiments.output.drawing import keep_apart
from experiments.output.measures import Measure, measure_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["queries_of", "recovery_figure"]


def recovery_figure(trace: Trace) -> "Figure":
    """Return test accuracy (top) and heater power (bottom) against emulated time with queries, and energy.

    Raises ``TraceError`` when the trace holds no such metrics, naming the one that is missing.
    """
    from matplotlib.figure import Figure

    series = drawable(trace)
    measure = measure_in(series)
    needed(trace, series, (f"test_{measure.name}", "heater_power_w"), "recovery")
    accuracy = series[f"test_{measure.name}"]
    axes = progress_of(trace, Steps("Queries", queries_of(trace, accuracy)), accuracy.t_s)
    figure = Figure(figsize=(0.9 + 3.15 * max(2, len(axes)), 4.8), layout="constrained")
    panels = figure.subplots(
        2, len(axes), sharex="col", sharey="row", squeeze=False, height_ratios=(1.6, 1.0)
    )
    for (top, bottom), axis in zip(panels.T, axes, strict=True):
        _draw_measure(top, series, axis, measure)
        _draw_power(bottom, series["heater_power_w"], axis)
        label_axis(top, bottom, axis)
    panels[0][0].set_ylabel(f"Test {measure.label}")
    panels[1][0].set_ylabel("Heater power (W)")
    panels[1][0].set_ylim(0.0, 1.15 * max(float(series["heater_power_w"].value.max()), 1e-9))
    figure.legend(
        handles=_named(panels[0][0], panels[1][0]), loc="outside lower center", ncols=2, frameon=False
    )
    figure.suptitle(title_of(trace), fontsize=9.0)
    keep_apart(figure)
    return figure


def queries_of(trace: Trace, accuracy: MetricSeries) -> "Callable[[Floats], Floats]":
    """Return how many queries were done by times in s."""
    t_s = np.concatenate(([0.0], accuracy.t_s, [trace.elapsed_s]))
    queries = np.concatenate(([0.0], accuracy.queries.astype(np.float64), [float(trace.queries)]))
    return lambda seconds: np.interp(seconds, t_s, queries)


def _named(*panels: "Axes") -> "list[Artist]":
    """Return what has a name in ``panels``, for the legend."""
    return [handle for panel in panels for handle in panel.get_legend_handles_labels()[0]]


def _draw_measure(axes: "Axes", series: dict[str, MetricSeries], axis: Progress, measure: Measure) -> None:
    name, factor = measure.name, measure.factor
    found = series[f"test_{name}"]
    ideal = finite(series, f"ideal_test_{name}")
    if ideal is not None:
        label = f"electronic model, {measure.text(ideal)}"
        axes.axhline(factor * ideal, color=GREY, linestyle="--", label=label)
    deployed, last = (float(found.value[at]) for at in (0, -1))
    axes.axhline(factor * deployed, color=GREY, linestyle=":", label=f"deployed, {measure.text(deployed)}")
    label = f"on the chip, at the end {measure.text(last)}"
    axes.plot(axis.at(found.t_s), factor * found.value, color=BLUE, linewidth=0.9, zorder=3, label=label)
    if measure.is_share:
        draw_band(axes, axis.at(found.t_s), accuracy_band(series), BLUE)
    chosen = series.get(f"selected_test_{name}")
    if chosen is not None:
        label = f"state of least validation loss so far, at the end {measure.text(float(chosen.value[-1]))}"
        axes.step(axis.at(chosen.t_s), factor * chosen.value, color=ORANGE, where="post", label=label)


def _draw_power(axes: "Axes", power: MetricSeries, axis: Progress) -> None:
    axes.plot(axis.at(power.t_s), power.value, color=GREEN, label="heater power")
