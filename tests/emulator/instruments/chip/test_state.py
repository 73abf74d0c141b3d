"""The chip's state: fabrication spread, power of the heaters, and observers that leave no mark."""

import numpy as np
import pytest
from scipy import stats

from emulator.errors import ConfigError, PhysicsError
from emulator.instruments.chip.config import (
    ChipConfig,
    DacConfig,
    HeaterConfig,
    InputConfig,
    MeshConfig,
    ReceiverConfig,
)
from emulator.instruments.chip.state import ChipCore, Design, device_gains
from emulator.streams import stream
from tests.builders import EXACT, QUIET, all_active, ideal_chip, random_batch, random_design

LIVELY = HeaterConfig(omega=0.02, dynamics="dynamic", substrate_coupling=1e-4)


@pytest.mark.parametrize("cut", [0.5, 2.0, 3.0])
def test_gains_are_a_truncated_normal_about_one(cut: float) -> None:
    config = HeaterConfig(truncation_sigma=cut)
    deviations = (device_gains(config, 100_000, stream(0, "tests/gains")) - 1) / (2e-3 / 0.1653)
    expected = stats.truncnorm(-cut, cut)
    assert np.abs(deviations).max() <= cut * (1 + 1e-12)
    assert deviations.mean() == pytest.approx(0.0, abs=5 * expected.std() / np.sqrt(100_000))
    assert deviations.std() == pytest.approx(expected.std(), rel=0.01)
    assert stats.kstest(deviations, expected.cdf).pvalue > 1e-3


def test_an_absolute_spread_of_0_002_is_1_21_percent_and_a_relative_one_is_what_it_says() -> None:
    wide = device_gains(HeaterConfig(truncation_sigma=10.0), 50_000, stream(0, "tests/gains"))
    narrow = device_gains(
        HeaterConfig(truncation_sigma=10.0, sigma_kind="relative"), 50_000, stream(0, "tests/gains")
    )
    assert wide.std() == pytest.approx(0.0121, rel=0.02)
    assert narrow.std() == pytest.approx(0.002, rel=0.02)


def test_the_seed_makes_the_chip() -> None:
    design = random_design((6, 5, 3), 0)
    first, again, other = (ChipCore(ChipConfig(), design, seed).phases() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


@pytest.mark.parametrize("dynamics", ["instant", "dynamic"])
def test_ideal_sigma_devices_see_no_dac_no_spread_and_no_crosstalk(dynamics: str) -> None:
    design = random_design((6, 5, 3), 1)
    sigma = np.zeros(design.active.size, dtype=np.bool_)
    sigma[[*range(15, 20), *range(39, 42)]] = True
    settings = {"omega": 0.05, "dynamics": dynamics, "sigma_devices": "ideal"}
    core = ChipCore(ideal_chip(HeaterConfig.model_validate(settings), dac_bits=4), design, 3)
    wanted = stream(1, "tests/sigma").uniform(0, 6, design.active.size)
    core.drive(np.arange(wanted.size), wanted, 0)
    core.drive(np.array([0]), wanted[:1], 10**9)
    np.testing.assert_allclose(core.phases()[sigma], wanted[sigma], rtol=0, atol=1e-12)
    assert (np.abs(core.phases() - wanted)[~sigma] > 1e-6).all()
    noisy = ChipCore(
        ideal_chip(HeaterConfig.model_validate(settings | {"sigma_devices": "noisy"}), dac_bits=4), design, 3
    )
    noisy.drive(np.arange(wanted.size), wanted, 0)
    noisy.drive(np.array([0]), wanted[:1], 10**9)
    assert (np.abs(noisy.phases() - wanted)[sigma] > 1e-6).all()


def test_the_masks_of_the_sigma_column_above_are_where_the_layers_say() -> None:
    layers = ChipCore(ideal_chip(), random_design((6, 5, 3), 1), 0).layers
    assert [(layer.sigma_first, layer.u_first, layer.devices) for layer in layers] == [
        (15, 20, 30),
        (9, 12, 15),
    ]


def test_only_active_heaters_draw_power_and_by_their_driven_phase_mod_two_pi() -> None:
    design = random_design((6, 5, 3), 2, active=0.5)
    core = ChipCore(ideal_chip(LIVELY, dac_bits=8), design, 0)
    active = np.flatnonzero(design.active)
    lsb = 2 * np.pi / 255
    phases = np.round(design.phases()[active] / lsb) * lsb
    assert core.heater_power_w == pytest.approx(phases.sum() * 24.77e-3 / np.pi, rel=1e-12)
    core.drive(active[:2], np.array([-1.0, 2 * np.pi + 0.5]), 0)
    phases[:2] = np.round(np.array([2 * np.pi - 1.0, 0.5]) / lsb) * lsb
    assert core.heater_power_w == pytest.approx(phases.sum() * 24.77e-3 / np.pi, rel=1e-12)
    np.testing.assert_allclose(core.driven_phases()[active], phases, rtol=0, atol=1e-12)
    assert not core.driven_phases()[~design.active].any()


def test_the_voltage_dac_of_the_chip_has_its_coarse_steps_near_two_pi() -> None:
    config = ideal_chip().model_copy(update={"dac": DacConfig(domain="voltage")})
    core = ChipCore(config, random_design((3, 2), 0), 0)
    driven = []
    for phase in np.linspace(6.0, 6.28, 400):
        core.drive(np.array([0]), np.array([phase]), 0)
        driven.append(core.driven_phases()[0])
    steps = np.diff(np.unique(np.round(driven, 9)))
    assert steps[steps < 1].max() == pytest.approx(0.086, abs=1e-3)


@pytest.mark.parametrize("receiver", [QUIET, ReceiverConfig()])
def test_an_observer_reads_what_the_chip_would_read_and_leaves_no_mark(receiver: ReceiverConfig) -> None:
    design = random_design((6, 5, 3), 3, active=0.6)
    watched, alone = (ChipCore(ideal_chip(LIVELY, receiver=receiver), design, 0) for _ in range(2))
    batch, held_out = random_batch(40, 6, 0).inputs, random_batch(33, 6, 1).inputs
    active = np.flatnonzero(design.active)
    for core in (watched, alone):
        core.load(batch)
    for draw in range(20):
        for core in (watched, alone):
            core.drive(active[draw % active.size][None], np.array([0.3 * draw]), 200_000)
        seen = watched.observe(batch, draw, 500_000)
        np.testing.assert_array_equal(watched.observe(held_out, draw, 7), watched.observe(held_out, draw, 7))
        outputs = watched.read(draw, 500_000)
        np.testing.assert_array_equal(outputs[0], alone.read(draw, 500_000)[0])
        if receiver is QUIET:
            np.testing.assert_allclose(seen, outputs[0], rtol=0, atol=1e-10)
        else:
            assert np.abs(seen - outputs[0]).max() > 0


def test_a_reading_is_the_callers_own() -> None:
    core = ChipCore(ideal_chip(), random_design((6, 5, 3), 4), 0)
    core.load(random_batch(5, 6).inputs)
    first = core.read(0, 0)[0]
    kept = first.copy()
    first[:] = np.nan
    np.testing.assert_array_equal(core.read(0, 0)[0], kept)


def test_reading_before_anything_is_loaded_is_refused() -> None:
    with pytest.raises(ConfigError, match="nothing is loaded"):
        ChipCore(ideal_chip(), random_design((3, 2), 0), 0).read(0, 0)


def test_a_design_whose_parts_do_not_fit_is_refused() -> None:
    layers = random_design((6, 5, 3), 0).layers
    with pytest.raises(ConfigError, match=r"active has shape \(44,\), but the layers have 45"):
        Design(layers, all_active(44))
    with pytest.raises(ConfigError, match="3 outputs feeds one with 6 inputs"):
        Design(layers[::-1], all_active(45))


def test_a_dark_laser_with_noisy_receivers_is_refused() -> None:
    config = ideal_chip(receiver=ReceiverConfig())
    dark = config.model_copy(
        update={"laser": config.laser.model_copy(update={"power_w_per_wavelength": 0.0})}
    )
    with pytest.raises(PhysicsError, match=r"raise chip\.laser\.power_w"):
        ChipCore(dark, random_design((3, 2), 0), 0)


def test_the_spacing_law_couples_heaters_of_one_column() -> None:
    heaters = HeaterConfig(sigma_gamma=0.0, dynamics="instant", coupling="spacing", pair_pitch_m=25e-6)
    design = random_design((4, 4), 5)
    core = ChipCore(ideal_chip(heaters), design, 0)
    core.drive(np.arange(16), np.zeros(16), 0)
    core.drive(np.array([7]), np.array([2.0]), 0)
    near, far = 0.2167 * np.exp(-0.1275 * 25), 0.2167 * np.exp(-0.1275 * 50)
    np.testing.assert_allclose(core.phases()[6:10], [2 * near, 2.0, 2 * near, 2 * far], rtol=1e-9)


def test_insertion_loss_dims_the_light_and_the_receiver_turns_up_its_noise() -> None:
    receiver = ReceiverConfig(adc_bits=0)
    constants = []
    for loss_db in (0.0, 0.5):
        mesh = MeshConfig(insertion_loss_db=loss_db)
        core = ChipCore(ideal_chip(EXACT, mesh, receiver), random_design((8, 6), 6, mesh), 0)
        constants.append((core.receivers[0].constant, core.receivers[0].per_square))
    assert constants[1][0] > 1.5 * constants[0][0]
    assert constants[1][1] == constants[0][1]


def test_light_sees_a_substrate_that_has_cooled_down_completely() -> None:
    heaters = HeaterConfig(sigma_gamma=0.0, omega=0.0, substrate_coupling=0.01, substrate_tau_s=1e-6)
    core = ChipCore(ideal_chip(heaters), random_design((6, 5, 3), 0, active=[0, 1]), 0)
    inputs = random_batch(4, 6).inputs
    core.load(inputs)
    core.drive(np.arange(2), np.zeros(2), 0)
    outputs = core.read(0, 10**10)[0]
    np.testing.assert_allclose(outputs, core.observe(inputs, 0, 0), rtol=0, atol=1e-10)


def test_heaters_that_are_all_turned_off_draw_no_power_and_never_less() -> None:
    core = ChipCore(ideal_chip(), random_design((6, 5, 3), 0), 0)
    for seed in range(50):
        rng = stream(seed, "tests/off")
        for phases in (rng.uniform(0, 6, 45), np.zeros(45)):
            for heater in rng.permutation(45):
                core.drive(heater[None], phases[heater][None], 0)
        assert core.heater_power_w >= 0.0


@pytest.mark.parametrize("bits", [0, 8])
@pytest.mark.parametrize("kind", ["f2", "g", ">f8", "i4", "u1", "?"])
def test_modulators_take_numbers_of_every_kind_for_what_they_are(bits: int, kind: str) -> None:
    """Half and extended precision, another byte order and whole numbers are those of double precision."""
    core = ChipCore(
        ideal_chip().model_copy(update={"inputs": InputConfig(bits=bits)}), random_design((6, 5, 3), 0), 0
    )
    inputs = stream(0, "tests/modulated").uniform(0, 2, (4, 6)).astype(kind)
    found = core.modulated(inputs)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, core.modulated(inputs.astype(np.float64)))
