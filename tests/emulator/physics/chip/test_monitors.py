"""What monitors see, against interferometers in complex fields, dense matrices and finite differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.physics.chip.kernels.tape import LayerMap, layer_map, propagate_plain
from emulator.physics.chip.mesh import Rotation, Shape, decompose_matrix
from emulator.physics.chip.monitors import (
    Exposure,
    both_intensity,
    intensity_variance,
    lone_intensity,
    pass_light,
    slope_per_interference,
    tap_amplitude,
)
from emulator.physics.chip.photodetector import ELECTRON_CHARGE_C
from emulator.streams import stream
from tests.builders import weights

SHAPES: list[tuple[Shape, Rotation]] = [("thin", "ccw"), ("square", "cw")]
SIZES = [(6, 4), (3, 7), (1, 5), (5, 1), (1, 1)]
LOSS = 0.97


def layer_of(
    sizes: tuple[int, int], shape: Shape, rotation: Rotation
) -> tuple[LayerMap, NDArray[np.float64]]:
    phases = decompose_matrix(weights(sizes, 3)[0], 3.0, shape, rotation)
    return layer_map(phases, 3.0, shape, rotation), phases.flat()


def numbers(*shape: int, name: str = "numbers") -> NDArray[np.float64]:
    return stream(0, f"tests/{name}").standard_normal(shape)


layers = pytest.mark.parametrize(("shape", "rotation"), SHAPES)
sizes = pytest.mark.parametrize("ports", SIZES, ids=lambda ports: f"{ports[0]}-{ports[1]}")


@sizes
@layers
def test_light_forwards_is_that_of_the_plain_propagation(
    ports: tuple[int, int], shape: Shape, rotation: Rotation
) -> None:
    layer, phases = layer_of(ports, shape, rotation)
    light = numbers(ports[0], 9)
    passed = pass_light(layer, phases, LOSS, np.arange(layer.devices), light)
    np.testing.assert_allclose(
        passed.columns, propagate_plain(light, layer, phases, LOSS), rtol=0, atol=1e-12
    )


@sizes
@layers
def test_light_backwards_passes_the_transpose_of_the_matrix(
    ports: tuple[int, int], shape: Shape, rotation: Rotation
) -> None:
    """Reciprocity, with loss: what goes from an input to an output goes back as well."""
    layer, phases = layer_of(ports, shape, rotation)
    matrix = propagate_plain(np.eye(ports[0]), layer, phases, LOSS)
    errors = numbers(ports[1], 9)
    back = pass_light(layer, phases, LOSS, np.arange(layer.devices), errors, backwards=True)
    np.testing.assert_allclose(back.columns, matrix.T @ errors, rtol=0, atol=1e-12)


@sizes
@layers
def test_the_interference_is_the_derivative_by_every_phase(
    ports: tuple[int, int], shape: Shape, rotation: Rotation
) -> None:
    layer, phases = layer_of(ports, shape, rotation)
    light, errors, everywhere = numbers(ports[0], 4), numbers(ports[1], 4), np.arange(layer.devices)
    forward = pass_light(layer, phases, LOSS, everywhere, light).seen
    backward = pass_light(layer, phases, LOSS, everywhere, errors, backwards=True).seen
    interference = both_intensity(forward, backward) - lone_intensity(forward) - lone_intensity(backward)
    found = 4 * interference * slope_per_interference(layer)
    for device in range(layer.devices):
        moved = [phases.copy(), phases.copy()]
        moved[0][device] -= 1e-6
        moved[1][device] += 1e-6
        low, high = (float((errors * propagate_plain(light, layer, p, LOSS)).sum()) for p in moved)
        assert found[device] == pytest.approx((high - low) / 2e-6, abs=2e-8)


real = st.floats(-3, 3)


@given(phase=st.floats(-7, 7), inputs=st.tuples(real, real), errors=st.tuples(real, real))
@settings(max_examples=100, deadline=None)
def test_the_photodiode_sees_what_an_interferometer_in_complex_fields_gives_it(
    phase: float, inputs: tuple[float, float], errors: tuple[float, float]
) -> None:
    """Couplers and arms one by one: light goes forwards to the upper arm, backwards to the lower one."""
    coupler = np.array([[1, 1], [-1j, 1j]]) / np.sqrt(2)
    arms = np.diag([np.exp(1j * phase), np.exp(-1j * phase)])
    behind_the_shifter = arms @ coupler.conj().T @ np.array(inputs)
    outputs = coupler @ behind_the_shifter
    assert np.abs(outputs.imag).max() < 1e-12  # real fields stay real
    back_there = coupler.T @ np.array(errors)
    joined = behind_the_shifter[0] + 1j * back_there[1]
    forward, backward = outputs.real.reshape(1, 2, 1), np.array(errors).reshape(1, 2, 1)
    assert both_intensity(forward, backward)[0] == pytest.approx(abs(joined) ** 2, abs=1e-12)
    assert lone_intensity(forward)[0] == pytest.approx(abs(behind_the_shifter[0]) ** 2, abs=1e-12)
    assert lone_intensity(backward)[0] == pytest.approx(abs(back_there[1]) ** 2, abs=1e-12)


def test_devices_that_are_not_watched_change_nothing() -> None:
    layer, phases = layer_of((6, 4), "thin", "ccw")
    light = numbers(6, 3)
    few = np.array([1, layer.sigma_first, layer.devices - 1])
    all_seen = pass_light(layer, phases, LOSS, np.arange(layer.devices), light)
    some = pass_light(layer, phases, LOSS, few, light)
    np.testing.assert_array_equal(some.seen, all_seen.seen[few])
    np.testing.assert_array_equal(some.columns, all_seen.columns)


def test_taps_take_their_part_of_the_power() -> None:
    assert tap_amplitude(0.19) ** 2 == pytest.approx(0.81, rel=1e-15)


def test_shot_noise_is_that_of_counted_electrons() -> None:
    exposure = Exposure.of(4e-9, 0.02, 0.8, samples=12, wavelengths=5, averages=7, symbol_rate_hz=1e6)
    power_w, seconds = 0.5 * 0.02 * 4e-9 * 1.5, 7 * 12 / 1e6
    counted = 0.8 * power_w * seconds / ELECTRON_CHARGE_C
    draws = stream(0, "tests/electrons").poisson(counted, 100_000) / counted * 1.5
    variance = intensity_variance(np.array([1.5]), exposure, True, 0.0)[0]
    assert draws.var() == pytest.approx(variance, rel=0.03)


def test_thermal_noise_is_that_of_white_noise_integrated_over_the_symbols() -> None:
    """Twelve samples of five wavelengths at a time take three symbols, each sent seven times."""
    exposure = Exposure.of(4e-9, 0.02, 0.8, samples=12, wavelengths=5, averages=7, symbol_rate_hz=1e6)
    assert exposure.seconds == pytest.approx(3 * 7 / 1e6, rel=1e-12)
    density, sampling_hz = 1e-12, 1e8
    count = round(exposure.seconds * sampling_hz)
    noise = stream(0, "tests/amplifier").standard_normal((4000, count)) * density * np.sqrt(sampling_hz / 2)
    charge = noise.sum(axis=1) / sampling_hz
    variance = intensity_variance(np.zeros(1), exposure, True, density)[0]
    assert charge.var() / exposure.charge_c**2 == pytest.approx(variance, rel=0.1)


def test_monitors_without_noise_need_no_light_and_others_say_so() -> None:
    dark = Exposure.of(1e-6, 0.0, 1.0, 8, 8, 1, 1e9)
    assert intensity_variance(np.ones(2), dark, False, 0.0).tolist() == [0.0, 0.0]
    with pytest.raises(PhysicsError, match="tapped_fraction"):
        intensity_variance(np.ones(2), dark, True, 0.0)


def test_thermal_noise_alone_is_the_same_for_every_heater() -> None:
    exposure = Exposure.of(4e-9, 0.02, 0.8, samples=12, wavelengths=5, averages=7, symbol_rate_hz=1e6)
    found = intensity_variance(np.array([0.0, 1.5]), exposure, False, 1e-12)
    assert found.shape == (2,)
    assert found[0] == found[1] > 0
