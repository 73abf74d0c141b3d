"""Where the energy and the time of a run went, recomputed from its trace; nothing is estimated here.

Times are added as whole picoseconds; energies are the exact integral of the power steps, rounded once.
"""

import math
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.trace.analysis.division import without_overlapping_stages
from emulator.trace.draws import planned_w_ps, step_ps
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import Commands, Plans, Power, Spans
from emulator.units import PS_PER_S

__all__ = [
    "HOST",
    "IDLE",
    "energy_by_component",
    "integral_by_component",
    "latency_by_span",
    "plan_shares_ps",
    "span_shares_ps",
]

HOST: Final = "host.think"
"""Key of the time in which the host thinks upon a reading."""

IDLE: Final = "idle"
"""Key of the time in which nothing was recorded to happen."""

_KEYS: Final = 256 * 256  # resource and activity are one byte each


def energy_by_component(trace: Trace) -> dict[str, float]:
    """Return the energy in joules that each component of ``trace`` drew: of its levels, and of plans above them.

    E = (fsum(P * dt_ps) + fsum(W * uses * step_ps)) / 1e12, where uses and picoseconds are multiplied and added as
    integers. Raises ``TraceError`` when the trace is damaged.
    """
    components = trace.labels("power.component")
    drawn = _products_w_ps(trace.power_levels, components, trace.elapsed_ps)
    if trace.detail != "full":  # there, what plans draw is stored with the levels
        for number, products in planned_w_ps(trace.commands, trace.plans, trace.draws).items():
            drawn[components[number]] += products
    return {name: math.fsum(products) / PS_PER_S for name, products in drawn.items()}


def integral_by_component(power: Power, components: Sequence[str], elapsed_ps: int) -> dict[str, float]:
    """Return the energy in joules that each of ``components`` drew between 0 and ``elapsed_ps``.

    ``power.component`` indexes ``components``. A component draws nothing before its first row; of several
    rows at one instant the last counts. Each product of power and duration is rounded to a float, their sum
    is not: E = fsum(P * dt_ps) / 1e12.
    """
    drawn = _products_w_ps(power, components, elapsed_ps)
    return {name: math.fsum(products) / PS_PER_S for name, products in drawn.items()}


def _products_w_ps(power: Power, components: Sequence[str], elapsed_ps: int) -> dict[str, list[float]]:
    """Return the power times the duration of each step of each component."""
    drawn = {}
    for index, name in enumerate(components):
        mine = np.flatnonzero(power.component == index)
        mine = mine[np.argsort(power.t[mine], kind="stable")]
        edges = np.append(power.t[mine], elapsed_ps).clip(0, elapsed_ps)
        drawn[name] = (power.watts[mine] * np.diff(edges)).tolist()
    return drawn


def latency_by_span(trace: Trace) -> dict[str, float]:
    """Return the seconds of [0, elapsed] that went into each "resource.activity" and ``IDLE``.

    Every instant goes to one span: of those that cover it, to the innermost, which is the one that started
    last; inside a command of a pipelined instrument, to the longest of its stages, which sets the pace. What no
    span covers is ``IDLE``. In whole picoseconds the values therefore add up to the elapsed time. Raises
    ``TraceError`` when the trace is damaged; a trace of detail "summary" knows no spans, so that all of it is idle.
    """
    shares = _fast_shares(trace)
    if shares is None:
        spans = without_overlapping_stages(trace.all_spans(), trace.commands, trace.plans)
        shares = span_shares_ps(spans, trace.elapsed_ps)
    resources, activities = trace.labels("spans.resource"), trace.labels("spans.activity")
    share_ps = {
        f"{resources[key >> 8]}.{activities[key & 0xFF]}": int(shares[key])
        for key in np.flatnonzero(shares).tolist()
    }
    share_ps[IDLE] = trace.elapsed_ps - int(shares.sum())
    return {name: ps / PS_PER_S for name, ps in share_ps.items()}


def _fast_shares(trace: Trace) -> NDArray[np.int64] | None:
    commands = trace.commands
    if trace.detail == "full" or len(trace.spans.command):
        return None
    overlap = np.any(commands.t_started[1:] < commands.t_done[:-1])
    if overlap or (len(commands.t_done) and int(commands.t_done[-1]) > trace.elapsed_ps):
        return None
    return plan_shares_ps(commands, trace.plans)


def plan_shares_ps(commands: Commands, plans: Plans) -> NDArray[np.int64]:
    """Return the ps of each span key (256 * resource + activity) of ``commands`` that never overlap.

    No span is built: a plan's steps are multiplied by how often it was carried out.
    """
    return _sum_by_key(plans.resource, plans.activity, step_ps(commands, plans))


def span_shares_ps(spans: Spans, elapsed_ps: int) -> NDArray[np.int64]:
    """Return the ps of [0, ``elapsed_ps``] that each span key (256 * resource + activity) is given.

    An instant goes to the covering span that started last; of those, to the one that ends first; of those, to
    the one of the last row.
    """
    t_start, t_end = spans.t_start.clip(0, elapsed_ps), spans.t_end.clip(0, elapsed_ps)
    order = np.lexsort((-spans.t_end, spans.t_start))
    order = order[t_end[order] > t_start[order]]
    t_start, t_end = t_start[order], t_end[order]
    share_ps = t_end - t_start
    reach = np.maximum.accumulate(t_end)
    crowded = np.zeros(len(order), dtype=np.bool_)
    touching = t_start[1:] < reach[:-1]
    crowded[1:] |= touching
    crowded[:-1] |= touching
    # A span inside a long one need not touch its neighbour in the list, but the long one reaches over both.
    crowd = np.flatnonzero(crowded)
    share_ps[crowd] = _sweep(t_start[crowd].tolist(), t_end[crowd].tolist())
    return _sum_by_key(spans.resource[order], spans.activity[order], share_ps)


def _sweep(t_start: list[int], t_end: list[int]) -> list[int]:
    """Return the ps that each span keeps when later ones of the list cover earlier ones."""
    share_ps = [0] * len(t_start)
    active: list[int] = []  # heap of negated positions: the innermost span is on top
    now = 0
    for position, start in enumerate(t_start):
        _advance(active, share_ps, t_end, now, start)
        now = start
        heappush(active, -position)
    if active:
        _advance(active, share_ps, t_end, now, max(t_end))
    return share_ps


def _advance(active: list[int], share_ps: list[int], t_end: list[int], now: int, until: int) -> None:
    while active and now < until:
        top = -active[0]
        stop = min(t_end[top], until)
        if stop > now:
            share_ps[top] += stop - now
            now = stop
        if t_end[top] <= now:
            heappop(active)


def _sum_by_key(
    resource: NDArray[np.uint8], activity: NDArray[np.uint8], ps: NDArray[np.int64]
) -> NDArray[np.int64]:
    total = np.zeros(_KEYS, dtype=np.int64)
    np.add.at(total, resource.astype(np.int64) * 256 + activity, ps)
    return total
