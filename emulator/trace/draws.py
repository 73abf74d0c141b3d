"""What the steps of plans draw: power as it really was, from stored levels and the plans of commands.

A file keeps levels, which components draw by themselves, and what each step of a plan draws above them. Here the
two are put together, for whoever wants power against time; sums over a run need none of it (``planned_w_ps``).
"""

from collections import defaultdict
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.schema import REMAINDER, Commands, Draws, Plans, Power

__all__ = ["expand_draws", "planned_w_ps", "step_ps"]

_PLANS: Final = 2**16
_MAX_DRAWN: Final = 2**28

Times = NDArray[np.int64]


class _Drawn(NamedTuple):
    """Say that a component drew ``watts`` above its level from each of ``t_start`` to each of ``t_end`` (ps)."""

    watts: float
    t_start: Times
    t_end: Times


def step_ps(commands: Commands, plans: Plans) -> Times:
    """Return, for each row of ``plans``, how long its step lasted in all ``commands`` together."""
    times = np.bincount(commands.plan, minlength=_PLANS)
    service_ps = np.zeros(_PLANS, dtype=np.int64)
    np.add.at(service_ps, commands.plan, commands.t_done - commands.t_started)
    fixed = plans.duration_ps != REMAINDER
    fixed_ps = np.zeros(_PLANS, dtype=np.int64)
    np.add.at(fixed_ps, plans.plan[fixed], plans.duration_ps[fixed])
    spare_ps = service_ps - times * fixed_ps
    return np.where(fixed, times[plans.plan] * plans.duration_ps, spare_ps[plans.plan])


def planned_w_ps(commands: Commands, plans: Plans, draws: Draws) -> dict[int, list[float]]:
    """Return what plans drew above the levels, in W ps: by component number, one product for each power.

    Picoseconds are added as integers before they are multiplied: uses of a step, times its duration, times watts.
    """
    lasted_ps = step_ps(commands, plans)
    total_ps: dict[tuple[int, float], int] = defaultdict(int)
    rows = _steps_of(plans, draws)
    for row, component, watts in zip(
        rows.tolist(), draws.component.tolist(), draws.watts.tolist(), strict=True
    ):
        if row >= 0:
            total_ps[component, watts] += int(lasted_ps[row])
    drawn: dict[int, list[float]] = defaultdict(list)
    for (component, watts), ps in total_ps.items():
        drawn[component].append(watts * ps)
    return drawn


def expand_draws(levels: Power, commands: Commands, plans: Plans, draws: Draws) -> Power:
    """Return power as it was, one row a change: ``levels``, and above them what the steps of ``commands`` drew.

    Rows come in the order of time, and of components at one instant. A component that no step draws from keeps
    its rows. Raises ``TraceError`` when there are too many to be held in memory.
    """
    drawn = _intervals(commands, plans, draws)
    if not drawn:
        return levels
    kept = ~np.isin(levels.component, list(drawn))
    parts = [(levels.component[kept], levels.t[kept], levels.watts[kept])]
    for component, intervals in drawn.items():
        mine = np.flatnonzero(levels.component == component)
        mine = mine[np.argsort(levels.t[mine], kind="stable")]
        t, watts = _sweep(levels.t[mine], levels.watts[mine], intervals)
        parts.append((np.full(len(t), component, dtype=np.uint8), t, watts))
    components, times, powers = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((components, times))
    return Power(components[order], times[order], powers[order])


def _steps_of(plans: Plans, draws: Draws) -> NDArray[np.int64]:
    """Return the row of ``plans`` that each of ``draws`` speaks of, or -1 where there is no such step."""
    order = np.argsort(plans.plan, kind="stable")
    first = np.searchsorted(plans.plan[order], draws.plan)
    at = first + draws.step
    row = np.append(order, -1)[at.clip(max=len(order))]
    known = (row >= 0) & (np.append(plans.plan, 0)[row] == draws.plan)
    return np.where(known, row, -1)


def _intervals(commands: Commands, plans: Plans, draws: Draws) -> dict[int, list[_Drawn]]:
    """Return when each component drew above its level, by its number."""
    order = np.argsort(commands.plan, kind="stable")
    bounds = np.searchsorted(commands.plan[order], np.arange(_PLANS + 1))
    count = int(np.diff(bounds)[draws.plan].sum())
    if count > _MAX_DRAWN:
        raise TraceError(f"draws: steps drew {count} times; at most {_MAX_DRAWN} are expanded")
    found: dict[int, list[_Drawn]] = defaultdict(list)
    for place, row in enumerate(_steps_of(plans, draws).tolist()):
        number = int(draws.plan[place])
        uses = order[bounds[number] : bounds[number + 1]]
        if row >= 0 and len(uses):
            started, done = commands.t_started[uses], commands.t_done[uses]
            steps = np.flatnonzero(plans.plan == number)
            t_start, t_end = _step_times(plans.duration_ps[steps], int(draws.step[place]), started, done)
            found[int(draws.component[place])].append(_Drawn(float(draws.watts[place]), t_start, t_end))
    return found


def _step_times(duration_ps: Times, step: int, started: Times, done: Times) -> tuple[Times, Times]:
    """Return when the ``step`` of a plan began and ended in commands that lasted from ``started`` to ``done``."""
    after_remainder = REMAINDER in duration_ps[:step].tolist()
    before = started if not after_remainder else done - int(duration_ps[step:].sum())
    t_start = before if after_remainder else before + int(duration_ps[:step].sum())
    if duration_ps[step] == REMAINDER:
        return t_start, done - int(duration_ps[step + 1 :].sum())
    return t_start, t_start + int(duration_ps[step])


def _sweep(t: Times, level_w: NDArray[np.float64], drawn: list[_Drawn]) -> tuple[Times, NDArray[np.float64]]:
    """Return the instants at which level plus draws change, and their sum from then on.

    Steps under way are counted and the count is multiplied, so that no rounding is left when the last one ends.
    """
    by_watts: dict[float, list[_Drawn]] = defaultdict(list)
    for one in drawn:
        by_watts[one.watts].append(one)
    edges = [(watts, *_sorted_edges(ones)) for watts, ones in by_watts.items()]
    every = np.concatenate([t, *(times for _, *both in edges for times in both)])
    every.sort(kind="stable")  # which merges what is sorted already
    at = every[np.append(True, every[1:] > every[:-1])] if len(every) else every
    total = np.append(0.0, level_w)[np.searchsorted(t, at, side="right")]
    for watts, starts, ends in edges:
        under_way = np.searchsorted(starts, at, side="right") - np.searchsorted(ends, at, side="right")
        total = total + watts * under_way
    changed = np.append(True, total[1:] != total[:-1]) if len(at) else np.zeros(0, dtype=np.bool_)
    return at[changed], total[changed]


def _sorted_edges(drawn: list[_Drawn]) -> tuple[Times, Times]:
    starts = np.concatenate([one.t_start for one in drawn])
    ends = np.concatenate([one.t_end for one in drawn])
    return np.sort(starts, kind="stable"), np.sort(ends, kind="stable")
