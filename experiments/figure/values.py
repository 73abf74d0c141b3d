"""The logged numbers that a figure can show: finite, and small enough for an axis; what is not is left out."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from emulator.errors import TraceError
from emulator.trace.reading.reader import MetricSeries, Trace

__all__ = ["drawable", "finite", "needed"]

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
