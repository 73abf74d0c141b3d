"""A chip of convolutions against torch's, and against light sent rotator by rotator."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from emulator.instruments.chip.config import ChipConfig, HeaterConfig, InputConfig, MeshConfig, ReceiverConfig
from emulator.instruments.chip.memory import memory
from emulator.instruments.chip.state import ChipCore
from emulator.instruments.chip.timing import LIGHT, chip_plan
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Scale
from emulator.physics.chip.kernels.arena import make_tape, tape_bytes
from emulator.physics.chip.kernels.layers import forward_plain
from emulator.physics.chip.mesh import Shape
from emulator.physics.chip.patches import Patches
from emulator.streams import stream
from tests.builders import EXACT, QUIET, ideal_chip, picture_design

Floats = NDArray[np.float64]

IMAGE = (2, 9, 8)
FEEDS = (
    Patches(2, 9, 8, (3, 3), stride=2, padding=1),
    Patches(5, 5, 4, (3, 3), stride=2, padding=1),
    Patches.whole(4, 3, 2),
    Patches.vector(6),
)
OUTPUTS = (5, 4, 6, 3)
POOLED = (FEEDS[0], Patches(5, 5, 4, (2, 2), pool=2), Patches.whole(40, 1, 1))
NOISY = ReceiverConfig(shot_noise=True, thermal_noise_a_per_sqrt_hz=2e-10, adc_bits=0)


def pictures(samples: int, key: int = 0) -> Floats:
    return stream(key, "tests/pictures").random((samples, int(np.prod(IMAGE))))


def convolved(matrices: list[Floats], inputs: Floats) -> Floats:
    """Return what the network of FEEDS gives, by torch's own convolutions."""
    signal = torch.tensor(inputs.reshape(len(inputs), *IMAGE))
    for matrix, channels in zip(matrices[:2], (2, 5), strict=True):
        kernels = torch.tensor(matrix.reshape(len(matrix), channels, 3, 3))
        signal = torch.nn.functional.conv2d(signal, kernels, stride=2, padding=1).clamp(0.0, 4.0)
    flat = (signal.flatten(1) @ torch.tensor(matrices[2].T)).clamp(0.0, 4.0)
    return np.asarray((flat @ torch.tensor(matrices[3].T)).numpy())


@pytest.mark.parametrize("samples", [1, 32, 45])
@pytest.mark.parametrize("shape", ["thin", "square"])
def test_an_ideal_chip_is_torch_s_convolutions(samples: int, shape: Shape) -> None:
    design, matrices = picture_design(IMAGE, FEEDS, OUTPUTS, mesh=(mesh := MeshConfig(shape=shape)))
    core, inputs = ChipCore(ideal_chip(EXACT, mesh), design, 0), 3 * pictures(samples)
    core.load(inputs)
    outputs, saturated, total = core.read(0, 0)
    np.testing.assert_allclose(outputs, convolved(matrices, inputs), rtol=0, atol=1e-12)
    assert saturated == 0
    assert total == pytest.approx(outputs.sum())
    np.testing.assert_allclose(core.observe(inputs, 0, 0), outputs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("samples", [3, 40])
@pytest.mark.parametrize(("feeds", "outputs"), [(FEEDS, OUTPUTS), (POOLED, (5, 40, 3))])
def test_drives_of_a_noisy_chip_leave_readings_equal_to_light_sent_rotator_by_rotator(
    feeds: tuple[Patches, ...], outputs: tuple[int, ...], samples: int
) -> None:
    heaters = HeaterConfig(sigma_gamma=2e-3, omega=0.02, dynamics="dynamic")
    design, _ = picture_design(IMAGE, feeds, outputs, active=0.5)
    core, rng, inputs = (
        ChipCore(ideal_chip(heaters, receiver=NOISY), design, 1),
        stream(0, "test"),
        pictures(samples),
    )
    active = np.flatnonzero(design.active)
    for draw in range(60):
        if draw % 25 == 0:
            inputs = inputs[::-1]
            core.load(inputs)
        chosen = rng.choice(active, 1 + draw % 3, replace=False)
        core.drive(chosen, rng.uniform(0, 6, chosen.size), 1_000_000)
        read, saturated, _ = core.read(draw, int(rng.integers(0, 2_000_000)))
        if draw % 6 == 0:
            plain = forward_plain(
                inputs, core.layers, core.phases(), core.receivers, 1.0, draw, core.receiver_key
            )
            # The kernel's spread of noise, which is large here, is rounded to single precision.
            np.testing.assert_allclose(read, plain, rtol=0, atol=1e-8)
            assert saturated == 0


def test_averages_that_go_on_light_again_are_rounded_once() -> None:
    feeds = (Patches(1, 4, 4), Patches.whole(1, 4, 4, pool=2))
    design, matrices = picture_design((1, 4, 4), feeds, (1, 2))
    config = ideal_chip().model_copy(update={"inputs": InputConfig(bits=3)})
    core, inputs = ChipCore(config, design, 0), stream(0, "test").random((4, 16))
    core.load(inputs)
    lsb = 4.0 / 7
    hidden = np.clip(matrices[0][0, 0] * np.round(inputs / lsb) * lsb, 0, 4).reshape(4, 2, 2, 2, 2)
    averages = np.floor(hidden.mean(axis=(2, 4)).reshape(4, 4) / lsb + 0.5) * lsb
    np.testing.assert_allclose(core.read(0, 0)[0], averages @ matrices[1].T, rtol=0, atol=1e-12)


def test_an_observer_that_looks_in_parts_sees_what_one_that_looks_at_once_would() -> None:
    feeds = (Patches(1, 16, 16, (3, 3), padding=1), Patches.whole(2, 16, 16))
    design, _ = picture_design((1, 16, 16), feeds, (2, 3))
    core, inputs = ChipCore(ideal_chip(), design, 0), stream(0, "test").random((300, 256))
    core.load(inputs)
    np.testing.assert_allclose(core.observe(inputs, 0, 0), core.read(0, 0)[0], rtol=0, atol=1e-12)
    noisy = ChipCore(ideal_chip(receiver=NOISY), design, 0)
    twice = noisy.observe(np.concatenate([inputs[:256], inputs[:44]]), 0, 0)
    assert (twice[:44] != twice[256:]).any()  # parts have noise of their own


@pytest.mark.parametrize("checkpoints", [True, False])
def test_the_light_of_patches_takes_as_many_bytes_as_were_foretold(checkpoints: bool) -> None:
    design, matrices = picture_design(IMAGE, FEEDS, OUTPUTS)
    layers = ChipCore(ideal_chip(), design, 0).layers
    tape = make_tape(layers, np.ascontiguousarray(pictures(40).T), checkpoints)
    parts = (tape.light, tape.activations, tape.terms, tape.sums, tape.middle, tape.noise, tape.patch)
    shapes = [matrix.shape for matrix in matrices]
    foretold = tape_bytes(shapes, 40, "thin", checkpoints, FEEDS)
    assert sum(part.nbytes for part in parts) == foretold
    scale = Scale(tuple(shapes), batch=40, watched=40, feeds=FEEDS)
    assert sum(memory(ChipConfig(), scale).values()) > foretold


def test_time_follows_from_the_symbols_of_every_layer() -> None:
    config, host = ideal_chip(), HostConfig()
    work = {"samples": 20, "upload": 1, "modes": 144, "classes": 3, "layers": 3}
    patches = {"patches_0": 20, "patches_1": 6, "patches_2": 1}
    whole, single = (
        {step[:2]: step.ps for step in chip_plan(config, host, "forward", each).steps}
        for each in (work | patches, work)
    )
    colours, rate_hz = config.inputs.wavelengths, config.inputs.symbol_rate_hz
    symbols = sum(-(-20 * count // colours) for count in patches.values()) * config.receiver.averages
    assert whole[LIGHT] == round(symbols / rate_hz * 1e12)
    assert single[LIGHT] == round(3 * -(-20 // colours) * config.receiver.averages / rate_hz * 1e12)
    assert {name: ps for name, ps in whole.items() if name != LIGHT} == {
        name: ps for name, ps in single.items() if name != LIGHT
    }


def test_a_chip_that_is_quiet_gives_the_same_bits_for_a_sample_wherever_it_stands() -> None:
    design, _ = picture_design(IMAGE, FEEDS, OUTPUTS)
    core, inputs = ChipCore(ideal_chip(receiver=QUIET), design, 0), pictures(70)
    core.load(inputs)
    together = core.read(0, 0)[0]
    for first, last in pairwise((0, 31, 33, 70)):
        core.load(inputs[first:last])
        np.testing.assert_array_equal(core.read(0, 0)[0], together[first:last])
