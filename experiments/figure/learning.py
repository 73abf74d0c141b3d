"""Training with light: accuracy, and alignment with the true gradient, against epochs, seconds and joules.

NOT the recovery of a chip. What the trace does not hold is left out: joules need recorded power or energy.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.analysis.energy_curve import total_energy_j
from emulator.trace.reading.reader import MetricSeries, Trace
from emulator.units import s_to_ps
from experiments.figure.style import BLUE, COLOURS, GREY, ORANGE, thousands, time_unit, title_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["learning_figure"]

Floats = NDArray[np.float64]

_LAYER = re.compile(r"alignment_(\d+)")


class _Axis(NamedTuple):
    """One way to measure how far training has come: its label, and from seconds to it."""

    label: str
    at: Callable[[Floats], Floats]


def learning_figure(trace: Trace) -> "Figure":
    """Return test accuracy (top) and alignment a layer (bottom) against epochs, emulated time and energy.

    Raises ``TraceError`` when no epoch of a training was recorded.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    series = trace.metrics()
    for name in ("test_accuracy", "epoch"):
        if name not in series or len(series[name].value) == 0:
            raise TraceError(f"{trace.path}: no {name} was recorded, so there is no learning to draw")
    axes = _axes(trace, series["epoch"])
    layers = sorted((int(found[1]), name) for name in series if (found := _LAYER.fullmatch(name)))
    rows = 2 if layers else 1
    figure = Figure(figsize=(1.2 + 2.9 * len(axes), 1.4 + 2.1 * rows), layout="constrained")
    panels = figure.subplots(
        rows, len(axes), sharex="col", sharey="row", squeeze=False, height_ratios=(1.3, 1.0)[:rows]
    )
    for column, axis in enumerate(axes):
        _draw_accuracy(panels[0][column], series, axis)
        if layers:
            _draw_alignment(panels[1][column], series, layers, axis)
        panels[-1][column].set_xlabel(axis.label)
        panels[-1][column].set_xlim(left=0.0)
        panels[-1][column].xaxis.set_major_formatter(thousands)
        panels[-1][column].xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    panels[0][0].set_ylabel("Test accuracy (%)")
    panels[0][0].legend(loc="lower right")
    if layers:
        panels[1][0].set_ylabel("Alignment (cosine)")
        panels[1][0].legend(loc="lower right")
    figure.suptitle(title_of(trace), fontsize=9.0)
    return figure


def _axes(trace: Trace, epoch: MetricSeries) -> list[_Axis]:
    """Return the axes that the trace can fill; an epoch that was not finished counts in proportion."""
    factor, unit = time_unit(trace.elapsed_s)
    ends_s = np.append(0.0, epoch.t_s)
    numbers = np.append(0.0, epoch.value)
    last_s = ends_s[-1] - ends_s[-2]

    def epochs(t_s: Floats) -> Floats:
        beyond = np.maximum(t_s - ends_s[-1], 0.0) / last_s if last_s > 0 else np.zeros(t_s.shape)
        return np.asarray(np.interp(t_s, ends_s, numbers) + beyond)

    found = [_Axis("Epochs", epochs), _Axis(f"Emulated time ({unit})", lambda t_s: t_s * factor)]
    total_j = total_energy_j(trace, np.array([trace.elapsed_ps]))
    if total_j is not None:
        per_j, joules = (1e-3, "kJ") if total_j[0] >= 1e4 else (1.0, "J")

        def energy(t_s: Floats) -> Floats:
            drawn_j = total_energy_j(trace, np.array([s_to_ps(t) for t in t_s.tolist()], dtype=np.int64))
            return np.zeros(t_s.shape) if drawn_j is None else drawn_j * per_j

        found.append(_Axis(f"Energy ({joules})", energy))
    return found


def _draw_accuracy(axes: "Axes", series: dict[str, MetricSeries], axis: _Axis) -> None:
    accuracy = series["test_accuracy"]
    label = f"at the end {100 * float(accuracy.value[-1]):.1f} %"
    axes.plot(axis.at(accuracy.t_s), 100 * accuracy.value, color=BLUE, marker="o", markersize=3, label=label)
    chosen = series.get("selected_test_accuracy")
    if chosen is not None:
        label = f"least validation loss so far, {100 * float(chosen.value[-1]):.1f} %"
        axes.plot(
            axis.at(chosen.t_s),
            100 * chosen.value,
            "o",
            color=ORANGE,
            markersize=6,
            fillstyle="none",
            label=label,
        )
    axes.set_ylim(0.0, 102.0)


def _draw_alignment(
    axes: "Axes", series: dict[str, MetricSeries], layers: list[tuple[int, str]], axis: _Axis
) -> None:
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    for (number, name), colour in zip(layers, COLOURS * len(layers), strict=False):
        cosine = series[name]
        axes.plot(
            axis.at(cosine.t_s), cosine.value, color=colour, linewidth=1.0, label=f"hidden layer {number}"
        )
