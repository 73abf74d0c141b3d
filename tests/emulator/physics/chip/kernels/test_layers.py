"""Readings of the whole chip against rotator-by-rotator light and against plain linear algebra with clips."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from emulator.instruments.chip.config import ChipConfig, HeaterConfig, LaserConfig, MeshConfig, ReceiverConfig
from emulator.instruments.chip.state import ChipCore, Design
from emulator.physics.chip.kernels.layers import ReceiverParameters, forward_plain
from emulator.physics.chip.kernels.tape import LayerMap, propagate_plain
from emulator.physics.gaussian import normals
from emulator.streams import stream
from tests.builders import EXACT, QUIET, ideal_chip, random_batch, random_design, weights

Floats = NDArray[np.float64]
NOISY = ReceiverConfig(shot_noise=True, thermal_noise_a_per_sqrt_hz=2e-10, adc_bits=0)
LIVELY = HeaterConfig(sigma_gamma=2e-3, omega=0.02, dynamics="dynamic", substrate_coupling=1e-4)


def with_gains(core: ChipCore) -> tuple[LayerMap, ...]:
    """Return the layers with each receiver's gain put on the attenuators: it undoes the loss in the mean."""
    layers, first = [], 0
    for layer in core.layers:
        phases = core.design.phases()[first : first + layer.devices]
        unit = np.eye(layer.inputs)
        full, lossy = (propagate_plain(unit, layer, phases, loss) for loss in (1.0, core.loss_amplitude))
        sense = layer.sense.copy()
        sense[layer.sigma_first : layer.u_first] *= np.linalg.norm(full) / np.linalg.norm(lossy)
        layers.append(replace(layer, sense=sense))
        first += layer.devices
    return tuple(layers)


def exercise(core: ChipCore, inputs: Floats, drives: int, checked_every: int) -> None:
    """Drive heaters, at random or in order, read after each drive, and hold every n-th reading against the oracle.

    The batch is loaded anew from time to time, which makes the rests of the layers.
    """
    layers = with_gains(core)
    rng = stream(0, "tests/exercise")
    active = np.flatnonzero(core.design.active)
    core.load(inputs)
    for draw in range(drives):
        if draw % 40 == 39:
            inputs = inputs[::-1]
            core.load(inputs)
        count = 1 if draw % 5 else int(rng.integers(1, min(active.size, 5) + 1))
        in_order = active[draw % 40 * active.size // 40 :][:count] if draw % 80 >= 40 else active
        core.drive(
            rng.choice(in_order, min(count, in_order.size), replace=False),
            rng.uniform(-7, 14, min(count, in_order.size)),
            int(rng.integers(0, 4_000_000)),
        )
        outputs, saturated, total = core.read(draw, int(rng.integers(0, 2_000_000)))
        if draw % checked_every == 0 or draw == drives - 1:
            plain = forward_plain(
                inputs, layers, core.phases(), core.receivers, core.loss_amplitude, draw, core.receiver_key
            )
            # Light alone agrees to 1e-10; the kernel's spread of noise is rounded to single precision.
            np.testing.assert_allclose(outputs, plain, rtol=0, atol=1e-9)
            assert saturated == 0
            assert total == pytest.approx(outputs.sum(), abs=1e-9)


@pytest.mark.parametrize("samples", [1, 31, 32, 33, 100])
@pytest.mark.parametrize("dynamics", ["instant", "dynamic"])
def test_hundreds_of_drives_leave_readings_equal_to_light_sent_rotator_by_rotator(
    samples: int, dynamics: Literal["instant", "dynamic"]
) -> None:
    heaters = HeaterConfig(sigma_gamma=2e-3, omega=0.02, dynamics=dynamics)
    core = ChipCore(ideal_chip(heaters), random_design((9, 8, 7, 4), samples, active=0.6), samples)
    exercise(core, random_batch(samples, 9).inputs, drives=300, checked_every=30)


@pytest.mark.parametrize("sizes", [(40, 35, 3), (3, 33, 2), (64, 24, 24, 10), (33, 65), (1, 1), (2, 1, 2)])
def test_readings_of_wide_narrow_and_deep_chips_equal_the_plain_ones(sizes: tuple[int, ...]) -> None:
    core = ChipCore(ideal_chip(LIVELY), random_design(sizes, 1), 1)
    exercise(core, random_batch(33, sizes[0]).inputs, drives=100, checked_every=33)


@pytest.mark.parametrize("shape", ["thin", "square"])
@pytest.mark.parametrize("rotation", ["ccw", "cw"])
@pytest.mark.parametrize("loss_db", [0.0, 0.4])
def test_readings_of_every_mesh_with_noise_and_loss_equal_the_plain_ones(
    shape: Literal["thin", "square"], rotation: Literal["ccw", "cw"], loss_db: float
) -> None:
    mesh = MeshConfig(shape=shape, rotation=rotation, insertion_loss_db=loss_db)
    core = ChipCore(ideal_chip(LIVELY, mesh, NOISY), random_design((7, 9, 5), 2, mesh, active=0.5), 2)
    assert min(receiver.constant for receiver in core.receivers) > 1e-9
    exercise(core, random_batch(40, 7).inputs, drives=120, checked_every=20)


def clipped_product(matrices: list[Floats], inputs: Floats, clip: float = 4.0) -> Floats:
    signal = inputs.T
    for matrix in matrices[:-1]:
        signal = np.clip(matrix @ signal, 0.0, clip)
    return np.asarray((matrices[-1] @ signal).T)


@pytest.mark.parametrize("sizes", [(6, 4), (8, 16, 16, 4), (64, 24, 24, 10)])
def test_an_ideal_chip_is_exact_linear_algebra_with_a_clipped_relu(sizes: tuple[int, ...]) -> None:
    core = ChipCore(ideal_chip(), random_design(sizes, 3), 0)
    inputs = 12 * random_batch(33, sizes[0]).inputs
    core.load(inputs)
    outputs, saturated, _ = core.read(0, 0)
    expected = clipped_product(weights(sizes, 3), inputs)
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-10)
    assert saturated == 0
    if len(sizes) > 2:
        assert np.abs(expected - clipped_product(weights(sizes, 3), inputs, 1e9)).max() > 0.1


def test_a_reading_does_not_depend_on_what_else_is_in_the_batch() -> None:
    core = ChipCore(ideal_chip(), random_design((6, 5, 3), 4), 0)
    inputs = random_batch(70, 6).inputs
    core.load(inputs)
    together = core.read(0, 0)[0]
    for sample in (0, 31, 32, 69):
        core.load(inputs[sample : sample + 1])
        np.testing.assert_allclose(core.read(0, 0)[0][0], together[sample], rtol=0, atol=1e-13)


def test_noise_belongs_to_the_draw_and_to_nothing_else() -> None:
    core = ChipCore(ideal_chip(receiver=NOISY), random_design((6, 5, 3), 5), 5)
    core.load(random_batch(8, 6).inputs)
    first, second, again = (core.read(draw, 0)[0] for draw in (3, 4, 3))
    np.testing.assert_array_equal(first, again)
    assert (first != second).all()


def identity_chip(config: ChipConfig, modes: int = 4) -> ChipCore:
    """Return a chip of one layer that passes its inputs on unchanged."""
    sizes = (modes, modes)
    design = random_design(sizes, 0)
    flat = replace(
        design.layers[0],
        v=np.zeros_like(design.layers[0].v),
        u=np.zeros_like(design.layers[0].u),
        sigma=np.full(modes, np.arccos(1 / config.mesh.sigma_max)),
        signs=np.ones(modes),
    )
    return ChipCore(config, Design((flat,), design.active), 0)


def test_the_adc_is_symmetric_exact_at_zero_and_saturates_at_its_full_scale() -> None:
    core = identity_chip(
        ideal_chip(receiver=QUIET.model_copy(update={"adc_bits": 8, "full_scale_output": 16.0}))
    )
    step = 16.0 / 127
    inputs = stream(0, "tests/adc").uniform(-20, 20, (64, 4))
    inputs[0] = 0.0
    core.load(inputs)
    outputs, saturated, _ = core.read(0, 0)
    np.testing.assert_array_equal(outputs[0], 0.0)
    within = np.abs(inputs) <= 16.0
    assert (np.abs(outputs - inputs)[within] <= step / 2 * (1 + 1e-9)).all()
    np.testing.assert_allclose(outputs[~within], 16.0 * np.sign(inputs[~within]), rtol=1e-14)
    np.testing.assert_allclose(outputs / step, np.round(outputs / step), rtol=0, atol=1e-9)
    assert saturated == (~within).sum() > 0
    core.load(-inputs)
    np.testing.assert_array_equal(core.read(0, 0)[0], -outputs)
    core.load(outputs)
    np.testing.assert_array_equal(core.read(0, 0)[0], outputs)


def test_modulators_round_to_their_codes_between_layers_and_at_the_input() -> None:
    config = ideal_chip().model_copy(update={"inputs": ideal_chip().inputs.model_copy(update={"bits": 3})})
    sizes = (5, 4, 3)
    core = ChipCore(config, random_design(sizes, 6), 0)
    inputs = 4 * random_batch(16, 5).inputs
    core.load(inputs)
    first, second = weights(sizes, 6)
    lsb = 4.0 / 7
    hidden = np.clip(first @ (np.round(inputs.T / lsb) * lsb), 0, 4)
    expected = (second @ (np.round(hidden / lsb) * lsb)).T
    np.testing.assert_allclose(core.read(0, 0)[0], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("averages", [1, 16])
def test_the_spread_of_readings_is_that_of_the_receiver_and_falls_with_averages(averages: int) -> None:
    receiver = NOISY.model_copy(update={"averages": averages})
    config = ideal_chip(receiver=receiver).model_copy(
        update={"laser": LaserConfig(power_w_per_wavelength=0.01)}
    )
    core = identity_chip(config)
    inputs = np.tile([0.0, 0.5, 2.0, 4.0], (1000, 1))
    core.load(inputs)
    readings = np.concatenate([core.read(draw, 0)[0] for draw in range(20)])
    single = receiver.model_copy(update={"averages": 1})
    alone = identity_chip(config.model_copy(update={"receiver": single})).receivers[0]
    variance = (alone.constant + alone.per_square * inputs[0] ** 2) / averages
    np.testing.assert_allclose(
        readings.mean(axis=0), inputs[0], rtol=0, atol=5 * np.sqrt(variance.max() / 20_000)
    )
    np.testing.assert_allclose(readings.var(axis=0), variance, rtol=5 * np.sqrt(2 / 20_000))


def test_the_plain_reading_is_the_formula_of_its_docstring() -> None:
    core = identity_chip(ideal_chip())
    receiver = ReceiverParameters(0.01, 0.02, full_scale=2.0, step=0.5, low=0.0, high=1.6, input_step=0.3)
    inputs = stream(1, "tests/plain").uniform(-3, 3, (32, 4))
    plain = forward_plain(inputs, core.layers, core.phases(), (receiver,), 1.0, 7, (1, 2))
    noise = normals(128, 7, (1, 2)).reshape(4, 32).T
    noisy = inputs + np.sqrt(0.01 + 0.02 * inputs**2) * noise
    converted = np.floor(np.clip(noisy, -2.0, 2.0) / 0.5 + 0.5) * 0.5
    modulated = np.floor(np.clip(converted, 0.0, 1.6) / 0.3 + 0.5) * 0.3
    np.testing.assert_allclose(plain, modulated, rtol=0, atol=1e-12)


def test_the_gain_of_a_lossy_chip_restores_the_norm_of_its_matrices() -> None:
    mesh = MeshConfig(insertion_loss_db=0.3)
    core = ChipCore(ideal_chip(EXACT, mesh), random_design((6, 4), 7, mesh), 0)
    core.load(np.eye(6))
    restored = core.read(0, 0)[0].T
    wanted = weights((6, 4), 7)[0]
    assert np.linalg.norm(restored) == pytest.approx(np.linalg.norm(wanted), rel=1e-10)
    assert np.abs(restored - wanted).max() > 0.01


def test_only_conversions_that_exist_are_counted_as_saturated() -> None:
    loud = ReceiverConfig(shot_noise=False, thermal_noise_a_per_sqrt_hz=1e-3, adc_bits=8)
    core = ChipCore(ideal_chip(receiver=loud), random_design((6, 5, 3), 0), 0)
    core.load(random_batch(1, 6).inputs)
    assert core.read(0, 0)[1] <= 5 + 3
