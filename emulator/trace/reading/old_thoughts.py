"""The host's thoughts in traces of versions 1 and 2, which left them out; nothing newer needs any of this.

There a query was done when its reading had come, and the host's thought upon it showed only in what came later and
in the host's power. From version 3 on a thought is the last step of the query's plan, and ends with its reply.
"""

import tomllib
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.trace.schema import NO_COMMAND, REMAINDER, Commands, Joins
from emulator.units import s_to_ps

__all__ = ["Host", "Thoughts", "can_think", "host_of", "thoughts_of"]

_PLANS: Final = 2**16

Rows = NDArray[np.int64]


class Host(NamedTuple):
    """What a configuration says of the host: how long it thinks, what that draws; None where it does not say."""

    overhead_ps: int | None
    draw_w: float | None


class Thoughts(NamedTuple):
    """Hold how long the host thought upon each command, and where the command stands once that counts.

    ``upon`` (n,) tells queries from others, ``ps`` (n,) is 0 for these. ``order`` (n,) are old rows in the order of
    their replies, ``place`` (n,) the new row of each old one. A thought that nothing cuts lasts ``overhead_ps``.
    """

    upon: NDArray[np.bool_]
    ps: Rows
    order: Rows
    place: Rows
    overhead_ps: int

    @property
    def sums_ps(self) -> tuple[int, int]:
        """Return how long all thoughts would have lasted, had nothing cut them short, and how long they did."""
        return int(self.upon.sum()) * self.overhead_ps, int(self.ps.sum())

    def moved(self, rows: Rows) -> Rows:
        """Return the new ids of old ``rows``; one that is no row stays what it is."""
        known = (rows >= 0) & (rows < len(self.place))
        found = rows.copy()
        found[known] = self.place[rows[known]]
        return found


def host_of(config_text: str) -> Host:
    """Return what the embedded configuration says of the host."""
    try:
        host = tomllib.loads(config_text).get("host", {})
    except tomllib.TOMLDecodeError:
        host = {}
    overhead_s, idle_w, active_w = (
        _number(host, key) for key in ("overhead_s", "idle_power_w", "active_power_w")
    )
    return Host(
        None if overhead_s is None else s_to_ps(overhead_s),
        None if idle_w is None or active_w is None else max(0.0, active_w - idle_w),
    )


def _number(host: object, key: str) -> float | None:
    value = host.get(key) if isinstance(host, dict) else None
    return float(value) if isinstance(value, int | float) and 0 <= value < 9e6 else None


def thoughts_of(
    commands: Commands, joins: Joins, upon: NDArray[np.bool_], overhead_ps: int | None, elapsed_ps: int
) -> Thoughts:
    """Return the thoughts upon the commands ``upon`` (n,) of a run that lasted ``elapsed_ps``.

    The end of the run cuts a thought short, and so does whatever was issued upon its reply. Where ``overhead_ps``
    is None, a thought lasts as long as the least gap between a query's reply and what waited for it.
    """
    next_ps = _issued_next(commands, joins)
    gap_ps = np.maximum(np.minimum(next_ps, elapsed_ps) - commands.t_done, 0)
    if overhead_ps is None:
        followed = upon & (next_ps < np.iinfo(np.int64).max)
        overhead_ps = int(gap_ps[followed].min()) if followed.any() else 0
    thought_ps = np.where(upon, np.minimum(gap_ps, overhead_ps), 0)
    order = np.argsort(commands.t_done + thought_ps, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return Thoughts(upon, thought_ps, order, place, overhead_ps)


def _issued_next(commands: Commands, joins: Joins) -> Rows:
    """Return when the first command was issued that had waited for each one's reply; the largest number if none."""
    count = len(commands.cause)
    command = np.concatenate((np.arange(count), joins.command))
    cause = np.concatenate((commands.cause, joins.cause))
    known = (command >= 0) & (command < count) & (cause > NO_COMMAND) & (cause < count)
    first = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(first, cause[known], commands.t_issued[command[known]])
    return first


def can_think(plan: NDArray[np.uint16], duration_ps: Rows) -> NDArray[np.bool_]:
    """Return which plans (65536,) a thought can end: those with steps, all of which have a time of their own."""
    able = np.zeros(_PLANS, dtype=np.bool_)
    able[plan] = True
    able[plan[duration_ps == REMAINDER]] = False
    return able
