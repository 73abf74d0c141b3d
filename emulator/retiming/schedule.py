"""New times for a recording's commands: each issued upon the same replies as before, served in the same order.

One pass in the order of issue. An instrument takes a command when it is done with what came before, a thought upon
the reply apart; what is pipelined is sent again. The order in which commands reach an instrument is kept even
where the new times would change it: ``disordered`` counts those, and ``tied`` the ones whose order is left open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.instruments.retiming import Resender, Resent
from emulator.kernel import kernel
from emulator.retiming.check import Links, Times, ready_ps
from emulator.retiming.lab import Laboratory
from emulator.retiming.prices import HOLDS, PASSES, SENDS, PriceRows, Prices
from emulator.retiming.recording import Recording
from emulator.units import LAST_PS, beyond_time

__all__ = ["Schedule", "schedule"]

_LAST_PS: Final = LAST_PS  # a kernel takes constants of its own file


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """Hold the new times, what was ``sent`` again by row, and by how much instruments were held and waited for.

    ``waited_ps`` and ``held_ps`` sum over the commands of each instrument, by its place on the bench; ``senders``
    are there by place.
    """

    times: Times
    elapsed_ps: int
    sent: tuple[tuple[int, Resent], ...]
    senders: Mapping[int, Resender]
    waited_ps: NDArray[np.float64]
    held_ps: NDArray[np.float64]
    disordered: int
    tied: int


class _State(NamedTuple):
    """Carry a pass on, by instrument: when it is free, and of the commands before the issue, agent and cause."""

    free: NDArray[np.int64]
    asked: NDArray[np.int64]
    last_issue: NDArray[np.int64]
    last_agent: NDArray[np.int64]
    last_cause: NDArray[np.int64]
    waited: NDArray[np.float64]
    held: NDArray[np.float64]
    counts: NDArray[np.int64]
    """Commands out of order, commands tied."""

    @classmethod
    def fresh(cls, servers: int) -> "_State":
        """Return the state before the first command."""
        whole, sums = np.zeros((5, servers), dtype=np.int64), np.zeros((2, servers))  # sums may pass 64 bits
        state = cls(
            whole[0], whole[1], whole[2], whole[3], whole[4], sums[0], sums[1], np.zeros(2, dtype=np.int64)
        )
        state.last_agent.fill(-1)
        return state


def schedule(recording: Recording, prices: Prices, laboratory: Laboratory) -> Schedule:
    """Return the times that the commands of ``recording`` have at ``prices`` in ``laboratory``.

    Raises ``ClockError`` when they would exceed what 64 bits of picoseconds hold.
    """
    links, count, rows = recording.links, recording.count, prices.rows
    times = Times(*(np.empty(count, dtype=np.int64) for _ in range(3)))
    state = _State.fresh(max(prices.servers, len(laboratory.lab)))
    senders = {
        place: kind.retiming.sender(stand, laboratory.host, laboratory.seed)
        for place, (kind, stand) in enumerate(laboratory.standing())
        if kind.retiming.sender is not None and np.any((rows.server == place) & (rows.mode == SENDS))
    }
    sent: list[tuple[int, Resent]] = []
    place = _advance(0, links, recording.own_ps, rows, times, state)
    while place < count:
        row = int(links.order[place]) if links.order.size else place
        if times.t_issued[row] < 0:
            raise beyond_time(f"{recording.path}: commands row {row}: what it would take now")
        plan = int(links.plan[row])
        server = int(rows.server[plan])
        shot = senders[server].send(int(times.t_issued[row]), recording.plans[plan].work)
        times.t_started[row], times.t_done[row] = shot.started_ps, shot.done_ps
        state.held[server] += shot.done_ps - shot.started_ps
        state.waited[server] += shot.started_ps - shot.issued_ps
        sent.append((row, shot))
        place = _advance(place + 1, links, recording.own_ps, rows, times, state)
    elapsed_ps = int(times.t_done[recording.ending.rows].max(initial=0)) + recording.ending.residue_ps
    if elapsed_ps > LAST_PS:
        raise beyond_time(f"{recording.path}: the end of the run")
    return Schedule(
        times, elapsed_ps, tuple(sent), senders, state.waited, state.held,
        int(state.counts[0]), int(state.counts[1]),
    )  # fmt: skip


@kernel
def _advance(
    place: int,
    links: Links,
    own_ps: NDArray[np.int64],
    prices: PriceRows,
    times: Times,
    state: _State,
) -> int:
    """Set times from ``place`` on until one that is sent, of which only ``t_issued`` is set; return its place."""
    for here in range(place, links.plan.size):
        row = links.order[here] if links.order.size else here
        plan, first = links.plan[row], links.cause[row]
        if prices.goes_on[plan]:
            issued = state.asked[prices.server[plan]]
        else:
            issued = ready_ps(links, times, row)
            if links.residue.size:
                if links.residue[row] > _LAST_PS - issued:
                    times.t_issued[row] = -1
                    return here
                issued += links.residue[row]
        times.t_issued[row] = issued
        if prices.mode[plan] == PASSES:
            times.t_started[row] = times.t_done[row] = issued
            continue
        server = prices.server[plan]
        agent = links.agent[row]
        if issued < state.last_issue[server]:
            state.counts[0] += 1
        elif (
            issued == state.last_issue[server]
            and agent != state.last_agent[server] >= 0
            and (first >= 0 or state.last_cause[server] >= 0)  # at the very start agents come in their order
        ):
            state.counts[1] += 1
        state.last_issue[server], state.last_agent[server] = max(issued, state.last_issue[server]), agent
        state.last_cause[server] = first
        if prices.mode[plan] != HOLDS:
            return here
        started = max(issued, state.free[server])
        late = links.late[row] if links.late.size else 0
        lasting = own_ps[row] if prices.own[plan] else prices.reply[plan]
        held = own_ps[row] if prices.own[plan] else prices.free[plan]
        if late > _LAST_PS - started or max(lasting, held) > _LAST_PS - started - late:
            times.t_issued[row] = -1
            return here
        started += late
        times.t_started[row], times.t_done[row] = started, started + lasting
        state.asked[server] = issued
        state.free[server] = started + held
        state.waited[server] += started - issued
        state.held[server] += held
    return links.plan.size
