"""The meter: every component's power is a step function of time, and energy is its exact integral.

Levels are in watts, instants in integer picoseconds. Products are summed with Neumaier compensation, so that
the sum of millions of steps keeps full double precision.
"""

import math
from typing import Protocol

from emulator.errors import CommandError
from emulator.units import PS_PER_S

__all__ = ["Meter", "PowerSink"]


class PowerSink(Protocol):
    """Whatever keeps the rows of power changes: the recorder, or nothing."""

    def label(self, table_column: str, text: str) -> int:
        """Return the index that stands for ``text`` in the column."""

    def power(self, component: int, t: int, watts: float) -> None:
        """Keep one row."""


class Meter:
    """Account for the power of named components; make them with ``component``, then ``set`` their levels."""

    def __init__(self, sink: PowerSink) -> None:
        self._sink = sink
        self._names: list[str] = []
        self._labels: list[int] = []
        self._watts: list[float] = []
        self._since_ps: list[int] = []
        self._sum: list[float] = []
        self._lost: list[float] = []

    def component(self, name: str, watts: float = 0.0, t_ps: int = 0) -> int:
        """Add the component ``name``, which draws ``watts`` from ``t_ps`` on, and return its handle.

        Raises ``CommandError`` when the name is taken.
        """
        if name in self._names:
            raise CommandError(
                f"meter: there is a component {name!r} already; every component needs its own name"
            )
        self._names.append(name)
        self._labels.append(self._sink.label("power.component", name))
        self._watts.append(0.0)
        self._since_ps.append(t_ps)
        self._sum.append(0.0)
        self._lost.append(0.0)
        handle = len(self._names) - 1
        self.set(handle, t_ps, watts)
        return handle

    def set(self, handle: int, t_ps: int, watts: float) -> None:
        """Let the component draw ``watts`` from ``t_ps`` on.

        Raises ``CommandError`` when the level is negative or not finite, or ``t_ps`` lies before its last change.
        """
        level = self._watts[handle]
        if watts == level:
            return
        if not 0.0 <= watts < math.inf or t_ps < self._since_ps[handle]:
            raise CommandError(
                f"meter: {self._names[handle]} cannot draw {watts!r} W from {t_ps} ps on; a level is finite and "
                f">= 0, and the last change was at {self._since_ps[handle]} ps"
            )
        self._add(handle, level * (t_ps - self._since_ps[handle]))
        self._watts[handle] = watts
        self._since_ps[handle] = t_ps
        self._sink.power(self._labels[handle], t_ps, watts)

    def power_w(self) -> float:
        """Return the present total power, in watts."""
        return math.fsum(self._watts)

    def energy_j(self, t_ps: int) -> dict[str, float]:
        """Return each component's energy from its start until ``t_ps``, in joules.

        ``t_ps`` must not lie before any component's last change.
        """
        return {
            name: (total + lost + watts * (t_ps - since)) / PS_PER_S
            for name, total, lost, watts, since in zip(
                self._names, self._sum, self._lost, self._watts, self._since_ps, strict=True
            )
        }

    def total_j(self, t_ps: int) -> float:
        """Return the energy of all components until ``t_ps``, in joules."""
        return math.fsum(self.energy_j(t_ps).values())

    def _add(self, handle: int, watt_ps: float) -> None:
        total = self._sum[handle]
        new = total + watt_ps
        self._lost[handle] += (total - new) + watt_ps if total >= watt_ps else (watt_ps - new) + total
        self._sum[handle] = new
