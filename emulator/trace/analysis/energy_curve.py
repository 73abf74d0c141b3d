"""Energy against time, read off a trace: exact where power was recorded, between logged totals where not.

It sums nothing up by span or component: that is ``analysis.ledger`` and ``analysis.attribution``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emulator.trace.analysis.sums import sum_once
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import Power
from emulator.units import PS_PER_S

__all__ = ["EnergyCurve", "total_energy_j"]


@dataclass(frozen=True, eq=False)
class EnergyCurve:
    """Hold the energy that one component has drawn by any instant: E(t) = E_n + P_n (t - t_n), t_n <= t.

    Attributes
    ----------
    t_ps, watts : arrays (changes,)
        The instants at which the power changed, ascending and starting at 0, and the power from then on.
    drawn_j : array (changes,)
        Energy drawn by each of these instants.
    """

    t_ps: NDArray[np.int64]
    watts: NDArray[np.float64]
    drawn_j: NDArray[np.float64]

    @classmethod
    @np.errstate(over="ignore", invalid="ignore")
    def of(cls, power: Power, component: int) -> "EnergyCurve":
        """Return the curve of the component number ``component``; it draws nothing before its first row."""
        mine = np.flatnonzero(power.component == component)
        mine = mine[np.argsort(power.t[mine], kind="stable")]
        t_ps = np.append(np.int64(0), power.t[mine])
        watts = np.append(0.0, power.watts[mine])
        drawn_j = np.append(0.0, np.cumsum(watts[:-1] * np.diff(t_ps))) / PS_PER_S
        return cls(t_ps, watts, drawn_j)

    @np.errstate(over="ignore", invalid="ignore")
    def at_j(self, t_ps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the energy in joules drawn by each instant ``t_ps`` (ps, not negative), in any order."""
        last = np.searchsorted(self.t_ps, t_ps, side="right") - 1
        return self.drawn_j[last] + self.watts[last] * (t_ps - self.t_ps[last]) / PS_PER_S


def total_energy_j(trace: Trace, t_ps: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Return the energy of all components by each instant ``t_ps``; None when the trace does not hold it.

    A trace of detail "summary" recorded no power: the metric ``energy_j`` is read in straight lines between
    the instants at which it was logged, and on to the whole energy at the end.
    """
    components = trace.labels("power.component")
    if len(trace.power.t):
        total_j = np.zeros(t_ps.shape)
        for number in range(len(components)):
            total_j += EnergyCurve.of(trace.power, number).at_j(t_ps)
        return total_j
    logged = trace.metrics().get("energy_j")
    if logged is None or len(logged.value) == 0:
        return None
    whole_j = sum_once(trace.totals().get("energy_j", {}).values())
    ends_s, ends_j = ([trace.elapsed_s], [whole_j]) if whole_j >= logged.value[-1] else ([], [])
    t_s, drawn_j = np.append(logged.t_s, ends_s), np.append(logged.value, ends_j)
    return np.asarray(np.interp(t_ps / PS_PER_S, t_s, drawn_j))
