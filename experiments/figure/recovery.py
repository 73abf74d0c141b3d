"""The recovery of a chip: accuracy and heater power; NOT training with light, which has ``learning``."""

from typing import TYPE_CHECKING

import numpy as np

from emulator.trace.reading.reader import MetricSeries, Trace
from experiments.figure.progress import Floats, Progress, Steps, label_axis, progress_of
from experiments.figure.style import BLUE, GREEN, GREY, ORANGE, title_of
from experiments.figure.values import accuracy_band, draw_band, drawable, finite, needed
from experiments.output.drawing import keep_apart

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["recovery_figure"]


def recovery_figure(trace: Trace) -> "Figure":
    """Return test accuracy (top) and heater power (bottom) against emulated time with queries, and energy.

    Raises ``TraceError`` when the trace holds no such metrics, naming the one that is missing.
    """
    from matplotlib.figure import Figure

    series = drawable(trace)
    needed(trace, series, ("test_accuracy", "heater_power_w"), "recovery")
    accuracy = series["test_accuracy"]
    axes = progress_of(trace, Steps("Queries", _queries(trace, accuracy)), accuracy.t_s)
    figure = Figure(figsize=(0.9 + 3.15 * max(2, len(axes)), 4.8), layout="constrained")
    panels = figure.subplots(
        2, len(axes), sharex="col", sharey="row", squeeze=False, height_ratios=(1.6, 1.0)
    )
    for (top, bottom), axis in zip(panels.T, axes, strict=True):
        _draw_accuracy(top, series, axis)
        _draw_power(bottom, series["heater_power_w"], axis)
        label_axis(top, bottom, axis)
    panels[0][0].set_ylabel("Test accuracy (%)")
    panels[1][0].set_ylabel("Heater power (W)")
    panels[1][0].set_ylim(0.0, 1.15 * max(float(series["heater_power_w"].value.max()), 1e-9))
    figure.legend(
        handles=_named(panels[0][0], panels[1][0]), loc="outside lower center", ncols=2, frameon=False
    )
    figure.suptitle(title_of(trace), fontsize=9.0)
    keep_apart(figure)
    return figure


def _queries(trace: Trace, accuracy: MetricSeries) -> "Callable[[Floats], Floats]":
    t_s = np.concatenate(([0.0], accuracy.t_s, [trace.elapsed_s]))
    queries = np.concatenate(([0.0], accuracy.queries.astype(np.float64), [float(trace.queries)]))
    return lambda seconds: np.interp(seconds, t_s, queries)


def _named(*panels: "Axes") -> "list[Artist]":
    """Return what has a name in ``panels``, for the legend."""
    return [handle for panel in panels for handle in panel.get_legend_handles_labels()[0]]


def _draw_accuracy(axes: "Axes", series: dict[str, MetricSeries], axis: Progress) -> None:
    accuracy = series["test_accuracy"]
    ideal = finite(series, "ideal_test_accuracy")
    if ideal is not None:
        axes.axhline(100 * ideal, color=GREY, linestyle="--", label=f"electronic model, {100 * ideal:.1f} %")
    deployed, last = (100 * float(accuracy.value[at]) for at in (0, -1))
    axes.axhline(deployed, color=GREY, linestyle=":", label=f"deployed, {deployed:.1f} %")
    label = f"on the chip, at the end {last:.1f} %"
    axes.plot(axis.at(accuracy.t_s), 100 * accuracy.value, color=BLUE, linewidth=0.9, zorder=3, label=label)
    draw_band(axes, axis.at(accuracy.t_s), accuracy_band(series), BLUE)
    chosen = series.get("selected_test_accuracy")
    if chosen is not None:
        label = f"state of least validation loss so far, at the end {100 * float(chosen.value[-1]):.1f} %"
        axes.step(axis.at(chosen.t_s), 100 * chosen.value, color=ORANGE, where="post", label=label)


def _draw_power(axes: "Axes", power: MetricSeries, axis: Progress) -> None:
    axes.plot(axis.at(power.t_s), power.value, color=GREEN, label="heater power")
