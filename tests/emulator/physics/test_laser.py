"""How a laser's power varies: its noise has the density it is of, its drift solves its equation."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad, solve_ivp

from emulator.errors import PhysicsError
from emulator.physics.laser import Laser, drifted_power, frame_powers, intensity_std
from emulator.streams import key_words, stream

KEY = key_words(0, "tests/laser")


@pytest.mark.parametrize(
    ("low_hz", "high_hz", "corner_hz"), [(1.0, 1e6, 0.0), (10.0, 1e5, 1e3), (3.0, 3.0, 9.0)]
)
def test_intensity_noise_is_its_density_integrated_over_the_band(
    low_hz: float, high_hz: float, corner_hz: float
) -> None:
    rin = 1e-12
    area, _ = quad(lambda log_f: rin * (math.exp(log_f) + corner_hz), math.log(low_hz), math.log(high_hz))
    assert intensity_std(rin, low_hz, high_hz, corner_hz) == pytest.approx(
        math.sqrt(area), rel=1e-6, abs=1e-18
    )


def test_white_noise_sampled_at_twice_the_band_has_that_deviation() -> None:
    rin, band_hz = 1e-12, 1e8
    samples = stream(0, "tests/rin").standard_normal(2**16) * intensity_std(rin, 1e-3, band_hz)
    density = np.abs(np.fft.rfft(samples)) ** 2 * 2.0 / (samples.size * 2.0 * band_hz)
    assert density[1:-1].mean() == pytest.approx(rin, rel=0.02)  # one-sided, per hertz
    assert samples.std() == pytest.approx(0.01, rel=0.02)


def test_a_drift_solves_its_equation_and_ends_at_its_level() -> None:
    change, tau_s = -0.05, 0.2
    found = solve_ivp(lambda t, p: (1.0 + change - p) / tau_s, (0.0, 1.0), [1.0], rtol=1e-10, atol=1e-12)
    assert drifted_power(1.0, change, tau_s) == pytest.approx(found.y[0, -1], rel=1e-8)
    assert (drifted_power(0.0, change, tau_s), drifted_power(1e3, change, tau_s)) == (
        1.0,
        pytest.approx(0.95),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: intensity_std(1e-12, 0.0, 1.0),
        lambda: intensity_std(1e-12, 2.0, 1.0),
        lambda: intensity_std(-1.0, 1.0, 2.0),
        lambda: drifted_power(-1.0, 0.1, 1.0),
        lambda: drifted_power(1.0, -1.0, 1.0),
        lambda: drifted_power(1.0, 0.1, 0.0),
    ],
)
def test_noise_and_drift_beyond_their_domain_are_refused(wrong: object) -> None:
    with pytest.raises(PhysicsError, match="laser: "):
        wrong()  # type: ignore[operator]


def test_powers_of_frames_are_normal_around_the_lasers() -> None:
    found = frame_powers(Laser(0.8, 0.05), 0, 20_000, KEY)
    assert found.mean() == pytest.approx(0.8, abs=5 * 0.04 / np.sqrt(found.size))
    assert found.std() == pytest.approx(0.04, rel=5 / np.sqrt(2 * found.size))
    assert stats.kstest((found - 0.8) / 0.04, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 5 / np.sqrt(found.size)


@pytest.mark.parametrize(
    ("first", "count"), [(0, 0), (0, 1), (255, 2), (256, 256), (300, 700), (2**40 + 3, 9)]
)
def test_the_power_of_a_frame_depends_on_its_number_alone(first: int, count: int) -> None:
    laser = Laser(1.1, 0.2)
    one_by_one = [frame_powers(laser, first + number, 1, KEY)[0] for number in range(count)]
    np.testing.assert_array_equal(frame_powers(laser, first, count, KEY), one_by_one)


def test_light_has_no_negative_power_and_a_quiet_laser_its_own() -> None:
    assert frame_powers(Laser(1.0, 0.5), 0, 100_000, KEY).min() == 0.0
    np.testing.assert_array_equal(frame_powers(Laser(0.9), 7, 3, KEY), [0.9] * 3)
