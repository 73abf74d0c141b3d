"""Conversions at the edges: seconds to whole picoseconds, decibels, numbers for people."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import ClockError, ConfigError
from emulator.units import PS_PER_S, db_to_amplitude, format_si, ps_to_s, s_to_ps, si_prefix


@given(t_ps=st.integers(0, 10**15))
def test_picoseconds_survive_the_way_through_seconds(t_ps: int) -> None:
    assert s_to_ps(ps_to_s(t_ps)) == t_ps


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, 0), (1, PS_PER_S), (1.22e-6, 1_220_000), (0.1, 10**11), (4e-13, 0), (6e-13, 1), (9e6, 9 * 10**18)],
)
def test_seconds_are_rounded_once_to_the_nearest_picosecond(seconds: float, expected: int) -> None:
    assert s_to_ps(seconds) == expected
    assert type(s_to_ps(seconds)) is int


@pytest.mark.parametrize("seconds", [-1e-12, math.nan, math.inf, -math.inf, "1", None])
def test_what_is_no_time_is_refused(seconds: Any) -> None:
    with pytest.raises(ConfigError, match="not a finite, non-negative number of seconds"):
        s_to_ps(seconds)


def test_decibels_are_of_power_and_the_factor_is_of_amplitude() -> None:
    assert db_to_amplitude(0.0) == 1.0
    assert db_to_amplitude(20.0) == pytest.approx(0.1)
    assert db_to_amplitude(0.33) ** 2 == pytest.approx(10**-0.033)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.25e-5, "12.5 us"), (0.0, "0 s"), (1.0, "1 s"), (-2e-3, "-2 ms"), (5e3, "5 ks"), (3e-15, "3e-15 s")],
)
def test_numbers_are_written_for_people(value: float, expected: str) -> None:
    assert format_si(value, "s") == expected


def test_numbers_that_are_not_finite_are_written_as_they_are() -> None:
    assert format_si(math.inf, "s") == "inf s"
    assert format_si(math.nan, "s") == "nan s"


@pytest.mark.parametrize(
    ("value", "prefix"),
    [
        (2e13, (1e12, "T")),
        (-5e3, (1e3, "k")),
        (1.0, (1.0, "")),
        (3e-6, (1e-6, "u")),
        (0.0, (1.0, "")),
        (1e-13, (1.0, "")),
    ],
)
def test_the_prefix_is_the_greatest_that_is_no_greater(value: float, prefix: tuple[float, str]) -> None:
    assert si_prefix(value) == prefix


def test_a_time_is_as_long_as_64_bits_of_picoseconds_and_no_longer() -> None:
    assert s_to_ps(9_223_372.036) == 9_223_372_036 * 10**9
    for seconds in (9_223_373.0, 1e12, 1e300):
        with pytest.raises(ClockError, match=r"106 days \(9,223,372 s\)"):
            s_to_ps(seconds)
