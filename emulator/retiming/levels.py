"""The levels that recorded commands set, such as what heaters draw for new phases; exact integrals of them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import kernel
from emulator.retiming.check import Links, Times
from emulator.retiming.prices import HOLDS, NEVER, PASSES, PriceRows

__all__ = ["Levels", "integral_w_ps", "recorded_levels", "set_instants"]

_NEVER: Final = NEVER  # a kernel takes constants of its own file


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Hold what a component drew: ``initial_w``, then ``watts`` (m,) from each command on that sets a level.

    Commands count in the order of their issue.
    """

    initial_w: float
    watts: NDArray[np.float64]


def set_instants(links: Links, times: Times, prices: PriceRows, place: int) -> NDArray[np.int64]:
    """Return when (ps) each command of the instrument at ``place`` sets its level, in the order of issue."""
    mine = prices.server == place
    level, at_once = np.where(mine, prices.level, NEVER), mine & (prices.mode == PASSES)
    if not at_once.any():
        instants = np.empty(len(links.plan), dtype=np.int64)
        return instants[: _set_instants(links.plan, links.order, times.t_started, level, instants)]
    plan, started = links.plan, times.t_started
    if links.order.size:
        plan, started = plan[links.order], started[links.order]
    after = level[plan]
    instants = started + after
    rows = np.flatnonzero(at_once[plan])
    instants[rows] = _undisturbed_ps(links, times, prices, mine, started[rows])
    return np.asarray(instants[after != NEVER])


def _undisturbed_ps(
    links: Links, times: Times, prices: PriceRows, mine: NDArray[np.bool_], asked_ps: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return when what was asked for at ``asked_ps`` takes effect: what is under way is finished first."""
    holds = np.flatnonzero((mine & (prices.mode == HOLDS))[links.plan])
    if len(holds) == 0:
        return asked_ps
    holds = holds[np.lexsort((times.t_started[holds], times.t_issued[holds]))]
    plan, begun = links.plan[holds], times.t_started[holds]
    freed = np.where(prices.own[plan], times.t_done[holds], begun + prices.free[plan])
    begins = np.flatnonzero(~prices.goes_on[plan])
    freed = freed[np.append(begins[1:], len(holds)) - 1]  # what goes on is under way until the last is done
    before = np.searchsorted(begun[begins], asked_ps) - 1
    return np.asarray(np.maximum(asked_ps, np.append(freed, 0)[before]))


def recorded_levels(set_ps: NDArray[np.int64], t: NDArray[np.int64], watts: NDArray[np.float64]) -> Levels:
    """Return the levels that were set at ``set_ps`` (m,), read off a recorded power.

    ``watts`` (k,) are drawn from the instants ``t`` (k,), in order, on; nothing before the first.
    """
    if len(t) == 0 or t[0] > 0:
        t, watts = np.append(0, t), np.append(0.0, watts)
    found = np.empty(len(set_ps))
    if not _read(set_ps, t, watts, found):  # what changes at once may come before what was asked for earlier
        found = watts[np.searchsorted(t, set_ps, side="right") - 1]
    return Levels(float(watts[0]), found)


def integral_w_ps(levels: Levels, set_ps: NDArray[np.int64], elapsed_ps: int) -> float:
    """Return the integral until ``elapsed_ps``, in W ps, of levels set at ``set_ps``; compensated (Neumaier)."""
    watts = levels.watts
    if np.any(set_ps[1:] < set_ps[:-1]):
        order = np.argsort(set_ps, kind="stable")
        set_ps, watts = set_ps[order], watts[order]
    return _integral(levels.initial_w, watts, set_ps, elapsed_ps)


@kernel
def _set_instants(
    plan: NDArray[np.uint16],
    order: NDArray[np.int32],
    t_started: NDArray[np.int64],
    level: NDArray[np.int64],
    instants: NDArray[np.int64],
) -> int:
    """Fill ``instants`` with when each command sets a level, for those that do; return how many do."""
    count = 0
    for place in range(plan.size):
        row = order[place] if order.size else place
        after = level[plan[row]]
        if after != _NEVER:
            instants[count] = t_started[row] + after
            count += 1
    return count


@kernel
def _read(
    set_ps: NDArray[np.int64], t: NDArray[np.int64], watts: NDArray[np.float64], found: NDArray[np.float64]
) -> bool:
    """Fill ``found``; return False when ``set_ps`` are not in order."""
    at = 0
    for place in range(set_ps.size):
        if place and set_ps[place] < set_ps[place - 1]:
            return False
        while at + 1 < t.size and t[at + 1] <= set_ps[place]:
            at += 1
        found[place] = watts[at]
    return True


@kernel
def _integral(initial_w: float, watts: NDArray[np.float64], set_ps: NDArray[np.int64], elapsed: int) -> float:
    total, lost, drawn, since = 0.0, 0.0, initial_w, 0
    for place in range(set_ps.size + 1):
        until = min(set_ps[place], elapsed) if place < set_ps.size else elapsed
        part = drawn * (until - since)
        grown = total + part
        lost += (total - grown) + part if total >= part else (part - grown) + total
        total, since = grown, until
        if place < set_ps.size:
            drawn = watts[place]
    return total + lost
