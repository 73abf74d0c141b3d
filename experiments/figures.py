"""Figures of a trace: what it recorded, with units, and nothing that it did not record."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError, TraceError, nearest
from emulator.trace.reader import MetricSeries, Trace, open_trace
from experiments.inspection import study_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_figure", "figure_kinds", "recovery_figure"]

# The Okabe-Ito palette: its colours stay apart in every common kind of colour blindness.
_BLUE, _ORANGE, _GREEN, _GREY = "#0072B2", "#D55E00", "#009E73", "#595959"
_SUFFIXES = (".png", ".pdf", ".svg")
_STYLE: Any = {
    "font.size": 9.0,
    "axes.labelsize": 9.0,
    "axes.titlesize": 9.0,
    "legend.fontsize": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "savefig.dpi": 200,
    "svg.hashsalt": "lightloop",
}


def figure_kinds() -> tuple[str, ...]:
    """Return the kinds that ``draw_figure`` knows."""
    return tuple(_KINDS)


def draw_figure(path: Path, out: Path, kind: str = "recovery", force: bool = False) -> None:
    """Draw the trace at ``path`` into the image ``out``; an existing file is replaced only with ``force``.

    Raises ``ConfigError`` on an unknown kind or image type, and ``TraceError`` when ``out`` is there already or
    cannot be written, or when the trace is damaged or lacks what the figure shows.
    """
    if kind not in _KINDS:
        hint = nearest(kind, _KINDS)
        raise ConfigError(
            f"--kind {kind[:60]!r} is unknown; allowed: {', '.join(_KINDS)}{hint and f'; {hint}'}"
        )
    if out.suffix.lower() not in _SUFFIXES:
        raise ConfigError(f"{out}: {out.suffix!r} is no image type; allowed: {', '.join(_SUFFIXES)}")
    if os.path.lexists(out) and not force:
        raise TraceError(f"{out}: a file lies here already; choose another path or add --force")
    from matplotlib import rc_context

    with open_trace(path) as trace, rc_context(_STYLE):
        figure = _KINDS[kind](trace)
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(out)
        except OSError as error:
            raise TraceError(f"{out}: the figure cannot be written: {error.strerror}") from error


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
    factor, unit = _time_unit(trace.elapsed_s)
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    top, bottom = figure.subplots(2, 2, sharex="col", sharey="row", height_ratios=(1.6, 1.0))
    for column, axis in enumerate(_AXES):
        _draw_accuracy(top[column], series, axis, factor)
        _draw_power(bottom[column], series, axis, factor)
    top[0].set_ylabel("Test accuracy (%)")
    bottom[0].set_ylabel("Heater power (W)")
    bottom[0].set_xlabel("Queries")
    bottom[0].xaxis.set_major_formatter(_thousands)
    bottom[0].xaxis.set_major_locator(MaxNLocator(nbins=5))
    bottom[1].set_xlabel(f"Emulated time ({unit})")
    bottom[0].set_ylim(0.0, 1.15 * max(float(series["heater_power_w"].value.max()), 1e-9))
    for axes in bottom:
        axes.set_xlim(left=0.0)
    figure.legend(*top[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    figure.suptitle(_title(trace), fontsize=9.0)
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
        axes.axhline(ideal, color=_GREY, linestyle="--", label=f"electronic model, {ideal:.1f} %")
    deployed = 100 * float(accuracy.value[0])
    axes.axhline(deployed, color=_GREY, linestyle=":", label=f"deployed, {deployed:.1f} %")
    last = 100 * float(accuracy.value[-1])
    label = f"on the chip, at the end {last:.1f} %"
    axes.plot(axis(accuracy, factor), 100 * accuracy.value, color=_BLUE, linewidth=0.9, zorder=3, label=label)
    chosen = series.get("selected_test_accuracy")
    if chosen is not None:
        label = f"state of least validation loss so far, at the end {100 * float(chosen.value[-1]):.1f} %"
        axes.step(axis(chosen, factor), 100 * chosen.value, color=_ORANGE, where="post", label=label)


def _draw_power(
    axes: "Axes",
    series: dict[str, MetricSeries],
    axis: Callable[[MetricSeries, float], NDArray[np.float64]],
    factor: float,
) -> None:
    power = series["heater_power_w"]
    axes.plot(axis(power, factor), power.value, color=_GREEN)


def _thousands(value: float, position: int | None = None) -> str:
    del position
    return f"{value:,.0f}"


def _time_unit(elapsed_s: float) -> tuple[float, str]:
    """Return the factor from seconds, and the unit, in which ``elapsed_s`` reads well."""
    for limit, factor, unit in ((1e-6, 1e9, "ns"), (1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (1e4, 1.0, "s")):
        if elapsed_s < limit:
            return factor, unit
    return 1 / 3600, "h"


def _title(trace: Trace) -> str:
    facts = f"status {trace.status} · seed {trace.seed} · digest {trace.digest[:12]}"
    return f"{study_title(trace)}\n{facts}".strip()


_KINDS: dict[str, Callable[[Trace], "Figure"]] = {"recovery": recovery_figure}
