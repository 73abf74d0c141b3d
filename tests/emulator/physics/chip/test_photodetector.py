"""Receiver noise against counted photons, and its textbook limits."""

import numpy as np
import pytest

from emulator.errors import PhysicsError
from emulator.physics.chip.photodetector import ELECTRON_CHARGE_C, dark_noise, detector_noise, intensity_noise
from emulator.streams import stream

Q = ELECTRON_CHARGE_C
BANDWIDTH_HZ = 0.7e9
RESPONSIVITY = 0.8


@pytest.mark.parametrize("activation", [-3.0, 0.0, 0.5, 4.0])
@pytest.mark.parametrize(("signal_w", "oscillator_w"), [(2e-8, 3e-6), (1e-6, 1e-6), (3e-6, 2e-8)])
def test_shot_noise_is_that_of_electrons_counted_on_two_photodiodes(
    activation: float, signal_w: float, oscillator_w: float
) -> None:
    """Two arms of a half-half coupler see |L +- s|^2 / 2 each; white noise in B is a count over 1/(2B)."""
    window_s, draws = 1 / (2 * BANDWIDTH_HZ), 200_000
    local, field = np.sqrt(oscillator_w), np.sqrt(signal_w) * activation
    per_watt = RESPONSIVITY * window_s / Q
    rng = stream(0, "tests/photons")
    plus = rng.poisson(per_watt * (local + field) ** 2 / 2, draws)
    minus = rng.poisson(per_watt * (local - field) ** 2 / 2, draws)
    per_activation = 2 * per_watt * np.sqrt(oscillator_w * signal_w)
    readings = (plus - minus) / per_activation
    noise = detector_noise(signal_w, oscillator_w, RESPONSIVITY, BANDWIDTH_HZ, 0.0, True)
    variance = noise.constant + noise.per_square * activation**2
    assert readings.mean() == pytest.approx(activation, abs=5 * np.sqrt(variance / draws))
    assert readings.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / draws))


def test_the_quantum_limit_depends_on_the_signal_alone_however_strong_the_oscillator() -> None:
    limits = [
        detector_noise(1e-6, w, RESPONSIVITY, BANDWIDTH_HZ, 0.0, True).constant for w in (1e-6, 1e-3, 1.0)
    ]
    assert limits == pytest.approx([Q * BANDWIDTH_HZ / (2 * RESPONSIVITY * 1e-6)] * 3, rel=1e-12)


def test_thermal_noise_falls_with_the_oscillators_power_and_does_not_follow_the_signal() -> None:
    noise = detector_noise(1e-6, 2e-6, RESPONSIVITY, BANDWIDTH_HZ, 20e-12, False)
    assert noise.per_square == 0.0
    current = 2 * RESPONSIVITY * np.sqrt(1e-6 * 2e-6)
    assert noise.constant == pytest.approx((20e-12) ** 2 * BANDWIDTH_HZ / current**2, rel=1e-12)


def test_shot_and_thermal_noise_add_in_variance() -> None:
    both = detector_noise(1e-6, 2e-6, RESPONSIVITY, BANDWIDTH_HZ, 20e-12, True)
    shot = detector_noise(1e-6, 2e-6, RESPONSIVITY, BANDWIDTH_HZ, 0.0, True)
    thermal = detector_noise(1e-6, 2e-6, RESPONSIVITY, BANDWIDTH_HZ, 20e-12, False)
    assert both.constant == pytest.approx(shot.constant + thermal.constant, rel=1e-12)
    assert both.per_square == shot.per_square


def test_a_receiver_without_noise_needs_no_light() -> None:
    noise = detector_noise(0.0, 0.0, RESPONSIVITY, BANDWIDTH_HZ, 0.0, False)
    assert (noise.constant, noise.per_square) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("signal_w", "oscillator_w"), [(0.0, 1e-6), (1e-6, 0.0), (np.nan, 1e-6), (1e-300, 1e-300)]
)
def test_noise_without_light_is_refused(signal_w: float, oscillator_w: float) -> None:
    with pytest.raises(PhysicsError, match="no photocurrent"):
        detector_noise(signal_w, oscillator_w, RESPONSIVITY, BANDWIDTH_HZ, 20e-12, True)


def test_dark_noise_is_that_of_electrons_that_leak_through_both_photodiodes() -> None:
    window_s, draws, dark_a = 1 / (2 * BANDWIDTH_HZ), 200_000, 5e-6
    rng = stream(0, "tests/leaks")
    electrons = rng.poisson(dark_a * window_s / Q, (2, draws)).astype(np.float64)
    current_a = (electrons[0] - electrons[1]) * Q / window_s
    unit_a = 2 * RESPONSIVITY * np.sqrt(1e-6 * 2e-6)
    noise = dark_noise(1e-6, 2e-6, RESPONSIVITY, BANDWIDTH_HZ, dark_a)
    assert noise.per_square == 0.0
    assert (current_a / unit_a).var() == pytest.approx(noise.constant, rel=5 * np.sqrt(2 / draws))


@pytest.mark.parametrize("activation", [-3.0, 0.0, 0.5])
def test_intensity_noise_is_that_of_a_laser_that_feeds_signal_and_oscillator_of_uneven_photodiodes(
    activation: float,
) -> None:
    """Photodiodes of responsivities (1 +- d) R see |L +- s|^2 / 2 each; the sign of d is each receiver's own."""
    rin_per_hz, imbalance, signal_w, oscillator_w, draws = 1e-14, 0.03, 1e-6, 4e-6, 400_000
    rng = stream(0, "tests/intensity")
    power = 1 + np.sqrt(rin_per_hz * BANDWIDTH_HZ) * rng.standard_normal(draws)
    uneven = imbalance * rng.choice([-1.0, 1.0], draws)
    local, field = np.sqrt(oscillator_w), np.sqrt(signal_w) * activation
    plus, minus = (local + field) ** 2 / 2, (local - field) ** 2 / 2
    excess = (power - 1) * ((1 + uneven) * plus - (1 - uneven) * minus)
    readings = excess / (2 * np.sqrt(oscillator_w * signal_w))
    noise = intensity_noise(signal_w, oscillator_w, BANDWIDTH_HZ, rin_per_hz, imbalance)
    expected = noise.constant + noise.per_square * activation**2
    own_light = (imbalance * activation**2) ** 2 * rin_per_hz * BANDWIDTH_HZ * signal_w / (4 * oscillator_w)
    cross = (
        imbalance**2 * activation**2 * rin_per_hz * BANDWIDTH_HZ / 2
    )  # of signal and oscillator, both uneven
    assert readings.var() == pytest.approx(expected + own_light + cross, rel=5 * np.sqrt(2 / draws))
    assert own_light + cross < 1e-2 * noise.per_square * activation**2 or activation == 0.0


@pytest.mark.parametrize("signal_w", [0.0, 1e-6])
def test_further_noise_without_light_is_refused(signal_w: float) -> None:
    with pytest.raises(PhysicsError, match="laser"):
        dark_noise(signal_w, 0.0, RESPONSIVITY, BANDWIDTH_HZ, 1e-9)
    with pytest.raises(PhysicsError, match="laser"):
        intensity_noise(signal_w, 0.0, BANDWIDTH_HZ, 1e-15, 0.1)
