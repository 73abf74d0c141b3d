"""Phase DACs and input steps: codes, ranges and rounding errors."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import PhysicsError
from emulator.physics.chip.converters import (
    adc_step,
    dac_phase,
    input_step,
    modulate,
    phase_step_rad,
    wrap_phase,
)
from emulator.streams import stream

TWO_PI = 2 * math.pi
GAMMA = math.pi / 4.36**2
STEP_V = 10.8 / 255
phases = st.floats(0.0, TWO_PI, exclude_max=True)
bits = st.integers(1, 16)


def test_an_8_bit_phase_dac_has_the_known_step() -> None:
    assert phase_step_rad(8) == pytest.approx(0.02464, abs=5e-6)
    assert phase_step_rad(0) == 0.0


@given(phase=phases, bits=bits)
def test_a_phase_dac_errs_by_half_a_step_at_most_and_stays_on_its_codes(phase: float, bits: int) -> None:
    step = phase_step_rad(bits)
    driven = dac_phase(phase, step, 0.0, GAMMA)
    assert abs(driven - phase) <= step / 2 * (1 + 1e-12)
    assert dac_phase(driven, step, 0.0, GAMMA) == pytest.approx(driven, abs=1e-14)
    assert driven / step == pytest.approx(round(driven / step), abs=1e-9)
    assert 0.0 <= driven <= TWO_PI * (1 + 1e-15)


@given(phase=phases)
def test_a_voltage_dac_errs_by_half_a_step_of_voltage_and_stays_on_its_codes(phase: float) -> None:
    driven = dac_phase(phase, 0.0, STEP_V, GAMMA)
    assert dac_phase(driven, 0.0, STEP_V, GAMMA) == pytest.approx(driven, abs=1e-13)
    if driven == 0.0 and phase > 1.0:
        assert math.sqrt(TWO_PI / GAMMA) - math.sqrt(phase / GAMMA) <= STEP_V
    else:
        assert abs(math.sqrt(driven / GAMMA) - math.sqrt(phase / GAMMA)) <= STEP_V / 2 * (1 + 1e-9)


def test_the_steps_of_a_voltage_dac_grow_to_0_086_rad_and_only_146_codes_are_of_use() -> None:
    grid = np.linspace(0, TWO_PI, 200_001)[:-1]
    codes = np.unique([dac_phase(phase, 0.0, STEP_V, GAMMA) for phase in grid])
    assert codes.size == pytest.approx(146, abs=1)
    steps = np.diff(codes)
    assert steps[0] == pytest.approx(GAMMA * STEP_V**2)
    assert steps[-1] == pytest.approx(0.086, abs=1e-3)
    assert (np.diff(steps) > 0).all()


def test_an_ideal_dac_drives_what_it_is_told() -> None:
    assert dac_phase(1.2345, 0.0, 0.0, GAMMA) == 1.2345


@given(phase=st.floats(-1e6, 1e6))
def test_wrapping_lands_in_0_to_2_pi_and_keeps_the_angle(phase: float) -> None:
    wrapped = wrap_phase(phase)
    assert 0.0 <= wrapped < TWO_PI
    assert math.cos(wrapped - phase) == pytest.approx(1.0, abs=1e-12)
    assert wrap_phase(wrapped) == wrapped


def test_a_tiny_negative_phase_wraps_to_zero_and_not_to_two_pi() -> None:
    assert wrap_phase(-1e-20) == 0.0


def test_the_adc_has_a_code_for_zero_and_so_needs_two_bits() -> None:
    assert adc_step(8, 16.0) == 16.0 / 127
    assert adc_step(2, 3.0) == 3.0
    assert adc_step(0, 16.0) == 0.0
    with pytest.raises(PhysicsError, match="bits=1"):
        adc_step(1, 16.0)


def test_the_modulators_step_divides_their_full_scale_evenly() -> None:
    assert input_step(8, 4.0) * 255 == pytest.approx(4.0, rel=1e-15)
    assert input_step(0, 4.0) == 0.0


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_inputs_are_sent_as_whole_steps_in_columns(kind: type[np.floating]) -> None:
    inputs = stream(0, "tests/modulate").uniform(-4, 4, (5, 7)).astype(kind)
    step, columns = input_step(8, 4.0), np.empty((7, 5), dtype=kind)
    modulate(inputs, step, columns)
    expected = np.round(inputs.T.astype(np.float64) / step)
    np.testing.assert_allclose(columns / step, expected, rtol=0, atol=1e-4)
    assert np.abs(columns - inputs.T).max() <= step / 2 * (1 + 1e-6)
