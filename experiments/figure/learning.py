"""Training with light: its metric, and alignment with the true gradient, against seconds with epochs, and joules.

NOT the recovery of a chip. What the trace does not hold is left out: joules need recorded power or energy.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from emulator.trace.reading.reader import MetricSeries, Trace
from experiments.figure.progress import Floats, Progress, Steps, label_axis, progress_of
from experiments.figure.style import BLUE, COLOURS, GREY, ORANGE, title_of
from experiments.figure.values import accuracy_band, draw_band, drawable, needed
from experiments.output.drawing import keep_apart
from experiments.output.measures import Measure, measure_in

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["epochs_of", "learning_figure"]

_LAYER = re.compile(r"alignment_(\d+)")


def learning_figure(trace: Trace) -> "Figure":
    """Return the test metric (top) and alignment a layer (bottom) against emulated time with epochs, and energy.

    Raises ``TraceError`` when no epoch of a training was recorded.
    """
    from matplotlib.figure import Figure

    series = drawable(trace)
    measure = measure_in(series)
    needed(trace, series, ("epoch", f"test_{measure.name}"), "learning")
    epoch = series["epoch"]
    axes = progress_of(trace, Steps("Epochs", epochs_of(epoch)), epoch.t_s)
    layers = sorted((int(found[1]), name) for name in series if (found := _LAYER.fullmatch(name)))
    rows = 2 if layers else 1
    figure = Figure(figsize=(1.2 + 2.9 * max(2, len(axes)), 1.6 + 2.1 * rows), layout="constrained")
    panels = figure.subplots(
        rows, len(axes), sharex="col", sharey="row", squeeze=False, height_ratios=(1.3, 1.0)[:rows]
    )
    for column, axis in enumerate(axes):
        _draw_measure(panels[0][column], series, axis, measure)
        if layers:
            _draw_alignment(panels[1][column], series, layers, axis)
        label_axis(panels[0][column], panels[-1][column], axis)
    panels[0][0].set_ylabel(f"Test {measure.label}")
    panels[0][0].legend(loc="lower right" if measure.rises else "upper right")
    if layers:
        panels[1][0].set_ylabel("Alignment (cosine)")
        panels[1][0].legend(loc="lower right")
    figure.suptitle(title_of(trace), fontsize=9.0)
    keep_apart(figure)
    return figure


def epochs_of(epoch: MetricSeries) -> Callable[[Floats], Floats]:
    """Return epochs by time in s; one that was not finished counts in proportion."""
    ends_s, numbers = np.append(0.0, epoch.t_s), np.append(0.0, epoch.value)
    last_s = ends_s[-1] - ends_s[-2]

    def epochs(t_s: Floats) -> Floats:
        beyond = np.maximum(t_s - ends_s[-1], 0.0) / last_s if last_s > 0 else np.zeros(t_s.shape)
        return np.asarray(np.interp(t_s, ends_s, numbers) + beyond)

    return epochs


def _draw_measure(axes: "Axes", series: dict[str, MetricSeries], axis: Progress, measure: Measure) -> None:
    found, factor = series[f"test_{measure.name}"], measure.factor
    label = f"at the end {measure.text(float(found.value[-1]))}"
    axes.plot(axis.at(found.t_s), factor * found.value, color=BLUE, marker="o", markersize=3, label=label)
    if measure.is_share:
        draw_band(axes, axis.at(found.t_s), accuracy_band(series), BLUE)
        axes.set_ylim(0.0, 102.0)
    chosen = series.get(f"selected_test_{measure.name}")
    if chosen is not None:
        label = f"least validation loss so far, {measure.text(float(chosen.value[-1]))}"
        axes.plot(
            axis.at(chosen.t_s),
            factor * chosen.value,
            "o",
            color=ORANGE,
            markersize=6,
            fillstyle="none",
            label=label,
        )


def _draw_alignment(
    axes: "Axes", series: dict[str, MetricSeries], layers: list[tuple[int, str]], axis: Progress
) -> None:
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    for (number, name), colour in zip(layers, COLOURS * len(layers), strict=False):
        cosine = series[name]
        axes.plot(
            axis.at(cosine.t_s), cosine.value, color=colour, linewidth=1.0, label=f"hidden layer {number}"
        )
