"""A dead heater takes its settings, draws nothing and heats nothing."""

import numpy as np
import pytest

from emulator.errors import ConfigError
from emulator.instruments.chip.config import HeaterConfig
from emulator.instruments.chip.state import ChipCore
from tests.builders import ideal_chip, random_design

SIZES = (6, 5, 3)
DESIGN = random_design(SIZES)


def core(*dead: int, omega: float = 0.01) -> ChipCore:
    heaters = HeaterConfig(sigma_gamma=0.0, omega=omega, dynamics="instant", dead=dead)
    return ChipCore(ideal_chip(heaters), DESIGN, 0)


def test_a_dead_heater_draws_nothing_whatever_it_is_told() -> None:
    whole, broken = core(), core(7)
    missing_rad = whole.driven_phases()[7]
    assert missing_rad > 0
    assert broken.heater_power_w == pytest.approx(whole.heater_power_w - missing_rad * 24.77e-3 / np.pi)
    before = broken.heater_power_w
    broken.drive(np.array([7]), np.array([3.0]), 0)
    assert broken.heater_power_w == before
    broken.drive(np.array([7, 8]), np.array([1.0, 0.0]), 0)
    assert broken.heater_power_w == pytest.approx(before - whole.driven_phases()[8] * 24.77e-3 / np.pi)


def test_a_dead_heater_makes_no_phase_and_no_crosstalk() -> None:
    whole, broken = core(omega=0.0), core(7, omega=0.0)
    expected = whole.phases()
    expected[7] = 0.0
    np.testing.assert_allclose(broken.phases(), expected, atol=1e-14)
    neighbours = core(omega=0.05)
    neighbours.drive(np.array([7]), np.array([0.0]), 0)
    np.testing.assert_allclose(core(7, omega=0.05).phases(), neighbours.phases(), atol=1e-12)


def test_a_dead_heater_stays_dead_when_the_sum_of_driven_phases_is_taken_anew() -> None:
    broken = core(7)
    before = broken.heater_power_w
    for _ in range(2000):
        broken.drive(np.array([7]), np.array([2.0]), 0)
    assert broken.heater_power_w == pytest.approx(before)


def test_a_device_without_a_heater_cannot_be_dead() -> None:
    with pytest.raises(
        ConfigError, match=r"chip\.heaters\.dead: device 99 has no heater; allowed: devices 0\.\."
    ):
        core(99)
    passive = random_design(SIZES, active=[1, 2])
    with pytest.raises(ConfigError, match="device 3 has no heater"):
        ChipCore(ideal_chip(HeaterConfig(dead=(3,))), passive, 0)
