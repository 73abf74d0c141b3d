"""The clock: whole picoseconds and nothing else, exact over a million ticks, and honest about being late."""

import math
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import pytest
import simpy

import emulator.clock
from emulator.clock import Clock, Halted, RealTimeClock, VirtualClock, checked_delay_ps, make_clock
from emulator.errors import ClockError
from emulator.units import LAST_PS

BAD_DELAYS = [0.0, 1.0, 1.5, math.nan, math.inf, -1, True, False, "1", None, np.int64(3), np.float64(2), 1j]


@pytest.mark.parametrize("delay", BAD_DELAYS, ids=repr)
def test_a_delay_that_is_no_whole_number_of_picoseconds_is_refused(delay: Any) -> None:
    with pytest.raises(ClockError, match="non-negative int of picoseconds"):
        checked_delay_ps(delay)
    for clock in (VirtualClock(), RealTimeClock(1e-9)):
        with pytest.raises(ClockError, match="non-negative int of picoseconds"):
            clock.timeout(delay)
        assert clock.peek() == math.inf


def test_a_whole_delay_passes_unchanged() -> None:
    assert checked_delay_ps(0) == 0
    assert checked_delay_ps(2**62) == 2**62


def test_a_million_ticks_end_at_exactly_a_million_periods() -> None:
    period_ps = 333_333_333_333

    def tick() -> Generator[simpy.Event, Any, None]:
        for _ in range(1_000_000):
            yield clock.timeout(period_ps)

    clock = VirtualClock()
    clock.run(until=clock.process(tick()))
    assert clock.now == 1_000_000 * period_ps
    assert type(clock.now) is int


def test_events_of_one_instant_happen_in_the_order_in_which_they_were_asked_for() -> None:
    clock, seen = VirtualClock(), list[int]()
    for number in range(20):
        clock.timeout(7, number).callbacks.append(lambda event: seen.append(event.value))
    clock.run()
    assert seen == list(range(20))


def tick_on(clock: Clock, ticks: int, period_ps: int) -> None:
    def tick() -> Generator[simpy.Event, Any, None]:
        for _ in range(ticks):
            yield clock.timeout(period_ps)

    clock.run(until=clock.process(tick()))


def test_real_time_passes_the_same_emulated_time() -> None:
    clock = RealTimeClock(wall_s_per_s=1e-6)
    tick_on(clock, 100, 10_000)
    assert clock.now == 1_000_000
    assert clock.factor == pytest.approx(1e-18)


def test_every_event_that_comes_late_is_counted_and_none_that_comes_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The host stalls for 5 s, by its own watch, before each of the last 4 of 10 ticks of 1 ps."""
    clock = RealTimeClock(wall_s_per_s=1e-6, tolerance_s=1.0)
    tick_on(clock, 6, 1)
    assert clock.late_count == 0
    before = clock.late_count
    monkeypatch.setattr(emulator.clock, "monotonic", lambda: clock.real_start + 5.0)
    for _ in range(4):
        clock.timeout(1)
        clock.step()
    assert clock.late_count - before == 4


def test_the_mode_chooses_the_clock() -> None:
    assert isinstance(make_clock("virtual"), VirtualClock)
    paced = make_clock("real_time", 2.0)
    assert isinstance(paced, RealTimeClock)
    assert paced.factor == pytest.approx(2e-12)


@pytest.mark.parametrize("make", [VirtualClock, lambda: RealTimeClock(1e-30)])
def test_time_ends_at_the_last_picosecond_of_64_bits(make: Callable[[], Clock]) -> None:
    clock = make()
    clock.run(until=clock.timeout(LAST_PS - 5))
    clock.timeout(5)
    for delay_ps in (6, 2**63, 10**30):
        with pytest.raises(ClockError, match="106 days"):
            clock.timeout(delay_ps)
    clock.run()
    assert clock.now_ps == LAST_PS


def test_a_leap_beyond_the_end_of_time_is_refused_and_none_to_the_end() -> None:
    clock = VirtualClock()
    assert clock.skip(LAST_PS - 1) == LAST_PS - 1
    with pytest.raises(ClockError, match="106 days"):
        clock.skip(2)
    assert clock.skip(1) == LAST_PS


class Watch:
    """A wall clock that passes while somebody sleeps; ``stops`` calls of sleep later, ``stop`` is called."""

    def __init__(self, stops: int, stop: Callable[[], None]) -> None:
        self.now_s, self.naps = 0.0, list[float]()
        self._stops, self._stop = stops, stop

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now_s += seconds
        if len(self.naps) == self._stops:
            self._stop()


def test_a_clock_that_sleeps_halts_within_a_fifth_of_a_second_at_what_the_wall_clock_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = RealTimeClock(wall_s_per_s=1e3)
    watch = Watch(40, clock.halt)
    monkeypatch.setattr(emulator.clock, "monotonic", lambda: watch.now_s)
    monkeypatch.setattr(emulator.clock, "sleep", watch.sleep)
    clock.real_start = 0.0
    with pytest.raises(Halted):
        clock.run(until=clock.timeout(10**12))
    assert max(watch.naps) <= 0.2
    assert len(watch.naps) == 40
    assert clock.now_ps == pytest.approx(watch.now_s * 1e9, abs=1)
    assert clock.late_count == 0


def test_sleeping_in_naps_wakes_up_at_the_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = RealTimeClock(wall_s_per_s=1.0)
    watch = Watch(-1, clock.halt)
    monkeypatch.setattr(emulator.clock, "monotonic", lambda: watch.now_s)
    monkeypatch.setattr(emulator.clock, "sleep", watch.sleep)
    clock.real_start = 0.0
    tick_on(clock, 3, 10**12)
    assert watch.now_s == pytest.approx(3.0)


def test_a_clock_without_events_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = RealTimeClock(wall_s_per_s=1.0)
    monkeypatch.setattr(emulator.clock, "sleep", lambda _: pytest.fail("nobody is waited for"))
    clock.run()
    assert clock.now_ps == 0
