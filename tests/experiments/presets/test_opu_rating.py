"""Tests of the units' ratings: the published numbers come out of the timing, none goes in."""

import pytest

from emulator.config.models import build, preset_names
from emulator.instruments.host.config import HostConfig
from experiments.presets.opu_rating import OpuRating, opu_preset, rate_opu


def rating(name: str) -> OpuRating:
    return rate_opu(opu_preset(name), build(HostConfig, {"preset": "workstation"}, "test"))


def test_the_co_processor_of_the_paper_reaches_312_tera_operations() -> None:
    found = rating("light_in_the_loop")
    assert found.tera_ops == pytest.approx(2 * 1_039_680 * 1e5 * 1500 / 1e12)
    assert round(found.tera_ops) == 312
    assert (found.binds, found.frames) == ("clock", 2)
    assert found.projections_hz == pytest.approx(750)
    assert found.energy_j == pytest.approx(30 / 750)


def test_the_whole_sensor_reaches_what_its_readout_allows_and_not_the_brochures_rate() -> None:
    found = rating("full_frame")
    frame_s = (1088 + 12) * 129 / 48e6 + 50e-6  # data sheet: 129 periods of 48 MHz a row
    assert found.rate_hz == pytest.approx(1 / frame_s)
    assert round(found.tera_ops) == 1535
    assert found.limit_hz is not None
    assert round(found.tera_ops_at(found.limit_hz)) == 1569
    assert found.binds == "readout"


@pytest.mark.parametrize("name", preset_names("opu"))
def test_a_projection_costs_the_boxs_power_for_its_frames(name: str) -> None:
    found = rating(name)
    assert found.energy_j * found.sustained_hz == pytest.approx(found.power_w * found.frames)


def test_a_slow_host_lowers_what_is_sustained_and_not_the_frame_clock() -> None:
    slow = build(HostConfig, {"preset": "workstation", "bytes_per_s": 1e9}, "test")
    found = rate_opu(opu_preset("light_in_the_loop"), slow)
    assert found.rate_hz == 1500
    assert found.binds == "grab"
    assert found.sustained_hz < 1500
