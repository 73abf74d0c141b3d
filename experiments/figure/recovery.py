"""The recovery of a chip: accuracy and heater power; NOT training with light, which has ``learning``."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.reading.reader import MetricSeries, Trace
from experiments.figure.style import BLUE, GREEN, GREY, ORANGE, thousands, time_unit, title_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["recovery_figure"]


def recovery_figure(trace: Trace) -> "Figure":
    """Return test accuracy (top) and heater power (bottom) against queries and against emulated time.

    Raises ``TraceError`` when the trace holds no such metrics.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    series = trace.metrics()
    for name in ("test_accuracy", "heater_power_w"):
        if name not in series or len(series[name].value) == 0:
            raise TraceError(f"{trace.path}: no {name} was recorded, so there is no recovery to draw")
    factor, unit = time_unit(trace.elapsed_s)
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    top, bottom = figure.subplots(2, 2, sharex="col", sharey="row", height_ratios=(1.6, 1.0))
    for column, axis in enumerate(_AXES):
        _draw_accuracy(top[column], series, axis, factor)
        _draw_power(bottom[column], series, axis, factor)
    top[0].set_ylabel("Test accuracy (%)")
    bottom[0].set_ylabel("Heater power (W)")
    bottom[0].set_xlabel("Queries")
    bottom[0].xaxis.set_major_formatter(thousands)
    bottom[0].xaxis.set_major_locator(MaxNLocator(nbins=5))
    bottom[1].set_xlabel(f"Emulated time ({unit})")
    bottom[0].set_ylim(0.0, 1.15 * max(float(series["heater_power_w"].value.max()), 1e-9))
    for axes in bottom:
        axes.set_xlim(left=0.0)
    figure.legend(*top[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    figure.suptitle(title_of(trace), fontsize=9.0)
    return figure


def _queries(series: MetricSeries, factor: float) -> NDArray[np.float64]:
    del factor
    return series.queries.astype(np.float64)


def _emulated_time(series: MetricSeries, factor: float) -> NDArray[np.float64]:
    return series.t_s * factor


_AXES: Sequence[Callable[[MetricSeries, float], NDArray[np.float64]]] = (_queries, _emulated_time)


def _draw_accuracy(
    axes: "Axes",
    series: dict[str, MetricSeries],
    axis: Callable[[MetricSeries, float], NDArray[np.float64]],
    factor: float,
) -> None:
    accuracy = series["test_accuracy"]
    if "ideal_test_accuracy" in series:
        ideal = 100 * float(series["ideal_test_accuracy"].value[-1])
        axes.axhline(ideal, color=GREY, linestyle="--", label=f"electronic model, {ideal:.1f} %")
    deployed = 100 * float(accuracy.value[0])
    axes.axhline(deployed, color=GREY, linestyle=":", label=f"deployed, {deployed:.1f} %")
    last = 100 * float(accuracy.value[-1])
    label = f"on the chip, at the end {last:.1f} %"
    axes.plot(axis(accuracy, factor), 100 * accuracy.value, color=BLUE, linewidth=0.9, zorder=3, label=label)
    chosen = series.get("selected_test_accuracy")
    if chosen is not None:
        label = f"state of least validation loss so far, at the end {100 * float(chosen.value[-1]):.1f} %"
        axes.step(axis(chosen, factor), 100 * chosen.value, color=ORANGE, where="post", label=label)


def _draw_power(
    axes: "Axes",
    series: dict[str, MetricSeries],
    axis: Callable[[MetricSeries, float], NDArray[np.float64]],
    factor: float,
) -> None:
    power = series["heater_power_w"]
    axes.plot(axis(power, factor), power.value, color=GREEN)
