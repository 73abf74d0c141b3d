"""Presets as sections: by name, with changes, or refused."""

import pytest

from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from experiments.presets.sections import chip, host, opu


def test_without_a_name_it_is_the_defaults() -> None:
    assert (chip(), opu(), host()) == (ChipConfig(), OpuConfig(), HostConfig())


def test_changes_go_on_top_of_the_preset() -> None:
    slow = chip("undercut", {"link.latency_s": "30 us"})
    assert slow.link.latency_s == 30e-6
    assert slow.heaters == chip("undercut").heaters != chip().heaters


def test_an_unknown_preset_or_key_is_refused_by_its_name() -> None:
    with pytest.raises(ConfigError, match=r"'undercat' is no chip preset.*undercut"):
        chip("undercat")
    with pytest.raises(ConfigError, match=r"^opu preset: kamera"):
        opu(changes={"kamera.bits": 8})
