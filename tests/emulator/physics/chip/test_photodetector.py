"""Receiver noise against counted photons, and its textbook limits."""

import numpy as np
import pytest

from emulator.errors import PhysicsError
from emulator.physics.chip.photodetector import ELECTRON_CHARGE_C, detector_noise
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
