"""The counters of a timeline: power, phase sum, accuracy and queue depth as step functions of time."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.trace.reading.reader import Trace
from emulator.trace.timeline.window import Window

__all__ = ["Counter", "counters", "queue_depth"]

_PHASE_SUM: Final = "active_phase_rad"
_ACCURACY: Final = "accuracy"


class Counter(NamedTuple):
    """Hold a step function: from ``t[i]`` (ps) on it has ``value[i]``; times ascend strictly, values are finite."""

    name: str
    unit: str
    t: NDArray[np.int64]
    value: NDArray[np.float64]

    @property
    def title(self) -> str:
        """Return what a viewer shows: the name and, where it has one, the unit."""
        return self.name if self.unit == "1" else f"{self.name} ({self.unit})"


def counters(trace: Trace, window: Window) -> tuple[Counter, ...]:
    """Return the counters of ``trace`` in ``window``; one that says nothing there is left out.

    Power of each component and of all; commands that each instrument keeps waiting; the sum of the active heaters'
    phases; every accuracy.
    """
    found = [*_powers(trace), *_queues(trace)]
    for name, series in trace.metrics().items():
        if name == _PHASE_SUM or _ACCURACY in name:
            t = trace.metric_rows.t[trace.metric_rows.name == trace.labels("metrics.name").index(name)]
            found.append(
                _steps("phase sum", "rad", t, series.value)
                if name == _PHASE_SUM
                else _steps(name, "1", t, series.value)
            )
    cut = (_cut(one, window) for one in found)
    return tuple(one for one in cut if len(one.t))


def _powers(trace: Trace) -> list[Counter]:
    power, found = trace.power, []
    for number, component in enumerate(trace.labels("power.component")):
        mine = power.component == number
        found.append(_steps(f"power {component}", "W", power.t[mine], power.watts[mine]))
    return [_sum("power", found), *found] if found else []


@np.errstate(over="ignore", invalid="ignore")
def _sum(name: str, parts: list[Counter]) -> Counter:
    """Return the sum of the ``parts``, at every instant at which one of them changes; 0 before its first."""
    t = np.unique(np.concatenate([part.t for part in parts]))
    total = np.zeros(len(t))
    for part in parts:
        at = np.searchsorted(part.t, t, side="right") - 1
        total += np.where(at >= 0, part.value[at], 0.0) if len(part.t) else 0.0
    return Counter(name, parts[0].unit, t, total)


def _queues(trace: Trace) -> list[Counter]:
    commands = trace.commands
    found = []
    for number, instrument in enumerate(trace.labels("commands.instrument")):
        mine = commands.instrument == number
        depth = queue_depth(commands.t_issued[mine], commands.t_started[mine])
        found.append(depth._replace(name=f"queue {instrument}"))
    return found


def queue_depth(t_issued: NDArray[np.int64], t_started: NDArray[np.int64]) -> Counter:
    """Return how many commands have been issued but not started, from instant 0 on."""
    late = t_started > t_issued
    t = np.concatenate((np.zeros(1, dtype=np.int64), t_issued[late], t_started[late]))
    change = np.repeat([0, 1, -1], (1, int(late.sum()), int(late.sum())))
    order = np.argsort(t, kind="stable")
    return _steps("queue", "1", t[order], np.cumsum(change[order]).astype(np.float64))


def _steps(name: str, unit: str, t: NDArray[np.int64], value: NDArray[np.float64]) -> Counter:
    """Return the steps in order of time; the last value of an instant counts, one that is not finite does not."""
    finite = np.isfinite(value)
    t, value = t[finite], value[finite]
    order = np.argsort(t, kind="stable")
    t, value = t[order], value[order]
    last = np.flatnonzero(np.append(np.diff(t) > 0, True)) if len(t) else order
    return Counter(name, unit, t[last], value[last])


def _cut(counter: Counter, window: Window) -> Counter:
    """Return what ``counter`` says in ``window``; the value that it has at the beginning comes first."""
    begin = max(0, int(np.searchsorted(counter.t, window.from_ps, side="right")) - 1)
    end = int(np.searchsorted(counter.t, window.to_ps, side="right"))
    t, value = counter.t[begin:end], counter.value[begin:end]
    return counter._replace(t=t.clip(min=window.from_ps), value=value)
