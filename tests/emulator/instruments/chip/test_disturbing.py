"""Hidden state that changes while a chip works: a heater that dies cools, a gamma that drifts moves its phase."""

import math

import numpy as np
import pytest

from emulator.errors import CommandError
from emulator.instruments.chip.config import HeaterConfig
from emulator.instruments.chip.state import ChipCore
from emulator.units import PS_PER_S
from tests.builders import ideal_chip, random_batch, random_design

SIZES = (6, 5, 3)
DESIGN = random_design(SIZES, active=range(0, 45, 2))
TAU_S = 10e-6
TWO_PI = 2.0 * math.pi
W_PER_RAD = 24.77e-3 / math.pi


def core(dynamics: str = "dynamic", omega: float = 0.0, dead: tuple[int, ...] = ()) -> ChipCore:
    heaters = HeaterConfig(omega=omega, tau_s=TAU_S, dead=dead, dynamics=dynamics)  # type: ignore[arg-type]
    return ChipCore(ideal_chip(heaters), DESIGN, 0)


def let_pass(chip: ChipCore, passed_ps: int) -> None:
    chip.drive(np.empty(0, dtype=np.int64), np.empty(0), passed_ps)


def read(chip: ChipCore, passed_ps: int = 0) -> np.ndarray:
    chip.load(random_batch(5, SIZES[0]).inputs)
    return chip.read(0, passed_ps)[0]


def test_a_heater_that_dies_cools_by_its_time_constant_and_draws_nothing_at_once() -> None:
    chip = core()
    hot, others, power_w = chip.phases()[8], np.delete(chip.phases(), 8), chip.heater_power_w
    driven = chip.driven_phases()[8]
    chip.disturb("dead", 8, 1.0, 5_000_000)
    assert chip.phases()[8] == pytest.approx(hot, rel=1e-12)
    assert chip.heater_power_w == pytest.approx(power_w - driven * W_PER_RAD)
    for constants in (1, 2, 3):
        let_pass(chip, round(TAU_S * PS_PER_S))
        assert chip.phases()[8] == pytest.approx(hot * math.exp(-constants), rel=1e-9)
    np.testing.assert_allclose(np.delete(chip.phases(), 8), others, rtol=1e-12)


@pytest.mark.parametrize("dynamics", ["dynamic", "instant"])
def test_in_the_end_it_is_as_if_the_heater_had_been_dead_from_the_beginning(dynamics: str) -> None:
    died, born_dead = core(dynamics, 0.02), core(dynamics, 0.02, dead=(8,))
    alive = read(died)
    died.disturb("dead", 8, 1.0, 0)
    for chip in (died, born_dead):
        chip.drive(np.array([8, 10]), np.array([1.0, 2.0]), 0)
    np.testing.assert_allclose(read(died, 10**10), read(born_dead, 10**10), atol=1e-12)
    np.testing.assert_allclose(died.phases(), born_dead.phases(), atol=1e-12)
    assert died.heater_power_w == pytest.approx(born_dead.heater_power_w)
    assert np.abs(read(died) - alive).max() > 1e-3


def test_light_follows_a_heater_that_dies_in_the_paper_s_model_at_once_and_else_as_it_cools() -> None:
    for dynamics, moved in (("instant", True), ("dynamic", False)):
        chip = core(dynamics)
        before = read(chip)
        chip.disturb("dead", 8, 1.0, 0)
        assert (np.abs(read(chip) - before).max() > 1e-3) == moved
        assert np.abs(read(chip, 10**9) - before).max() > 1e-3


@pytest.mark.parametrize("dead", [(), (8,)])
def test_a_heater_that_comes_back_heats_as_it_was_made_from_its_next_setting_on(
    dead: tuple[int, ...],
) -> None:
    chip, whole = core(dead=dead), core()
    chip.disturb("dead", 8, 1.0, 0)
    chip.disturb("dead", 8, 0.0, 10**10)
    assert chip.driven_phases()[8] == 0.0
    for each in (chip, whole):
        each.drive(np.array([8]), np.array([2.5]), 10**10)
        let_pass(each, 10**10)
    np.testing.assert_allclose(chip.phases(), whole.phases(), atol=1e-12)
    assert chip.heater_power_w == pytest.approx(whole.heater_power_w)


@pytest.mark.parametrize("dynamics", ["dynamic", "instant"])
def test_gamma_is_a_factor_on_the_phase_that_a_device_was_made_with(dynamics: str) -> None:
    chip = core(dynamics)
    made, power_w = chip.phases(), chip.heater_power_w
    for factor in (1.1, 0.8, 1.0):
        chip.disturb("gamma", 8, factor, 0)
        let_pass(chip, 10**10)
        expected = made.copy()
        expected[8] *= factor
        np.testing.assert_allclose(chip.phases(), expected, rtol=1e-9)
        assert chip.heater_power_w == power_w
        chip.drive(np.array([8]), np.array([chip.driven_phases()[8]]), 0)
        let_pass(chip, 10**10)
        np.testing.assert_allclose(chip.phases(), expected, rtol=1e-9)


def test_a_dead_heater_keeps_the_gamma_that_it_is_given() -> None:
    chip = core(dead=(8,))
    chip.disturb("gamma", 8, 1.5, 0)
    assert chip.phases()[8] == 0.0
    chip.disturb("dead", 8, 0.0, 0)
    chip.drive(np.array([8]), np.array([1.0]), 0)
    let_pass(chip, 10**10)
    whole = core()
    whole.drive(np.array([8]), np.array([1.0]), 0)
    let_pass(whole, 10**10)
    assert chip.phases()[8] == pytest.approx(1.5 * whole.phases()[8])


@pytest.mark.parametrize(
    ("name", "index", "value", "words"),
    [
        ("dea", 8, 1.0, "no hidden state 'dea'; did you mean 'dead'"),
        ("stuck", 8, 7.0, "chip.stuck = 7.0 of heater 8; allowed: radians"),
        ("stuck", 9, 1.0, "device 9 has no heater"),
        ("channel", 8, 2.0, "chip.channel = 2.0 of heater 8; allowed: 1"),
        ("responsivity", 8, 0.5, "no receiver 8; allowed: 0"),
        ("responsivity", 0, -0.5, "chip.responsivity = -0.5 of receiver 0"),
        ("offset", -1, 1.0, "no receiver -1"),
        ("laser", 0, 0.5, "has no parts, and index = 0"),
        ("laser", -1, 0.0, "chip.laser = 0.0; allowed: a factor"),
        ("laser_noise", -1, 0.6, "chip.laser_noise = 0.6; allowed"),
        ("substrate", -1, math.inf, "chip.substrate = inf; allowed: finite"),
        ("link", -1, -1.0, "chip.link = -1.0; allowed: seconds"),
        ("dead", 9, 1.0, r"device 9 has no heater; allowed: devices 0\.\.44"),
        ("gamma", 45, 1.0, "device 45 has no heater"),
        ("dead", -1, 1.0, "device -1 has no heater"),
        ("dead", 8, 0.5, "chip.dead = 0.5 of heater 8; allowed: 1"),
        ("gamma", 8, -1.0, "chip.gamma = -1.0 of heater 8; allowed: a finite factor >= 0"),
        ("gamma", 8, math.nan, "chip.gamma = nan"),
    ],
)
def test_what_cannot_be_disturbed_is_refused(name: str, index: int, value: float, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        core().check_disturbance(name, index, value)
