"""The logged numbers that a figure can show: finite, and small enough for an axis; what is not is left out."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.reading.reader import MetricSeries, Trace
from experiments.output.statistics import accuracy_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Band", "accuracy_band", "draw_band", "drawable", "finite", "needed"]


class Band(NamedTuple):
    """Hold both ends of the intervals of a curve's points, and what they are."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    label: str


_LARGEST: Final = 1e30
"""Amount beyond which a logged number is no measurement, and which an axis could not hold beside others."""


def drawable(trace: Trace) -> dict[str, MetricSeries]:
    """Return every metric of ``trace`` that has points to draw, with these only."""
    found = {}
    for name, series in trace.metrics().items():
        kept = np.isfinite(series.value) & (np.abs(series.value) <= _LARGEST)
        if kept.any():
            found[name] = MetricSeries(series.t_s[kept], series.queries[kept], series.value[kept])
    return found


def finite(series: Mapping[str, MetricSeries], name: str) -> float | None:
    """Return the last value of the metric ``name``, or None where it has none."""
    return float(series[name].value[-1]) if name in series else None


def accuracy_band(series: Mapping[str, MetricSeries], part: str = "test") -> Band | None:
    """Return the 95 % intervals of the accuracy of ``part``, in percent; None where its samples are not known."""
    samples = finite(series, f"{part}_samples")
    if samples is None or samples < 1:
        return None
    found = [accuracy_interval(one, int(samples)) for one in series[f"{part}_accuracy"].value.tolist()]
    low, high = (
        np.array([math.nan if each is None else 100 * each[end] for each in found]) for end in (0, 1)
    )
    return Band(low, high, f"95 % interval of {int(samples):,} {part} samples")


def draw_band(axes: "Axes", along: NDArray[np.float64], band: Band | None, colour: str) -> None:
    """Draw the intervals of a curve's points, which lie at ``along``, behind it; nothing where none are known."""
    if band is not None:
        axes.fill_between(along, band.low, band.high, color=colour, alpha=0.18, linewidth=0, label=band.label)


def needed(trace: Trace, series: Mapping[str, MetricSeries], names: Sequence[str], what: str) -> None:
    """Raise ``TraceError`` unless ``series`` has all of ``names``: what is missing, and what it does hold."""
    missing = [name for name in names if name not in series]
    if not missing:
        return
    logged = trace.metrics()
    if missing[0] in logged and len(logged[missing[0]].value):
        raise TraceError(
            f"{trace.path}: every value of {missing[0]} is NaN or beyond {_LARGEST:g}: no {what} to draw"
        )
    held = ", ".join(sorted(name for name in series)[:12]) or "none"
    raise TraceError(
        f"{trace.path}: no {' and no '.join(missing)} was recorded, so there is no {what} to draw; metrics of this "
        f"trace: {held}"
    )
