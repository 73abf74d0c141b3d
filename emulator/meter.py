"""The meter: every component's power is a step function of time, and energy is its exact integral.

Levels are in watts, instants in integer picoseconds. Products are summed with Neumaier compensation, so that
the sum of millions of steps keeps full double precision.
"""

import math
from dataclasses import dataclass
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


@dataclass(slots=True, eq=False)
class _Component:
    """Keep one component's level, since when it holds, and its energy before that, in W ps."""

    name: str
    label: int
    since_ps: int
    watts: float = 0.0
    total: float = 0.0
    lost: float = 0.0


class Meter:
    """Account for the power of named components; make them with ``component``, then ``set`` their levels."""

    def __init__(self, sink: PowerSink) -> None:
        self._sink = sink
        self._components: list[_Component] = []

    def component(self, name: str, watts: float = 0.0, t_ps: int = 0) -> int:
        """Add the component ``name``, which draws ``watts`` from ``t_ps`` on, and return its handle.

        Raises ``CommandError`` when the name is taken.
        """
        if any(component.name == name for component in self._components):
            raise CommandError(
                f"meter: there is a component {name!r} already; every component needs its own name"
            )
        self._components.append(_Component(name, self._sink.label("power.component", name), t_ps))
        handle = len(self._components) - 1
        self.set(handle, t_ps, watts)
        return handle

    def set(self, handle: int, t_ps: int, watts: float) -> None:
        """Let the component draw ``watts`` from ``t_ps`` on.

        Raises ``CommandError`` when the level is negative or not finite, or ``t_ps`` lies before its last change.
        """
        component = self._components[handle]
        level = component.watts
        if watts == level:
            return
        passed_ps = t_ps - component.since_ps
        if not 0.0 <= watts < math.inf or passed_ps < 0:
            raise CommandError(
                f"meter: {component.name} cannot draw {watts!r} W from {t_ps} ps on; a level is finite and "
                f">= 0, and the last change was at {component.since_ps} ps"
            )
        total, part = component.total, level * passed_ps
        component.total = grown = total + part
        component.lost += (total - grown) + part if total >= part else (part - grown) + total
        component.watts = watts
        component.since_ps = t_ps
        self._sink.power(component.label, t_ps, watts)

    def power_w(self) -> float:
        """Return the present total power, in watts."""
        return math.fsum(component.watts for component in self._components)

    def energy_j(self, t_ps: int) -> dict[str, float]:
        """Return each component's energy from its start until ``t_ps``, in joules.

        ``t_ps`` must not lie before any component's last change.
        """
        return {
            c.name: (c.total + c.lost + c.watts * (t_ps - c.since_ps)) / PS_PER_S for c in self._components
        }

    def total_j(self, t_ps: int) -> float:
        """Return the energy of all components until ``t_ps``, in joules."""
        return math.fsum(self.energy_j(t_ps).values())
