"""How emulated time passes on a bench that is served: as fast as it can, with the wall clock, or step by step."""

import math
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Final, Protocol

from emulator.clock import PacedClock
from emulator.errors import ClockError
from emulator.units import LAST_PS, PS_PER_S

__all__ = ["DEADLINE_S", "Asap", "Pace", "RealTime", "Stepped"]

_BIN_S: Final = 1e-5  # lates are counted in bins of this width
_LAST_BIN: Final = 100_000  # a second; what is later counts as that late
DEADLINE_S: Final = 2e-3
"""An instant that is processed later than this is an overrun: what a loop of milliseconds can bear; assumed."""


class Pace(Protocol):
    """Say how far emulated time may pass now."""

    name: str
    stands_still: bool
    """Whether time passes only while somebody waits for it."""

    def begin(self, clock: PacedClock) -> None:
        """Let time begin."""

    def horizon_ps(self) -> int:
        """Return the last instant that may be processed now."""

    def waits_s(self, due_ps: int) -> float | None:
        """Return after how many seconds of the wall clock ``due_ps`` is due; None where that tells nothing."""

    def processed(self, due_ps: int) -> None:
        """Take notice that all events of an instant have been processed."""


class Asap:
    """Let time pass whenever somebody waits for it, and stand still while nobody does."""

    name = "asap"
    stands_still = True

    def begin(self, clock: PacedClock) -> None:
        """Allow all of time."""
        clock.horizon_ps = LAST_PS

    def horizon_ps(self) -> int:
        """Return the end of time."""
        return LAST_PS

    def waits_s(self, due_ps: int) -> None:
        """Return nothing: no instant is due by the wall clock."""

    def processed(self, due_ps: int) -> None:
        """Take no notice."""


class Stepped:
    """Let time pass by steps that somebody asks for."""

    name = "stepped"
    stands_still = False

    def __init__(self) -> None:
        self._horizon_ps = 0

    def begin(self, clock: PacedClock) -> None:
        """Stop time where it is."""
        self._horizon_ps = clock.horizon_ps = clock.now_ps

    def step(self, duration_ps: int) -> None:
        """Allow ``duration_ps`` more; raises ``ClockError`` beyond the range of time."""
        if self._horizon_ps + duration_ps > LAST_PS:
            raise ClockError(f"a step of {duration_ps} ps lies beyond the range of time: 106 days")
        self._horizon_ps += duration_ps

    def horizon_ps(self) -> int:
        """Return the end of the last step."""
        return self._horizon_ps

    def waits_s(self, due_ps: int) -> None:
        """Return nothing: no instant is due by the wall clock."""

    def processed(self, due_ps: int) -> None:
        """Take no notice."""


class RealTime:
    """Let emulated time pass with the wall clock, ``factor`` of its seconds for an emulated one.

    ``overruns`` counts the instants that were processed later than ``deadline_s`` after they were due, of
    ``deadlines`` in all: a slow host is told, never hidden. ``wall_s`` reads the wall clock.
    """

    name = "realtime"
    stands_still = False

    def __init__(
        self, factor: float = 1.0, deadline_s: float = DEADLINE_S, wall_s: Callable[[], float] = monotonic
    ) -> None:
        self.deadline_s = deadline_s
        self.overruns = 0
        self.deadlines = 0
        self._wall_s = wall_s
        self._ps_per_s = PS_PER_S / factor
        self._began_s = wall_s()
        self._late: Counter[int] = Counter()

    def begin(self, clock: PacedClock) -> None:
        """Let emulated time begin at what the wall clock says now."""
        self._began_s = self._wall_s() - clock.now_ps / self._ps_per_s
        clock.horizon_ps = clock.now_ps

    def horizon_ps(self) -> int:
        """Return the instant that the wall clock says."""
        return min(LAST_PS, int((self._wall_s() - self._began_s) * self._ps_per_s))

    def waits_s(self, due_ps: int) -> float:
        """Return after how many seconds ``due_ps`` is due; less than 0 when it was."""
        return self._began_s + due_ps / self._ps_per_s - self._wall_s()

    def processed(self, due_ps: int) -> None:
        """Count an instant, and that it was late if it was."""
        late_s = max(0.0, -self.waits_s(due_ps))
        self.deadlines += 1
        self.overruns += late_s > self.deadline_s
        self._late[min(_LAST_BIN, int(late_s / _BIN_S))] += 1

    def late_s(self, quantile: float) -> float:
        """Return by how much an instant was late at most, at a ``quantile`` of all, to 10 us; NaN of none."""
        left = quantile * self.deadlines
        for late, count in sorted(self._late.items()):
            left -= count
            if left <= 0:
                return (late + 1) * _BIN_S
        return math.nan
