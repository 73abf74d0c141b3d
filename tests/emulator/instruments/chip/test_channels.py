"""Tests of what a chip draws for its channels: it follows their number, and old totals stay what they were."""

from collections.abc import Callable
from math import fsum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.config.models import Tree, build, preset, preset_names, with_overrides
from emulator.errors import ConfigError, LightloopError
from emulator.instruments.chip.channels import (
    PORTS,
    Channels,
    channels_of,
    check,
    idle_w,
    ports_of,
    told,
    with_totals_moved,
)
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.state import ChipCore
from emulator.instruments.instrument import Stand
from tests.builders import random_design

counts = st.integers(1, 500)


def drawn(channels: Channels, **inputs: object) -> dict[str, float]:
    config = build(ChipConfig, {"inputs": inputs}, "test")
    return dict(idle_w(Stand(config, channels)))


@given(counts, counts, counts, st.integers(1, 64), st.integers(2, 5))
def test_a_bank_draws_in_proportion_to_its_channels(
    modulators: int, receivers: int, drivers: int, colours: int, times: int
) -> None:
    one = drawn(Channels(modulators, receivers, drivers), wavelengths=colours)
    more = drawn(Channels(modulators, receivers, drivers), wavelengths=colours * times)
    wide = drawn(Channels(times * modulators, times * receivers, times * drivers), wavelengths=colours)
    for bank in ("chip.modulators", "chip.receivers"):
        assert more[bank] == pytest.approx(times * one[bank], rel=1e-12)
        assert wide[bank] == pytest.approx(times * one[bank], rel=1e-12)
    assert (more["chip.dac"], wide["chip.dac"]) == (one["chip.dac"], pytest.approx(times * one["chip.dac"]))
    assert (more["chip.laser"], wide["chip.laser"]) == (
        pytest.approx(times * one["chip.laser"]),
        one["chip.laser"],
    )


def test_faster_symbols_cost_what_their_converters_take_and_amplifiers_no_more() -> None:
    slow, fast = (drawn(Channels(4, 4, 4), symbol_rate_hz=rate) for rate in (1e9, 1e10))
    assert fast["chip.modulators"] == pytest.approx(10 * slow["chip.modulators"])
    assert fast["chip.receivers"] == pytest.approx(4 * 8 * (3e-3 + 14.8e-3))


@pytest.mark.parametrize("name", preset_names("chip"))
def test_an_eight_mode_chip_draws_less_than_one_of_sixty_four(name: str) -> None:
    config = build(ChipConfig, {"preset": name}, "test")
    large, small = (
        fsum(idle_w(Stand(config, channels_of(random_design(sizes)))).values())
        for sizes in ((64, 24, 24, 10), (8, 16, 16, 4))
    )
    assert small < large


def test_channels_are_those_of_the_widest_layer_and_of_the_active_heaters() -> None:
    design = random_design((6, 9, 3), active=[0, 5, 7])
    assert channels_of(design)[:3] == (9, 9, 3)
    states = {PORTS: ports_of(design), "active": design.active}
    assert ports_of(design).tolist() == [[6, 9], [9, 3]]
    assert (
        told(ChipConfig(), states, None)
        == channels_of(design)
        == channels_of(told(ChipConfig(), states, None))
    )


def old_section() -> Tree:
    return {
        "dac": {"bits": 8, "power_w": 1.5},
        "inputs": {"wavelengths": 3, "power_w": 2.06},
        "receiver": {"power_w": 0.86},
        "laser": {"power_w": 0.3, "wall_plug_efficiency": 0.2},
    }


def test_a_section_of_an_old_trace_draws_what_it_drew_though_its_channels_are_unknown() -> None:
    before = old_section()
    config = build(ChipConfig, with_totals_moved(before), "test")
    assert before == old_section()
    assert idle_w(Stand(config, told(config, {}, None))) == {
        "chip.dac": 1.5,
        "chip.modulators": 2.06,
        "chip.receivers": 0.86,
        "chip.laser": pytest.approx(1.5, rel=1e-15),
        "chip.sequencer": 0.0,
    }


def test_a_section_of_today_is_not_touched() -> None:
    section = preset("chip", "doped_si")
    assert with_totals_moved(section) == section


def test_power_of_channels_that_nobody_has_counted_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"chip\.inputs: 0\.004\d* W a channel, but nothing says how many"):
        idle_w(Stand(ChipConfig(), Channels(None, None, 5)))


@pytest.mark.parametrize(
    ("section", "now"),
    [
        ("dac", "power_w_per_channel"),
        ("inputs", "power_w_per_channel"),
        ("receiver", "power_w_per_channel"),
        ("laser", "power_w_per_wavelength"),
    ],
)
def test_a_total_is_refused_with_the_key_that_took_its_place(section: str, now: str) -> None:
    with pytest.raises(ConfigError, match=rf"{section}\.power_w is refused: it has moved: write {now}"):
        build(ChipConfig, {section: {"power_w": 1.0}}, "mine.toml")


refusals = st.fixed_dictionaries(
    {},
    optional={
        "heaters.coupling": st.sampled_from(["omega", "spacing"]),
        "heaters.pair_pitch_m": st.sampled_from([10e-6, 37e-6]),
        "heaters.dead": st.sampled_from(["[0]", "[1]", "[1000]"]),
        "receiver.adc_bits": st.sampled_from([0, 1, 2]),
        "receiver.shot_noise": st.sampled_from(["true", "false"]),
        "laser.power_w_per_wavelength": st.sampled_from([0.0, 1e-3]),
    },
)


def refusal_of(act: Callable[[], object]) -> str:
    """Return why ``act`` is refused, or nothing."""
    try:
        act()
    except LightloopError as error:
        return str(error)
    return ""


@given(refusals)
@settings(max_examples=40, deadline=None)
def test_it_refuses_what_cannot_be_built_and_nothing_else(change: dict[str, object]) -> None:
    config = build(
        ChipConfig, with_overrides({}, [f"{key}={value}" for key, value in change.items()]), "test"
    )
    design = random_design((6, 5, 3), active=[0, 2, 4])
    stand = Stand(config, channels_of(design))
    assert refusal_of(lambda: check(stand, None)) == refusal_of(lambda: ChipCore(config, design, 0))
