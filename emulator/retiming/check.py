"""The links between a recording's commands, and the compiled passes that check them against its times.

Commands are visited in the order in which they were issued. Where that is the order of their rows, as it is while
nothing overlaps, ``order`` is empty.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.kernel import inlined, kernel
from emulator.retiming.prices import HOLDS, SENDS, PriceRows

__all__ = ["Links", "Times", "check", "claim_plans", "conclude", "narrow", "order_of", "ready_ps"]

_FINE, _EARLY, _NOT_FIFO, _TOO_LONG, _HAS_WAIT = range(5)
_FAULTS: Final = {
    _EARLY: "it was issued before a reply that it waited for",
    _NOT_FIFO: "it was not started when its instrument was free",
    _TOO_LONG: "it lasted another time than its configuration says",
}


class Links(NamedTuple):
    """Hold of each command its plan, the row of its cause (or -1), and its agent; optional arrays may be empty.

    ``join_start`` (n + 1,) bounds each command's rows in ``join_cause``; ``residue`` (n,) is how long an agent
    waited besides, in ps, and ``late`` (n,) a command in the queue; ``order`` (n,) lists the rows as they were
    issued.
    """

    plan: NDArray[np.uint16]
    cause: NDArray[np.int32]
    agent: NDArray[np.uint8]
    join_start: NDArray[np.int64]
    join_cause: NDArray[np.int32]
    residue: NDArray[np.int64]
    late: NDArray[np.int64]
    order: NDArray[np.int32]


class Times(NamedTuple):
    """Hold of each command when it was issued, started and done, in ps."""

    t_issued: NDArray[np.int64]
    t_started: NDArray[np.int64]
    t_done: NDArray[np.int64]


def claim_plans(
    plan: NDArray[np.uint16], instrument: NDArray[np.uint8], kind: NDArray[np.uint8], known: int, where: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return whose each of ``known`` plans is (256 * instrument + kind), and how many commands it has.

    Raises ``TraceError`` when a command names no plan or a plan serves two kinds.
    """
    of, used = np.full(known, -1, dtype=np.int64), np.zeros(known, dtype=np.int64)
    row = _claim(plan, instrument, kind, of, used)
    if row >= 0:
        raise TraceError(
            f"{where}: commands row {row}: its plan {int(plan[row])} is unknown, or another kind's"
        )
    return of, used


def narrow(
    plan: NDArray[np.uint16],
    cause: NDArray[np.int64],
    agent: NDArray[np.uint8],
    join_command: NDArray[np.int64],
    join_cause: NDArray[np.int64],
    where: str,
) -> Links:
    """Return the links, with narrow types; raises ``TraceError`` when a cause is not an earlier row."""
    narrowed = np.empty(len(cause), dtype=np.int32)
    row = _narrow(cause, narrowed) if len(cause) < 2**31 else 0
    if row >= 0:
        raise TraceError(f"{where}: commands row {row}: its cause is not an earlier row")
    start = np.empty(0, dtype=np.int64)
    if len(join_command):
        if np.any((join_cause < 0) | (join_cause >= join_command) | (join_command >= len(cause))):
            raise TraceError(f"{where}: /joins names a cause that is not an earlier row than its command")
        by_command = np.argsort(join_command, kind="stable")
        join_cause = join_cause[by_command]
        start = np.searchsorted(join_command[by_command], np.arange(len(cause) + 1))
    none = np.empty(0, dtype=np.int64)
    return Links(plan, narrowed, agent, start, join_cause.astype(np.int32), none, none, none.astype(np.int32))


def order_of(links: Links, prices: PriceRows, times: Times) -> NDArray[np.int32]:
    """Return the rows in the order in which their instruments took them; empty where they are in it already.

    That is the order of issue; of commands issued together, an instrument starts what came first first, and one
    that sends frames replies to it first: what is dark starts at once, whatever is before it.
    """
    turn, sent = times.t_started, prices.mode == SENDS
    if sent.any():
        turn = np.where(sent[links.plan], times.t_done, turn)
    if _is_ordered(times.t_issued, turn):
        return np.empty(0, dtype=np.int32)
    return np.lexsort((turn, times.t_issued)).astype(np.int32)


def check(links: Links, prices: PriceRows, times: Times, unheld_from_ps: int, where: str) -> Links:
    """Return ``links`` with what agents and commands waited besides.

    From ``unheld_from_ps`` on a command may queue behind one of which there is no record, because its reply would
    have come after the end. Raises ``TraceError`` naming the first row that does not follow from ``prices``.
    """
    none, servers = np.empty(0, dtype=np.int64), int(prices.server.max(initial=0)) + 1
    fault, row = _check(links, prices, times, servers, unheld_from_ps, none, none)
    residue = late = none
    if fault == _HAS_WAIT:
        residue, late = np.zeros((2, len(links.plan)), dtype=np.int64)
        fault, row = _check(links, prices, times, servers, unheld_from_ps, residue, late)
    if fault != _FINE:
        raise TraceError(
            f"{where}: the trace does not follow from its configuration: commands row {row}: {_FAULTS[fault]}"
        )
    return links._replace(residue=residue if residue.any() else none, late=late if late.any() else none)


def conclude(links: Links, times: Times, elapsed_ps: int, main: int) -> tuple[NDArray[np.int64], int]:
    """Return the commands of the agent ``main`` whose replies led to no other, and when the last came (ps).

    Without a record of what an agent joins at its end, all of them are taken to have been waited for.
    """
    led = np.zeros(len(links.plan), dtype=np.bool_)
    _mark_causes(links, main, led)
    rows = np.flatnonzero((links.agent == main) & ~led)
    reply = times.t_done[rows]
    inside = reply <= elapsed_ps
    return rows[inside], int(reply[inside].max(initial=0))


@kernel
def _claim(
    plan: NDArray[np.uint16],
    instrument: NDArray[np.uint8],
    kind: NDArray[np.uint8],
    of: NDArray[np.int64],
    used: NDArray[np.int64],
) -> int:
    for row in range(plan.size):
        number, mine = plan[row], 256 * np.int64(instrument[row]) + kind[row]
        if number >= of.size:
            return row
        if used[number] == 0:
            of[number] = mine
        if of[number] != mine:
            return row
        used[number] += 1
    return -1


@kernel
def _narrow(cause: NDArray[np.int64], narrowed: NDArray[np.int32]) -> int:
    for row in range(cause.size):
        if cause[row] < -1 or cause[row] >= row:
            return row
        narrowed[row] = cause[row]
    return -1


@kernel
def _is_ordered(t_issued: NDArray[np.int64], turn: NDArray[np.int64]) -> bool:
    for row in range(1, t_issued.size):
        if t_issued[row] < t_issued[row - 1]:
            return False
        if t_issued[row] == t_issued[row - 1] and turn[row] < turn[row - 1]:
            return False
    return True


@inlined
def ready_ps(links: Links, times: Times, row: int) -> int:
    """Return when the agent has every reply that command ``row`` waits for."""
    ready, cause = 0, links.cause[row]
    if cause >= 0:
        ready = times.t_done[cause]
    if links.join_start.size:
        for join in range(links.join_start[row], links.join_start[row + 1]):
            ready = max(ready, times.t_done[links.join_cause[join]])
    return ready


@kernel
def _check(
    links: Links,
    prices: PriceRows,
    times: Times,
    servers: int,
    unheld_from_ps: int,
    residue: NDArray[np.int64],
    late: NDArray[np.int64],
) -> tuple[int, int]:
    """Return what is wrong first, and with which row; ``residue`` and ``late`` are filled unless they are empty."""
    # A kernel checks no index: every server must have its place.
    free, asked = np.zeros(servers, dtype=np.int64), np.zeros(servers, dtype=np.int64)
    for place in range(links.plan.size):
        row = links.order[place] if links.order.size else place
        plan = links.plan[row]
        ready = asked[prices.server[plan]] if prices.goes_on[plan] else ready_ps(links, times, row)
        waited = times.t_issued[row] - ready
        if waited < 0:
            return _EARLY, row
        queued = 0
        if prices.mode[plan] == HOLDS:
            server, lasted = prices.server[plan], times.t_done[row] - times.t_started[row]
            queued = times.t_started[row] - max(times.t_issued[row], free[server])
            if queued < 0 or (queued > 0 and times.t_started[row] < unheld_from_ps):
                return _NOT_FIFO, row
            if lasted < 0 or (lasted != prices.reply[plan] and not prices.own[plan]):
                return _TOO_LONG, row
            asked[server] = times.t_issued[row]
            free[server] = times.t_started[row] + (lasted if prices.own[plan] else prices.free[plan])
        if residue.size:
            residue[row], late[row] = waited, queued
        elif waited > 0 or queued > 0:
            return _HAS_WAIT, row
    return _FINE, -1


@kernel
def _mark_causes(links: Links, agent: int, led: NDArray[np.bool_]) -> None:
    """Mark the rows that led to a command of ``agent``."""
    for row in range(links.plan.size):
        if links.agent[row] != agent:
            continue
        if links.cause[row] >= 0:
            led[links.cause[row]] = True
        if links.join_start.size:
            for join in range(links.join_start[row], links.join_start[row + 1]):
                led[links.join_cause[join]] = True
