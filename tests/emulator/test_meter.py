"""The meter against exact fractions: energy is the integral of steps, to the last bits of a double."""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import CommandError
from emulator.meter import Meter
from emulator.peak import PeakWatch
from emulator.plan import Step
from emulator.streams import stream
from tests.builders import NotingRecorder

levels = st.floats(0.0, 1e6)
steps = st.lists(st.tuples(st.integers(0, 10**13), levels), max_size=50)


def exact_energy(changes: list[tuple[int, float]], until_ps: int) -> Fraction:
    """Integrate (instant, watts from then on) without any rounding, in joules."""
    ends = [t for t, _ in changes[1:]] + [until_ps]
    watt_ps = sum(
        (Fraction(watts) * (end - t) for (t, watts), end in zip(changes, ends, strict=True)), Fraction()
    )
    return watt_ps / 10**12


def is_near(value: float, exact: Fraction, relative: float = 1e-15) -> bool:
    return abs(Fraction(value) - exact) <= Fraction(relative) * abs(exact) + Fraction(5e-324)


@given(first=levels, changes=steps, rest=st.integers(0, 10**13))
def test_energy_is_the_exact_integral_of_the_steps(
    first: float, changes: list[tuple[int, float]], rest: int
) -> None:
    meter = Meter(NotingRecorder())
    handle = meter.component("laser", first)
    now, drawn = 0, [(0, first)]
    for passed, watts in changes:
        now += passed
        meter.set(handle, now, watts)
        drawn.append((now, watts))
    assert is_near(meter.energy_j(now + rest)["laser"], exact_energy(drawn, now + rest))
    assert is_near(meter.total_j(now + rest), exact_energy(drawn, now + rest))


def test_a_hundred_thousand_steps_of_mixed_size_keep_full_precision() -> None:
    rng = stream(0, "tests/meter")
    meter = Meter(NotingRecorder())
    handle = meter.component("heaters")
    now, drawn = 0, [(0, 0.0)]
    watts_of = (10.0 ** rng.uniform(-9, 4, 100_000)).tolist()
    for watts, passed in zip(watts_of, rng.integers(1, 10**9, 100_000).tolist(), strict=True):
        now += passed
        meter.set(handle, now, watts)
        drawn.append((now, watts))
    assert is_near(meter.total_j(now + 17), exact_energy(drawn, now + 17))


def test_the_total_is_the_sum_over_components() -> None:
    meter = Meter(NotingRecorder())
    meter.component("laser", 2.0)
    heaters = meter.component("heaters", 1.0)
    meter.set(heaters, 3 * 10**12, 0.0)
    assert meter.power_w() == 2.0
    assert meter.energy_j(5 * 10**12) == {"laser": 10.0, "heaters": 3.0}
    assert meter.total_j(5 * 10**12) == 13.0


def test_asking_for_the_energy_changes_nothing() -> None:
    meter = Meter(NotingRecorder())
    handle = meter.component("laser", 1.0)
    asked = [meter.total_j(10**12) for _ in range(3)]
    meter.set(handle, 10**12, 3.0)
    assert asked == [1.0] * 3
    assert meter.total_j(2 * 10**12) == 4.0


def test_only_changes_reach_the_recorder_with_their_instant() -> None:
    recorder = NotingRecorder()
    meter = Meter(recorder)
    handle = meter.component("laser", 1.0)
    meter.component("idle")
    for t_ps, watts in ((5, 1.0), (7, 2.0), (9, 2.0), (11, 0.0)):
        meter.set(handle, t_ps, watts)
    assert recorder.watts == [(0, 0, 1.0), (0, 7, 2.0), (0, 11, 0.0)]
    assert recorder.names["power.component"] == ["laser", "idle"]


@pytest.mark.parametrize("watts", [math.nan, math.inf, -math.inf, -1e-12])
def test_a_level_that_no_component_can_draw_is_refused_and_changes_nothing(watts: float) -> None:
    meter = Meter(NotingRecorder())
    handle = meter.component("laser", 1.0)
    with pytest.raises(CommandError, match="laser cannot draw"):
        meter.set(handle, 10, watts)
    with pytest.raises(CommandError, match="sun cannot draw"):
        meter.component("sun", watts)
    assert meter.power_w() == 1.0
    assert meter.energy_j(10**12)["laser"] == 1.0


def test_time_does_not_go_back() -> None:
    meter = Meter(NotingRecorder())
    handle = meter.component("laser", 1.0)
    meter.set(handle, 10, 2.0)
    meter.set(handle, 10, 3.0)
    with pytest.raises(CommandError, match="last change was at 10 ps"):
        meter.set(handle, 9, 1.0)


uses = st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**12), levels), min_size=1, max_size=8)


@dataclass
class Used:
    """A plan of one component, used again and again."""

    steps: tuple[Step, ...]
    uses: int = 0


@given(first=levels, plans=uses, end=st.integers(0, 10**13))
def test_what_steps_draw_comes_on_top_of_the_level_as_often_as_they_are_used(
    first: float, plans: list[tuple[int, int, float]], end: int
) -> None:
    meter = Meter()
    meter.component("host", first)
    exact = Fraction(first) * end
    for count, ps, watts in plans:
        idle = Step("link", "upload", 5)
        used = Used(
            (Step("host", "think", ps, "host", watts), idle, Step("host", "think", ps, "host", watts))
        )
        meter.plan(used)
        used.uses = count
        exact += Fraction(watts) * ps * 2 * count
    assert is_near(meter.energy_j(end)["host"], exact / 10**12)
    assert meter.power_w() == first


def test_a_plan_of_a_component_that_nobody_added_is_refused() -> None:
    with pytest.raises(CommandError, match="no component 'sun' was added"):
        Meter().plan(Used((Step("a", "b", 1, "sun", 1.0),)))


@given(
    first=levels, before=st.tuples(st.integers(0, 10**9), levels), changes=steps, rest=st.integers(0, 10**13)
)
def test_many_levels_at_once_are_the_same_as_one_by_one(
    first: float, before: tuple[int, float], changes: list[tuple[int, float]], rest: int
) -> None:
    recorders = NotingRecorder(), NotingRecorder()
    one, many = (Meter(recorder) for recorder in recorders)
    for meter in (one, many):
        meter.set(meter.component("laser", first), *before)
    t_ps = before[0] + np.cumsum([passed for passed, _ in changes], dtype=np.int64)
    watts = np.array([each for _, each in changes])
    for t, each in zip(t_ps.tolist(), watts.tolist(), strict=True):
        one.set(0, t, each)
    many.set_many(0, t_ps, watts)
    end = int(t_ps[-1] if len(t_ps) else before[0]) + rest
    exact = exact_energy([(0, first), before, *zip(t_ps.tolist(), watts.tolist(), strict=True)], end)
    assert is_near(many.energy_j(end)["laser"], exact)
    assert many.power_w() == one.power_w()
    assert recorders[0].watts == recorders[1].watts


def test_many_levels_of_which_one_cannot_be_are_refused_and_change_nothing() -> None:
    meter = Meter()
    laser = meter.component("laser", 1.0)
    meter.set(laser, 10, 2.0)
    for t_ps, watts in (([11, 12], [1.0, -1.0]), ([9, 12], [1.0, 1.0]), ([11, 12], [math.nan, 1.0])):
        with pytest.raises(CommandError, match="laser cannot draw"):
            meter.set_many(laser, np.array(t_ps), np.array(watts))
    assert meter.power_w() == 2.0


def test_levels_that_are_held_are_not_set_but_given_back() -> None:
    recorder = NotingRecorder()
    meter = Meter(recorder)
    laser = meter.component("laser", 1.0)
    meter.hold()
    meter.set(laser, 10, 2.0)
    meter.set(laser, 12, 3.0)
    assert meter.release() == [(laser, 10, 2.0), (laser, 12, 3.0)]
    assert meter.release() == []
    assert (meter.power_w(), recorder.watts) == (1.0, [(0, 0, 1.0)])
    meter.set(laser, 5, 4.0)
    assert meter.power_w() == 4.0


def test_whoever_watches_is_told_of_levels_at_once_even_if_they_are_held() -> None:
    meter, watch = Meter(), PeakWatch(5.0)
    laser = meter.component("laser", 1.0)
    meter.watch(watch)
    meter.hold()
    meter.set(laser, 10, 6.0)
    meter.release()
    watch.settle(9)
    assert watch.exceeded_w is None
    watch.settle(10)
    assert watch.exceeded_w == 6.0
    meter.set(laser, 10, 6.0)
    assert meter.power_w() == 6.0
