"""The bench's clock: a SimPy environment whose time is a whole number of picoseconds, virtual or in real time.

SimPy itself accepts NaN and float delays, which put other events out of order; this module refuses them.
"""

from time import monotonic
from typing import Any, Literal

import simpy
import simpy.rt

from emulator.errors import ClockError

__all__ = ["Clock", "RealTimeClock", "VirtualClock", "checked_delay_ps", "make_clock"]


def checked_delay_ps(delay_ps: object) -> int:
    """Return ``delay_ps`` unchanged when it is a non-negative int; raise ``ClockError`` otherwise."""
    if type(delay_ps) is not int or delay_ps < 0:
        raise ClockError(f"delay: {delay_ps!r} is not allowed; a delay is a non-negative int of picoseconds")
    return delay_ps


class _PicosecondClock(simpy.Environment):
    """What both clocks share: time is an int, and no delay of another kind gets in."""

    @property
    def now_ps(self) -> int:
        """Return the present emulated time, in picoseconds."""
        return int(self._now)

    def timeout(self, delay: float = 0, value: Any = None) -> simpy.Timeout:
        """Return an event ``delay`` picoseconds from now; raise ``ClockError`` unless it is an int >= 0."""
        return simpy.Timeout(self, checked_delay_ps(delay), value)


class VirtualClock(_PicosecondClock):
    """Run emulated time as fast as the host can."""

    def skip(self, delay_ps: int) -> int:
        """Pass ``delay_ps`` at once when nothing else is due until then; return the new time, or -1 if not.

        What a lone agent would wait for through an event of its own happens at the same instant and in the same
        order, without the event: where it returns -1, wait for ``timeout`` instead.
        """
        if type(delay_ps) is not int or delay_ps < 0:
            checked_delay_ps(delay_ps)
        due_ps: int = self._now + delay_ps  # type: ignore[assignment]  # SimPy would allow floats; we do not
        if self._queue and self._queue[0][0] <= due_ps:
            return -1
        self._now = due_ps
        return due_ps


class RealTimeClock(_PicosecondClock, simpy.rt.RealtimeEnvironment):
    """Run emulated time in step with the wall clock, for benches that talk to people or to hardware.

    ``late_count`` counts the events that were processed later than their wall-clock instant by more than
    ``tolerance_s``: a slow host is reported, never hidden.
    """

    def __init__(self, wall_s_per_s: float, tolerance_s: float = 1e-3) -> None:
        super().__init__(initial_time=0, factor=wall_s_per_s * 1e-12, strict=False)
        self.tolerance_s = tolerance_s
        self.late_count = 0

    def skip(self, delay_ps: int) -> int:
        """Return -1: in real time every wait is waited for."""
        checked_delay_ps(delay_ps)
        return -1

    def step(self) -> None:
        """Wait for the next event's instant, process it, and count it when it comes late."""
        due_s = self.real_start + (self.peek() - self.env_start) * self.factor
        if monotonic() - due_s > self.tolerance_s:
            self.late_count += 1
        super().step()


Clock = VirtualClock | RealTimeClock


def make_clock(mode: Literal["virtual", "real_time"], factor: float = 1.0) -> Clock:
    """Return a clock in ``mode``; ``factor`` is the wall seconds that one emulated second takes in real time."""
    return VirtualClock() if mode == "virtual" else RealTimeClock(factor)
