"""New times for a recording's commands: each issued upon the same replies as before, served in the same order.

One pass in the order of issue. A chip and a host are free when they have done what came before; projections go
through the frame pipeline. The order in which commands reach an instrument is kept even where the new times would
change it: ``disordered`` counts those, and ``tied`` the ones whose order the new times leave open.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.instruments.opu.frames import FrameSender, Sent
from emulator.kernel import kernel
from emulator.retiming.check import Links, Times, ready_ps
from emulator.retiming.frames import frame_sender
from emulator.retiming.lab import Lab
from emulator.retiming.prices import INSTRUMENTS, OPU, PriceRows, Prices
from emulator.retiming.recording import Recording

__all__ = ["Schedule", "reply_ps", "schedule"]

_PIPELINED: Final = OPU
_LONGEST_PS: Final = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """Hold the new times, what became of the frames, and by how much each instrument was served and waited for.

    ``waited_ps`` and ``served_ps`` (instruments,) sum over commands, in the order of ``INSTRUMENTS``.
    """

    times: Times
    elapsed_ps: int
    sent: tuple[tuple[int, Sent], ...]
    sender: FrameSender | None
    waited_ps: NDArray[np.int64]
    served_ps: NDArray[np.int64]
    disordered: int
    tied: int


class _State(NamedTuple):
    """Carry a pass on, by instrument: when it is free, and the issue, agent and cause of its last command."""

    free: NDArray[np.int64]
    last_issue: NDArray[np.int64]
    last_agent: NDArray[np.int64]
    last_cause: NDArray[np.int64]
    waited: NDArray[np.int64]
    served: NDArray[np.int64]
    counts: NDArray[np.int64]
    """Commands out of order, commands tied."""

    @classmethod
    def fresh(cls) -> "_State":
        """Return the state before the first command."""
        sizes = [len(INSTRUMENTS)] * 6 + [2]
        state = cls(*(np.zeros(size, dtype=np.int64) for size in sizes))
        state.last_agent.fill(-1)
        return state


def schedule(recording: Recording, prices: Prices, lab: Lab) -> Schedule:
    """Return the times that the commands of ``recording`` have at ``prices`` in ``lab``.

    Raises ``TraceError`` when they would exceed what 64 bits of picoseconds hold.
    """
    links, count = recording.links, recording.count
    times = Times(*(np.empty(count, dtype=np.int64) for _ in range(3)))
    state = _State.fresh()
    sender = frame_sender(lab)
    sent: list[tuple[int, Sent]] = []
    place = _advance(0, links, recording.own_ps, prices.rows, times, state)
    while place < count:
        row = int(links.order[place]) if links.order.size else place
        if sender is None or times.t_issued[row] < 0:
            raise TraceError(
                f"{recording.path}: commands row {row}: the new times leave the range of 64-bit ps"
            )
        shot = sender.send(int(times.t_issued[row]), prices.patterns[links.plan[row]])
        times.t_started[row], times.t_done[row] = shot.started_ps, shot.done_ps
        state.served[OPU] += shot.done_ps - shot.started_ps
        state.waited[OPU] += shot.started_ps - shot.issued_ps
        sent.append((row, shot))
        place = _advance(place + 1, links, recording.own_ps, prices.rows, times, state)
    return Schedule(
        times, _elapsed_ps(recording, prices, times), tuple(sent), sender, state.waited, state.served,
        int(state.counts[0]), int(state.counts[1]),
    )  # fmt: skip


def reply_ps(
    recording: Recording, prices: Prices, times: Times, rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return when the agents could go on after ``rows``: the host thinks upon a query."""
    return np.asarray(times.t_done[rows] + prices.rows.think[recording.links.plan[rows]])


def _elapsed_ps(recording: Recording, prices: Prices, times: Times) -> int:
    ending = recording.ending
    last = reply_ps(recording, prices, times, ending.rows) if ending.thought else times.t_done[ending.rows]
    return int(last.max(initial=0)) + ending.residue_ps


@kernel
def _advance(
    place: int,
    links: Links,
    own_ps: NDArray[np.int64],
    prices: PriceRows,
    times: Times,
    state: _State,
) -> int:
    """Set times from ``place`` on until a projection, whose ``t_issued`` alone is set; return where it stands."""
    for here in range(place, links.plan.size):
        row = links.order[here] if links.order.size else here
        plan, first = links.plan[row], links.cause[row]
        issued = ready_ps(links, prices, times, row)
        if links.residue.size:
            issued += links.residue[row]
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
        times.t_issued[row] = issued
        if server == _PIPELINED:
            return here
        started = max(issued, state.free[server])
        done = started + (own_ps[row] if prices.own[plan] else prices.duration[plan])
        times.t_started[row], times.t_done[row] = started, done
        state.free[server] = done
        state.waited[server] += started - issued
        state.served[server] += done - started
        if done > _LONGEST_PS:
            times.t_issued[row] = -1
            return here
    return links.plan.size
