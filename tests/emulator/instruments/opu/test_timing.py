"""What a frame takes, stage by stage, against the rules of its sources written out; and which stage binds."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import ConfigError, PhysicsError
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign, costs_of, frame_budget, frames_of, pipeline_timing
from tests.opu_lab import FREE_HOST, small_opu

FREE = ("camera.frame_rate_hz=1e6",)
SENSOR: dict[str, Any] = {"recovery": {"mode": "intensity"}, "dmd": {"encoding": "binary"}}


def sensor(**camera: Any) -> OpuConfig:
    """Return a unit with the whole sensor of 1088 x 2040, read as fast as it can be."""
    return OpuConfig.model_validate(SENSOR | {"camera": camera})


@given(outputs=st.integers(1, 1088 * 2040), exposure_us=st.integers(1, 5000))
def test_the_frame_time_is_the_longer_of_exposure_and_readout_and_fifty_microseconds(
    outputs: int, exposure_us: int
) -> None:
    budget = frame_budget(sensor(exposure_s=exposure_us * 1e-6), FREE_HOST, OpuDesign(100, outputs))
    rows = math.ceil(outputs / 2040)
    readout_us = (rows + 12) * 2.6875
    assert budget.rows == rows
    assert 1e6 / budget.rate_hz == pytest.approx(max(exposure_us, readout_us, 50.0) + 50.0)
    assert (
        budget.binds == ("exposure" if exposure_us >= readout_us else "readout")
        or 1e6 / budget.rate_hz <= 100
    )


@pytest.mark.parametrize(
    ("mode", "pixels", "rows"),
    [("off_axis", 4, 5), ("phase_shifting", 1, 2), ("anchor", 4, 5), ("intensity", 1, 2)],
)
def test_rows_follow_from_the_pixels_of_an_output(mode: str, pixels: int, rows: int) -> None:
    config = small_opu(f"recovery.mode={mode}", "dmd.encoding=binary")
    budget = frame_budget(config, FREE_HOST, OpuDesign(10, 70))
    assert (budget.pixels, budget.rows) == (70 * pixels, rows)
    assert costs_of(config).pixels == pixels


def test_a_row_off_axis_holds_whole_modes_only() -> None:
    """66 columns are 16 modes and two columns over: 17 outputs take two rows, though 68 pixels are 1.03 rows."""
    config = small_opu("camera.columns=66")
    assert frame_budget(config, FREE_HOST, OpuDesign(10, 16)).rows == 1
    assert frame_budget(config, FREE_HOST, OpuDesign(10, 17)).rows == 2
    assert frame_budget(config, FREE_HOST, OpuDesign(10, 32)).rows == 2
    assert frame_budget(config, FREE_HOST, OpuDesign(10, 33)).rows == 3


@pytest.mark.parametrize(
    ("mode", "first", "later"),
    [("off_axis", 6, 6), ("phase_shifting", 18, 18), ("anchor", 13, 12), ("intensity", 6, 6)],
)
def test_frames_are_those_of_the_mode_and_its_setup(mode: str, first: int, later: int) -> None:
    config = small_opu(f"recovery.mode={mode}", "dmd.encoding=binary")
    assert frames_of(config, 6, first=True) == first
    assert frames_of(config, 6, first=False) == later
    assert frames_of(config, 0, first=True) == 0


def test_a_maker_s_linear_mode_takes_five_frames_a_pattern() -> None:
    """lightonml's manual: the linear mode comes at a fifth of the pace of intensities."""
    config = small_opu("recovery.mode=anchor", "dmd.encoding=binary", "recovery.anchor_frames=5")
    assert frames_of(config, 6, first=False) == 30


def test_upload_and_transfer_are_bits_over_the_links_rate() -> None:
    config = OpuConfig(preset="light_in_the_loop")
    budget = frame_budget(config, FREE_HOST, OpuDesign(100, 100_000))
    assert budget.upload_s == pytest.approx(129_960 * 8 / 1.6e10)
    assert budget.transfer_s == pytest.approx(197 * 2040 * 8 / 1.6e10)


def test_the_full_rate_uses_two_thirds_of_a_gigabyte_a_second_of_the_link() -> None:
    """2 kHz times 130 kB in and 200 kB out, of some 2 GB/s."""
    config = OpuConfig(preset="opu_gen2")
    budget = frame_budget(config, FREE_HOST, OpuDesign(100, 200_000))
    used_byte_per_s = (budget.upload_s + budget.transfer_s) * 2e9 * budget.rate_hz
    assert used_byte_per_s == pytest.approx(0.66e9, rel=0.02)


def test_grabbing_intensities_is_traffic_and_demodulating_is_arithmetic() -> None:
    slow_math = FREE_HOST.model_copy(update={"flops_per_s": 1e9})
    slow_memory = FREE_HOST.model_copy(update={"bytes_per_s": 1e6})
    counts = small_opu("recovery.mode=intensity", "dmd.encoding=binary")
    pixels = 2 * 64
    assert frame_budget(counts, slow_math, OpuDesign(10, 128)).grab_s < 1e-12
    assert frame_budget(counts, slow_memory, OpuDesign(10, 128)).grab_s == pytest.approx(pixels / 1e6)
    hologram = small_opu()
    rows_flops = 2.5 * 64 * math.log2(64) + 5 * 16 * math.log2(16)
    assert frame_budget(hologram, slow_math, OpuDesign(10, 32)).grab_s == pytest.approx(2 * rows_flops / 1e9)
    assert frame_budget(hologram, slow_memory, OpuDesign(10, 32)).grab_s == pytest.approx(pixels * 9 / 1e6)


@pytest.mark.parametrize(
    ("overrides", "host", "binds"),
    [
        ((), FREE_HOST, "clock"),
        (("pcie.rate_bit_per_s=1e5",), FREE_HOST, "upload"),
        (("pcie.rate_bit_per_s=1e5", "dmd.rows=1", "dmd.columns=9"), FREE_HOST, "transfer"),
        ((), FREE_HOST.model_copy(update={"bytes_per_s": 1e4}), "grab"),
    ],
)
def test_the_slowest_stage_binds(overrides: tuple[str, ...], host: HostConfig, binds: str) -> None:
    budget = frame_budget(small_opu(*overrides), host, OpuDesign(9, 16))
    assert budget.binds == binds
    assert budget.rate_hz == 1500.0
    assert budget.sustained_hz == 1 / max(budget[:7])
    assert (budget.sustained_hz == 1500.0) == (binds == "clock")


def test_loading_the_mirrors_binds_when_it_takes_longest() -> None:
    config = sensor().model_copy(update={"dmd": small_opu().dmd.model_copy(update={"load_s": 3e-3})})
    assert frame_budget(config, FREE_HOST, OpuDesign(9, 16)).binds == "load"


def test_a_limit_of_the_electronics_holds_where_the_sensor_is_faster() -> None:
    fast = frame_budget(sensor(rate_limit_hz=1000.0), FREE_HOST, OpuDesign(9, 100))
    slow = frame_budget(sensor(rate_limit_hz=1000.0), FREE_HOST, OpuDesign(9, 1088 * 2040))
    assert (fast.rate_hz, fast.binds) == (1000.0, "clock")
    assert (round(slow.rate_hz), slow.binds) == (333, "readout")


def test_a_region_that_was_chosen_sets_the_rate_and_must_hold_the_outputs() -> None:
    design = OpuDesign(9, 4000)
    chosen = frame_budget(sensor(roi_rows=500), FREE_HOST, design)
    assert (chosen.rows, chosen.pixels) == (500, 4000)
    assert chosen.rate_hz == pytest.approx(1 / (512 * 2.6875e-6 + 50e-6))
    with pytest.raises(
        ConfigError, match=r"roi_rows = 1: .* 4000 pixels, which are 2 rows .* allowed: 2\.\.1088"
    ):
        frame_budget(sensor(roi_rows=1), FREE_HOST, design)
    with pytest.raises(ConfigError, match=r"roi_rows = 1089: .*allowed: 2\.\.1088"):
        frame_budget(sensor(roi_rows=1089), FREE_HOST, design)


def test_a_sensor_that_is_too_small_says_how_much_it_holds() -> None:
    with pytest.raises(PhysicsError, match=r"1089 rows of 2040; allowed are 1\.\.1088 rows, 2219520 pixels"):
        frame_budget(sensor(), FREE_HOST, OpuDesign(9, 1088 * 2040 + 1))


def test_a_rate_that_the_readout_forbids_is_refused_with_the_highest_that_fits() -> None:
    """(217 + 12) rows of 2.6875 us and 50 us are 665.4 us of the 666.7; 218 rows are 668.1 us."""
    config = sensor(frame_rate_hz=1500.0)
    assert frame_budget(config, FREE_HOST, OpuDesign(9, 217 * 2040)).rate_hz == 1500.0
    with pytest.raises(
        PhysicsError, match=r"frame rate 1500 Hz; the readout of 218 rows.* allow at most 1496\.73"
    ):
        frame_budget(config, FREE_HOST, OpuDesign(9, 218 * 2040))


def test_the_pipeline_has_the_budgets_durations_in_picoseconds() -> None:
    config, host = small_opu("pcie.deadline_s=5 ms", "pcie.latency_s=3 us"), HostConfig(preset="workstation")
    design = OpuDesign(10, 48)
    budget, timing = frame_budget(config, host, design), pipeline_timing(config, host, design)
    assert timing.exposure_ps == 400 * 10**6
    assert timing.readout_ps == 15 * 2_687_500
    assert timing.load_ps == 100 * 10**6
    assert (timing.latency_ps, timing.deadline_ps) == (3 * 10**6, 5 * 10**9)
    for ps, seconds in (
        (timing.upload_ps, budget.upload_s),
        (timing.transfer_ps, budget.transfer_s),
        (timing.grab_ps, budget.grab_s),
    ):
        assert ps == pytest.approx(seconds * 1e12, abs=0.5)
    assert timing.rate_hz == 1500.0
    assert (timing.memory_patterns, timing.camera_frames, timing.host_frames) == (3000, 16, 3000)
    assert pipeline_timing(small_opu(), host, design).deadline_ps == 0


def test_a_table_of_rates_overrides_the_readout_which_then_fits_into_the_frame() -> None:
    config = OpuConfig(preset="opu_gen3")
    timing = pipeline_timing(config, FREE_HOST, OpuDesign(100_000, 81_000))
    assert timing.rate_hz == 8000.0
    assert timing.readout_ps == 125 * 10**6
