"""Tests of the cautions on heaters that have not settled when light comes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.config.models import build, preset_names
from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.settling import LEFT, less_settled, unsettled


def chip(link_s: float = 0.0, **heaters: object) -> ChipConfig:
    return build(ChipConfig, {"heaters": heaters, "link": {"latency_s": link_s}}, "test")


@given(st.floats(1e-7, 1e-3), st.floats(0.0, 10.0), st.floats(0.0, 3.0))
def test_it_is_told_when_more_than_two_per_cent_of_a_step_are_to_come(
    tau_s: float, settle: float, link: float
) -> None:
    config = chip(link * tau_s, tau_s=tau_s, settle_s=settle * tau_s)
    left = math.exp(-(settle + link))
    if abs(left - LEFT) > 1e-4:
        assert bool([*unsettled(config)]) == (left > LEFT)


def test_a_slow_heater_with_the_presets_wait_is_told_with_what_would_do() -> None:
    (words,) = unsettled(build(ChipConfig, {"preset": "doped_si", "heaters": {"tau_s": "12 us"}}, "test"))
    assert "0.58 time constants after phases change, with 56 % of each step still to come" in words
    assert "settle_s = 6 us is short for tau_s = 12 us; '5 tau' leaves 0.7 %" in words


@pytest.mark.parametrize("name", preset_names("chip"))
def test_the_shipped_presets_settle(name: str) -> None:
    assert [*unsettled(build(ChipConfig, {"preset": name}, "test"))] == []


def test_instant_heaters_have_always_settled() -> None:
    instant = chip(dynamics="instant", settle_s=0.0)
    assert [*unsettled(instant), *less_settled(chip(), instant)] == []


def test_less_time_than_in_the_recording_is_told() -> None:
    (words,) = less_settled(chip(settle_s=6e-6), chip(settle_s=5e-6))
    assert "light comes 5 us after phases change, and came 6 us after in the recording" in words
    assert [*less_settled(chip(settle_s=6e-6), chip(settle_s=7e-6))] == []


@given(st.floats(0.0, 50.0), st.floats(1e-7, 1e-3))
def test_a_wait_may_be_written_in_time_constants(times: float, tau_s: float) -> None:
    assert chip(tau_s=tau_s, settle_s=f"{times!r} tau").heaters.settle_s == times * tau_s


def test_the_time_constant_may_have_a_unit_or_be_the_presets() -> None:
    assert chip(tau_s="12 us", settle_s="5tau").heaters.settle_s == pytest.approx(60e-6)
    assert chip(settle_s="2 tau").heaters.settle_s == 2 * chip().heaters.tau_s
    found = build(ChipConfig, {"preset": "undercut", "heaters": {"settle_s": "3 tau"}}, "test")
    assert found.heaters.settle_s == 3 * found.heaters.tau_s


@pytest.mark.parametrize("wait", ["tau", "x tau", "5 tau tau", "5 taus", "1,5 tau", "-1 tau", "1e12 tau"])
def test_what_is_no_number_of_time_constants_is_refused(wait: str) -> None:
    with pytest.raises(ConfigError, match=r"heaters\.settle_s"):
        chip(settle_s=wait)
