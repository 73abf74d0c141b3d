"""The laser's split: no light is made and none is lost."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp

from emulator.errors import PhysicsError
from emulator.physics.chip.laser import drifted_power, electrical_power_w, intensity_std, light_budget
from emulator.streams import stream


@given(
    optical_w=st.floats(1e-6, 1e3),
    channels=st.integers(1, 64),
    fraction=st.floats(0.01, 0.99),
    inputs=st.integers(1, 64),
    outputs=st.integers(1, 64),
    full_scale=st.floats(0.1, 100),
)
def test_the_shares_of_all_modulators_and_oscillators_add_up_to_the_laser(
    optical_w: float, channels: int, fraction: float, inputs: int, outputs: int, full_scale: float
) -> None:
    light = light_budget(optical_w, channels, fraction, inputs, outputs, full_scale)
    brightest = inputs * light.signal_unit_w * full_scale**2
    oscillators = outputs * light.oscillator_w
    assert channels * (brightest + oscillators) == pytest.approx(optical_w, rel=1e-12)
    assert oscillators / (brightest + oscillators) == pytest.approx(fraction, rel=1e-12)


def test_the_plug_feeds_the_light_and_the_heat() -> None:
    assert electrical_power_w(0.188, 0.2) == pytest.approx(0.94)


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
