"""The laser's split: no light is made and none is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.physics.chip.laser import electrical_power_w, light_budget


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
