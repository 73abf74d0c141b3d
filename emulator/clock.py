"""The bench's clock: a SimPy environment whose time is a whole number of picoseconds, virtual or in real time.

SimPy itself accepts NaN and float delays, which put other events out of order; this module refuses them.
"""

from time import monotonic, sleep
from typing import Any, Final, Literal

import simpy
import simpy.core
import simpy.events
import simpy.rt

from emulator.errors import ClockError
from emulator.units import LAST_PS, beyond_time

__all__ = [
    "Clock",
    "Halted",
    "PacedClock",
    "RealTimeClock",
    "VirtualClock",
    "bare_environment",
    "checked_delay_ps",
    "make_clock",
]

_NAP_S: Final = 0.05
"""Longest time that a clock in real time sleeps before it looks whether it shall halt."""

_AFTER_ALL: Final = simpy.events.EventPriority(simpy.events.NORMAL + 1)
"""Place of an event behind SimPy's own two, among those of one instant."""


class Halted(Exception):  # noqa: N818  (no error: somebody asked for it)
    """Tell whoever runs a clock in real time that it has halted before the next event."""


def _too_late(t_ps: int) -> ClockError:
    return beyond_time(f"clock: an instant {t_ps / 1e12:.7g} s after the start")


def checked_delay_ps(delay_ps: object) -> int:
    """Return ``delay_ps`` unchanged when it is a non-negative int; raise ``ClockError`` otherwise."""
    if type(delay_ps) is not int or delay_ps < 0:
        raise ClockError(f"delay: {delay_ps!r} is not allowed; a delay is a non-negative int of picoseconds")
    return delay_ps


class _PicosecondClock(simpy.Environment):
    """What both clocks share: time is an int, and no delay of another kind gets in."""

    waits_are_events = True
    """Whether an agent that only waits does so by an event, even where nothing else is due before."""

    @property
    def now_ps(self) -> int:
        """Return the present emulated time, in picoseconds."""
        return int(self._now)

    @property
    def nothing_due(self) -> bool:
        """Return whether nobody else acts at the present instant."""
        return not self._queue or self._queue[0][0] > self._now

    def afterwards(self) -> simpy.Event:
        """Return an event of the present instant that comes after all others, those yet to be made included."""
        event = simpy.Event(self)
        event._ok, event._value = True, None  # what a Timeout does: it happens without being triggered
        self.schedule(event, priority=_AFTER_ALL)
        return event

    def timeout(self, delay: float = 0, value: Any = None) -> simpy.Timeout:
        """Return an event ``delay`` picoseconds from now.

        Raises ``ClockError`` unless it is an int >= 0, and for an instant that 64 bits do not hold.
        """
        if type(delay) is not int or delay < 0:
            checked_delay_ps(delay)
        due_ps: int = self._now + delay  # type: ignore[assignment]  # SimPy would allow floats; we do not
        if due_ps > LAST_PS:
            raise _too_late(due_ps)
        return simpy.Timeout(self, delay, value)


class VirtualClock(_PicosecondClock):
    """Run emulated time as fast as the host can."""

    waits_are_events = False

    def skip(self, delay_ps: int) -> int:
        """Pass ``delay_ps`` at once when nothing else is due until then; return the new time, or -1 if not.

        What a lone agent would wait for through an event of its own happens at the same instant and in the same
        order, without the event: where it returns -1, wait for ``timeout`` instead. Raises what that raises.
        """
        if type(delay_ps) is not int or delay_ps < 0:
            checked_delay_ps(delay_ps)
        due_ps: int = self._now + delay_ps  # type: ignore[assignment]  # SimPy would allow floats; we do not
        if self._queue and self._queue[0][0] <= due_ps:
            return -1
        if due_ps > LAST_PS:
            raise _too_late(due_ps)
        self._now = due_ps
        return due_ps


class PacedClock(VirtualClock):
    """Let emulated time pass as far as somebody else allows, who processes the events: a server, between two words.

    Nothing passes ``horizon_ps``, the last instant that is allowed.
    """

    waits_are_events = True  # between two of them others have their turn, however far the horizon is

    def __init__(self) -> None:
        super().__init__()
        self.horizon_ps = LAST_PS

    def skip(self, delay_ps: int) -> int:
        """Pass ``delay_ps`` at once, or return -1: also where it ends beyond the horizon."""
        if self.now_ps + checked_delay_ps(delay_ps) > self.horizon_ps:
            return -1
        return super().skip(delay_ps)

    @property
    def due_ps(self) -> int | None:
        """Return the instant of the next event, or None when there is none."""
        return int(self._queue[0][0]) if self._queue else None

    def reach(self, t_ps: int) -> None:
        """Let time pass until ``t_ps``; raises ``ClockError`` where an event is due before, or it is past."""
        due_ps = self.due_ps
        if t_ps < self.now_ps or (due_ps is not None and due_ps < t_ps):
            raise ClockError(f"clock: {t_ps} ps cannot be reached from {self.now_ps} ps; next due: {due_ps}")
        self._now = t_ps


class RealTimeClock(_PicosecondClock, simpy.rt.RealtimeEnvironment):
    """Run emulated time in step with the wall clock, for benches that talk to people or to hardware.

    ``late_count`` counts the events that were processed later than their wall-clock instant by more than
    ``tolerance_s``: a slow host is reported, never hidden.
    """

    def __init__(self, wall_s_per_s: float, tolerance_s: float = 1e-3) -> None:
        super().__init__(initial_time=0, factor=wall_s_per_s * 1e-12, strict=False)
        self.tolerance_s = tolerance_s
        self.late_count = 0
        self._halts = False

    def skip(self, delay_ps: int) -> int:
        """Return -1: in real time every wait is waited for."""
        checked_delay_ps(delay_ps)
        return -1

    def sync(self) -> None:
        """Let emulated time begin at what the wall clock says now."""
        self.real_start = monotonic()

    def halt(self) -> None:
        """Let the clock halt instead of sleeping until its next event; safe to call from a signal handler."""
        self._halts = True

    def step(self) -> None:
        """Wait for the next event's instant, process it, and count it when it comes late.

        Raises ``Halted`` when there is a wait, and the clock shall halt: emulated time is then what the wall clock
        says, which is before that event.
        """
        if not self._queue:
            raise simpy.core.EmptySchedule
        due_ps = self.peek()
        due_s = self.real_start + (due_ps - self.env_start) * self.factor
        while (left_s := due_s - monotonic()) > 0.0:
            if self._halts:
                self._now = max(self.now_ps, int(due_ps - left_s / self.factor))
                raise Halted
            sleep(min(left_s, _NAP_S))
        if -left_s > self.tolerance_s:
            self.late_count += 1
        simpy.Environment.step(self)


Clock = VirtualClock | RealTimeClock
"""A ``PacedClock`` is a virtual one."""


def make_clock(mode: Literal["virtual", "real_time"], factor: float = 1.0) -> Clock:
    """Return a clock in ``mode``; ``factor`` is the wall seconds that one emulated second takes in real time."""
    return VirtualClock() if mode == "virtual" else RealTimeClock(factor)


def bare_environment() -> simpy.Environment:
    """Return SimPy's own environment, with nothing of ours in it: what costs of our clocks are measured by."""
    return simpy.Environment()
