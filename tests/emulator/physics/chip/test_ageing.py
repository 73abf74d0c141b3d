"""Ageing follows its power law, and a gradient of temperature makes the phase of the path that it lengthens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import PhysicsError
from emulator.physics.chip.ageing import SILICON_PER_K, aged_gamma, gradient_phase_rad


@given(change=st.floats(-0.9, 5.0), after_s=st.floats(1e-3, 1e6), exponent=st.floats(0.1, 2.0))
def test_a_heater_is_new_at_first_and_has_changed_by_as_much_as_said_after_the_time_said(
    change: float, after_s: float, exponent: float
) -> None:
    assert aged_gamma(0.0, change, after_s, exponent) == 1.0
    assert aged_gamma(after_s, change, after_s, exponent) == pytest.approx(1.0 + change)
    ratio = (aged_gamma(after_s / 2, change, after_s, exponent) - 1.0) * 2.0**exponent
    assert ratio == pytest.approx(change, abs=1e-9)


def test_a_heater_that_loses_more_than_all_has_nothing_left() -> None:
    assert aged_gamma(100.0, -0.5, 1.0, 1.0) == 0.0


def test_the_phase_is_that_of_light_through_a_longer_optical_path() -> None:
    length_m, wavelength_m, kelvin = 61.6e-6, 1.55e-6, 2.0
    steps = np.linspace(0.0, length_m, 10_001)
    index = 3.48 + SILICON_PER_K * kelvin * np.ones_like(steps)
    warm = np.trapezoid(2 * np.pi * index / wavelength_m, steps)
    cold = 2 * np.pi * 3.48 * length_m / wavelength_m
    assert gradient_phase_rad(kelvin, length_m, wavelength_m) == pytest.approx(warm - cold, rel=1e-9)
    assert gradient_phase_rad(-kelvin, length_m, wavelength_m) == pytest.approx(cold - warm, rel=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: aged_gamma(-1.0, 0.1, 1.0, 0.5),
        lambda: aged_gamma(1.0, 0.1, 0.0, 0.5),
        lambda: aged_gamma(1.0, 0.1, 1.0, 0.0),
        lambda: gradient_phase_rad(1.0, 0.0, 1e-6),
        lambda: gradient_phase_rad(1.0, 1e-6, 0.0),
    ],
)
def test_what_lies_beyond_the_domain_is_refused(wrong: object) -> None:
    with pytest.raises(PhysicsError, match="ageing: "):
        wrong()  # type: ignore[operator]
