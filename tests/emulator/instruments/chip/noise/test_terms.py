"""Terms of receiver noise: each is read from a study, acts on readings, and adds in variance."""

import numpy as np
import pytest

from emulator.config.models import build, to_toml
from emulator.config.toml import parse_toml
from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig, ReceiverConfig
from emulator.instruments.chip.noise.dark_current import DarkCurrent
from emulator.instruments.chip.noise.laser_intensity import LaserIntensity
from emulator.instruments.chip.noise.registry import NOISE_TERMS
from emulator.instruments.chip.noise.term import NoiseTerm, Receiver
from emulator.instruments.chip.state import ChipCore
from emulator.physics.chip.laser import light_budget
from emulator.physics.chip.photodetector import DetectorNoise
from tests.builders import ideal_chip, random_batch, random_design

SHAPE = (4, 3)
READINGS = 4000

STRONG: dict[str, NoiseTerm] = {
    "laser_intensity": LaserIntensity(kind="laser_intensity", rin_db_per_hz=-105.0, rejection_db=20.0),
    "dark_current": DarkCurrent(kind="dark_current", dark_a=0.2),
}


class Flat(NoiseTerm):
    """A term that a user would plant: the same variance at every receiver."""

    kind: str = "flat"
    squared: float = 0.04

    def variance(self, receiver: object) -> DetectorNoise:
        return DetectorNoise(self.squared, 0.0)


def readings(*terms: NoiseTerm) -> np.ndarray:
    """Return many readings of one batch from a chip whose only noise is that of ``terms``."""
    quiet = ideal_chip(receiver=ReceiverConfig(shot_noise=False, thermal_noise_a_per_sqrt_hz=0.0, adc_bits=0))
    chip = quiet.model_copy(update={"noise": terms})
    core = ChipCore(chip, random_design(SHAPE, 0), 0)
    core.load(random_batch(5, SHAPE[0]).inputs)
    return np.array([core.read(draw, 0)[0] for draw in range(READINGS)])


def spread_like(found: np.ndarray, noise: DetectorNoise) -> bool:
    """Say whether ``found`` (readings, samples, outputs) scatters as ``noise`` says."""
    expected = noise.constant + noise.per_square * found.mean(axis=0) ** 2
    return bool(np.allclose(found.var(axis=0), expected, rtol=6 * np.sqrt(2 / READINGS)))


@pytest.mark.parametrize("name", NOISE_TERMS)
def test_every_term_scatters_the_readings_as_it_says(name: str) -> None:
    chip = ChipConfig()
    light = light_budget(
        chip.laser.power_w_per_wavelength,
        1,  # layer
        chip.laser.oscillator_fraction,
        *SHAPE,
        chip.activation_clip,
    )
    receiver = Receiver(light.signal_unit_w, light.oscillator_w, 1.0, chip.receiver.bandwidth_hz)
    noise = STRONG[name].variance(receiver)
    quiet, found = readings(), readings(STRONG[name])
    assert np.ptp(quiet, axis=0).max() == 0.0
    np.testing.assert_allclose(found.mean(axis=0), quiet[0], atol=6 * found.std() / np.sqrt(READINGS))
    averages = chip.receiver.averages
    assert spread_like(found, DetectorNoise(noise.constant / averages, noise.per_square / averages))


def test_terms_add_in_variance_and_a_planted_one_needs_nothing_but_itself() -> None:
    assert spread_like(readings(Flat()), DetectorNoise(0.04 / 256, 0.0))
    assert spread_like(readings(Flat(), Flat(squared=0.12)), DetectorNoise(0.16 / 256, 0.0))


def test_terms_are_read_from_a_study_and_written_as_they_were_read() -> None:
    text = '[[noise]]\nkind = "laser_intensity"\nrin_db_per_hz = "-150 dB/Hz"\n[[noise]]\nkind = "dark_current"\n'
    chip = build(ChipConfig, parse_toml(text, "chip"), "chip")
    assert [term.kind for term in chip.noise] == ["laser_intensity", "dark_current"]
    assert build(ChipConfig, parse_toml(to_toml(chip), "chip"), "chip") == chip


def test_a_term_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"noise\[0\]\.kind = 'dark_curent'.*did you mean 'dark_current'"):
        build(ChipConfig, parse_toml('noise = [{kind = "dark_curent"}]', "chip"), "chip")


def test_every_term_is_listed_under_its_own_name() -> None:
    for name, term in NOISE_TERMS.items():
        assert term.model_validate({"kind": name}).kind == name
