"""The processing unit's configuration: what it refuses, and that it says what would do."""

import pytest

from emulator.config.models import build, parse_toml, preset_names, to_toml
from emulator.errors import ConfigError
from emulator.instruments.opu.config import OpuConfig, Rate
from tests.opu_lab import small_opu


def test_the_defaults_are_the_training_co_processors_without_its_rate() -> None:
    preset = OpuConfig(preset="light_in_the_loop")
    camera = preset.camera.model_copy(update={"frame_rate_hz": None})
    assert preset.model_copy(update={"camera": camera, "preset": None}) == OpuConfig()


@pytest.mark.parametrize("name", preset_names("opu"))
def test_a_unit_reads_back_from_its_own_toml(name: str) -> None:
    config = OpuConfig(preset=name)
    assert build(OpuConfig, parse_toml(to_toml(config), "x"), "x") == config


def test_a_table_of_rates_is_read_from_a_file() -> None:
    text = "[camera]\nrates = [{inputs = 10, outputs = 20, rate_hz = '2 kHz'}]\n"
    config = build(OpuConfig, parse_toml(text, "x"), "x")
    assert config.camera.rates == (Rate(inputs=10, outputs=20, rate_hz=2000.0),)


def test_a_quantity_may_be_written_with_its_unit() -> None:
    config = small_opu("camera.exposure_s=0.3 ms", "power_w=25 W", "pcie.rate_bit_per_s=8 Gbit/s")
    assert (config.camera.exposure_s, config.power_w, config.pcie.rate_bit_per_s) == (3e-4, 25.0, 8e9)


@pytest.mark.parametrize("encoding", ["ternary", "bitplanes"])
def test_intensities_of_several_patterns_are_refused(encoding: str) -> None:
    """|T p|^2 - |T n|^2 is not |T (p - n)|^2."""
    with pytest.raises(
        ConfigError,
        match=rf"recovery\.mode.*'{encoding}' cannot be added up; allowed: dmd\.encoding = 'binary'",
    ):
        small_opu("recovery.mode=intensity", f"dmd.encoding={encoding}")
    assert small_opu("recovery.mode=intensity", "dmd.encoding=binary").recovery.mode == "intensity"


def test_an_exposure_that_a_frame_cannot_hold_is_refused_with_the_rate_and_the_exposure_that_fit() -> None:
    with pytest.raises(
        ConfigError,
        match=r"camera\.frame_rate_hz.*2500 Hz leaves 400 us, but exposure and gap take 450 us .*"
        r"allowed: <= 2222\.22 Hz, or camera\.exposure_s <= 0\.00035 s",
    ):
        small_opu("camera.frame_rate_hz=2500")
    assert small_opu("camera.frame_rate_hz=2500", "camera.exposure_s=350 us").camera.exposure_s == 350e-6


def test_mirrors_that_load_longer_than_a_frame_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"loading the DMD 1000 us; allowed: <= 1000 Hz"):
        small_opu("dmd.load_s=1 ms")


def test_without_a_rate_that_was_asked_for_any_exposure_is_allowed() -> None:
    assert OpuConfig.model_validate({"camera": {"exposure_s": 5.0}}).camera.exposure_s == 5.0


@pytest.mark.parametrize(
    "override",
    [
        "dmd.rows=0", "dmd.precision=17", "dmd.encoding=gray", "dmd.torn_probability=1.0", "dmd.load_s=-1e-6",
        "medium.store=sparse", "camera.bits=9", "camera.bits=0", "camera.full_well_e=0", "camera.exposure_s=0",
        "camera.lit_max=0", "camera.lit_max=1.5", "camera.missed_probability=1", "camera.buffer_frames=0",
        "camera.frame_rate_hz=0", "camera.speckle=0", "recovery.mode=off-axis", "recovery.phase_steps=2",
        "recovery.anchor_group=0", "pcie.rate_bit_per_s=0", "pcie.deadline_s=0", "fidelity=exact",
        "batch_patterns=0", "retries=-1", "power_w=-1", "camera.exposure_s=nan", "camera.noise=1",
    ],
)  # fmt: skip
def test_values_outside_their_ranges_are_refused_by_their_name(override: str) -> None:
    with pytest.raises(ConfigError, match=override.partition("=")[0].replace(".", r"\.")):
        small_opu(override)


def test_a_misspelt_key_is_answered_with_the_right_one() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'camera\.exposure_s'"):
        small_opu("camera.exposure=1e-4")
