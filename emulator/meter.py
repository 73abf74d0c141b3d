"""The meter: every component's power is a step function of time, and energy is its exact integral.

A component's level is what it draws by itself; what the steps of a plan draw above it is not set and reset, but
counted: every use of a plan draws the same. Levels are in watts, instants and durations in integer picoseconds.
Products of levels are summed with Neumaier compensation, so that the sum of millions of steps keeps full double
precision; the picoseconds of plans are summed as integers.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.errors import CommandError
from emulator.kernel import kernel
from emulator.peak import PeakWatch
from emulator.plan import Step
from emulator.units import PS_PER_S

__all__ = ["Meter", "PowerSink", "Used"]


class PowerSink(Protocol):
    """Whatever keeps the rows of power changes: the recorder, or nothing."""

    def label(self, table_column: str, text: str) -> int:
        """Return the index that stands for ``text`` in the column."""

    def power(self, component: int, t: int, watts: float) -> None:
        """Keep one row."""

    def powers(self, component: int, t: NDArray[np.int64], watts: NDArray[np.float64]) -> None:
        """Keep many rows."""


class Used(Protocol):
    """A plan that is served again and again."""

    steps: tuple[Step, ...]
    uses: int


@dataclass(slots=True, eq=False)
class _Component:
    """Keep one component's level, since when it holds, and its energy before that, in W ps."""

    name: str
    label: int = -1
    since_ps: int = 0
    watts: float = 0.0
    total: float = 0.0
    lost: float = 0.0


class Meter:
    """Account for the power of named components; make them with ``component``, then ``set`` their levels."""

    def __init__(self, sink: PowerSink | None = None) -> None:
        self._sink: PowerSink | None = None
        self._components: list[_Component] = []
        self._plans: list[Used] = []
        self._held: list[tuple[int, int, float]] | None = None
        self._watch: PeakWatch | None = None
        self._aside: Callable[[int, int, float], bool] | None = None
        if sink is not None:
            self.attach(sink)

    def attach(self, sink: PowerSink) -> None:
        """Let ``sink`` keep the levels from now on, beginning with the present ones."""
        self._sink = sink
        for component in self._components:
            self._introduce(component, sink)

    def _introduce(self, component: _Component, sink: PowerSink) -> None:
        component.label = sink.label("power.component", component.name)
        if component.watts:
            sink.power(component.label, component.since_ps, component.watts)

    def component(self, name: str, watts: float = 0.0) -> int:
        """Add the component ``name``, which draws ``watts`` from the beginning, and return its handle.

        Raises ``CommandError`` when the name is taken or the level is negative or not finite.
        """
        if any(component.name == name for component in self._components):
            raise CommandError(
                f"meter: there is a component {name!r} already; every component needs its own name"
            )
        component = _Component(name, watts=watts)
        _check(component, 0, watts)
        self._components.append(component)
        if self._sink is not None:
            self._introduce(component, self._sink)
        return len(self._components) - 1

    def label(self, handle: int) -> int:
        """Return the index under which the sink knows the component, or -1 without one."""
        return self._components[handle].label

    def plan(self, plan: Used) -> None:
        """Count every use of ``plan``, whose steps draw above the levels of components that there are.

        Raises ``CommandError`` for a component that was never added.
        """
        known = {component.name for component in self._components}
        for step in plan.steps:
            if step.watts and step.component not in known:
                raise CommandError(f"meter: no component {step.component!r} was added")
        if any(step.watts for step in plan.steps):
            self._plans.append(plan)

    def set(self, handle: int, t_ps: int, watts: float) -> None:
        """Let the component draw ``watts`` from ``t_ps`` on.

        Raises ``CommandError`` when the level is negative or not finite, or ``t_ps`` lies before its last change.
        """
        if self._aside is not None and self._aside(handle, t_ps, watts):
            return
        component = self._components[handle]
        level = component.watts
        if watts == level:
            return
        passed_ps = t_ps - component.since_ps
        if not 0.0 <= watts < math.inf or passed_ps < 0:
            _check(component, t_ps, watts)
        total, part = component.total, level * passed_ps
        component.total = grown = total + part
        component.lost += (total - grown) + part if total >= part else (part - grown) + total
        component.watts = watts
        component.since_ps = t_ps
        if self._sink is not None:
            self._sink.power(component.label, t_ps, watts)

    def watch(self, watch: PeakWatch) -> None:
        """Let ``watch`` know of all levels, beginning with the present ones, as soon as they are known."""
        self._watch = watch
        for handle, component in enumerate(self._components):
            watch.meet(handle, component.name)
            watch.level(handle, 0, component.watts)
        self._aside = self._set_aside

    def hold(self) -> None:
        """Keep what is ``set`` from now on to itself, because its time has not come."""
        self._held = []
        self._aside = self._set_aside

    def release(self) -> list[tuple[int, int, float]]:
        """Return what was held, (handle, from when, watts), none of which was set, and hold no more."""
        held, self._held = self._held or [], None
        if self._watch is None:
            self._aside = None
        return held

    def _set_aside(self, handle: int, t_ps: int, watts: float) -> bool:
        """Tell the watch of a level, and return whether it is held."""
        if self._watch is not None:
            self._watch.level(handle, t_ps, watts)
        if self._held is None:
            return False
        self._held.append((handle, t_ps, watts))
        return True

    def set_many(self, handle: int, t_ps: NDArray[np.int64], watts: NDArray[np.float64]) -> None:
        """Let the component draw each of ``watts`` (n,) from the instant in ``t_ps`` (n,) on, as ``set`` does."""
        component = self._components[handle]
        if not len(t_ps):
            return
        drawn_w_ps, changed = np.empty(len(watts)), np.empty(len(watts), dtype=np.bool_)
        place = _pass_levels(float(component.watts), component.since_ps, t_ps, watts, drawn_w_ps, changed)
        if place >= 0:
            before_ps = t_ps[place - 1] if place else component.since_ps
            _check(component, int(t_ps[place]) if t_ps[place] >= before_ps else -1, float(watts[place]))
        total, part = component.total, math.fsum(drawn_w_ps.tolist())
        component.total = grown = total + part
        component.lost += (total - grown) + part if total >= part else (part - grown) + total
        component.since_ps, component.watts = int(t_ps[-1]), float(watts[-1])
        if self._sink is not None and changed.any():
            self._sink.powers(component.label, t_ps[changed], watts[changed])

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the components, in the order in which they were added."""
        return tuple(component.name for component in self._components)

    def power_w(self, of: Container[str] | None = None) -> float:
        """Return the present total of the levels, in watts; what plans draw above them comes on top.

        Only the components ``of`` count, where that is not None.
        """
        return math.fsum(each.watts for each in self._components if of is None or each.name in of)

    def energy_j(self, t_ps: int) -> dict[str, float]:
        """Return each component's energy from its start until ``t_ps``, in joules.

        ``t_ps`` must not lie before any component's last change.
        """
        planned = self._planned_w_ps()
        return {
            c.name: math.fsum((c.total, c.lost, c.watts * (t_ps - c.since_ps), *planned[c.name])) / PS_PER_S
            for c in self._components
        }

    def total_j(self, t_ps: int, of: Container[str] | None = None) -> float:
        """Return the energy of all components until ``t_ps``, in joules, or of the components ``of`` alone."""
        return math.fsum(drawn_j for name, drawn_j in self.energy_j(t_ps).items() if of is None or name in of)

    def _planned_w_ps(self) -> dict[str, list[float]]:
        """Return what plans drew, in W ps: by component, one product for each level."""
        lasted_ps: dict[tuple[str, float], int] = defaultdict(int)
        for plan in self._plans:
            for step in plan.steps:
                if step.watts:
                    lasted_ps[step.component, step.watts] += plan.uses * step.ps
        drawn: dict[str, list[float]] = defaultdict(list)
        for (component, watts), ps in lasted_ps.items():
            drawn[component].append(watts * ps)
        return drawn


@kernel
def _pass_levels(
    level_w: float,
    since_ps: int,
    t_ps: NDArray[np.int64],
    watts: NDArray[np.float64],
    drawn_w_ps: NDArray[np.float64],
    changed: NDArray[np.bool_],
) -> int:
    """Fill in, for each of ``watts`` (n,), what was drawn before it, and whether it is another level.

    Return the first place at which a level cannot be, or comes before the last, or -1.
    """
    for place in range(watts.size):
        passed_ps = t_ps[place] - since_ps
        if not 0.0 <= watts[place] < np.inf or passed_ps < 0:  # NaN is not, either
            return place
        drawn_w_ps[place], changed[place] = level_w * passed_ps, watts[place] != level_w
        level_w, since_ps = watts[place], t_ps[place]
    return -1


def _check(component: _Component, t_ps: int, watts: float) -> None:
    if not 0.0 <= watts < math.inf or t_ps < component.since_ps:
        raise CommandError(
            f"meter: {component.name} cannot draw {watts!r} W from {t_ps} ps on; a level is finite and "
            f">= 0, and the last change was at {component.since_ps} ps"
        )
