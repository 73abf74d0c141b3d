"""How far a run has come, along the axes of a figure: emulated time, what was asked for meanwhile, and energy.

Time and what was asked for (queries, epochs) share one axis where they keep step, as they do in nearly every run:
the same curve is not drawn twice. Energy has an axis of its own, where it was recorded.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.trace.analysis.energy_curve import total_energy_j
from emulator.trace.reading.reader import Trace
from emulator.units import s_to_ps
from experiments.figure.style import energy_unit, thousands, time_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axes._base import _AxesBase

__all__ = ["STEADY", "Floats", "Progress", "Steps", "label_axis", "progress_of"]

Floats = NDArray[np.float64]

STEADY: Final = 0.01
"""Share of the whole by which steps may differ from ones that grow in proportion to time."""

_TICKS: Final = 5


class Steps(NamedTuple):
    """What a run was asked for, such as queries: its name, and how much of it was done by each instant (s)."""

    name: str
    at: Callable[[Floats], Floats]


class Progress(NamedTuple):
    """One axis: its label, from seconds to it, and what stands above it, if anything, with its amount a unit."""

    label: str
    at: Callable[[Floats], Floats]
    above: str = ""
    above_a_unit: float = 0.0


def progress_of(trace: Trace, steps: Steps, t_s: Floats) -> list[Progress]:
    """Return the axes that ``trace`` can fill; ``t_s`` are instants, ascending, at which ``steps`` are known."""
    factor, unit = time_unit(trace.elapsed_s)
    done, last_s = steps.at(t_s), float(t_s[-1]) if len(t_s) else 0.0
    pace = float(done[-1]) / last_s if last_s > 0 else 0.0
    steady = pace > 0 and bool(np.all(np.abs(done - pace * t_s) <= STEADY * done[-1]))

    def time(seconds: Floats) -> Floats:
        return seconds * factor

    above = (steps.name, pace / factor) if steady else ("", 0.0)
    found = [Progress(f"Emulated time ({unit})", time, *above)]
    if not steady:
        found.insert(0, Progress(steps.name, steps.at))
    total_j = total_energy_j(trace, np.array([trace.elapsed_ps]))
    if total_j is not None and np.isfinite(total_j[0]):
        found.append(_energy(trace, float(total_j[0])))
    return found


def _energy(trace: Trace, total_j: float) -> Progress:
    per_j, joules = energy_unit(total_j)

    def energy(seconds: Floats) -> Floats:
        t_ps = np.array([s_to_ps(t) for t in seconds.tolist()], dtype=np.int64)
        drawn_j = total_energy_j(trace, t_ps)
        return np.zeros(t_ps.shape) if drawn_j is None else drawn_j * per_j

    return Progress(f"Energy ({joules})", energy)


def label_axis(top: "Axes", bottom: "Axes", axis: Progress) -> None:
    """Number and name the horizontal axis of a column whose first panel is ``top`` and whose last is ``bottom``."""
    bottom.set_xlabel(axis.label)
    bottom.set_xlim(left=0.0)
    end = bottom.get_xlim()[1]
    _number(bottom, end)
    if axis.above:
        a_unit = axis.above_a_unit
        above = top.secondary_xaxis(
            "top", functions=(lambda x: np.asarray(x) * a_unit, lambda x: np.asarray(x) / a_unit)
        )
        above.set_xlabel(axis.above)
        above.spines["top"].set_visible(True)
        _number(above, a_unit * end)


def _number(axes: "_AxesBase", end: float) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=_TICKS))
    if end >= 1000:
        axes.xaxis.set_major_formatter(FuncFormatter(thousands))
