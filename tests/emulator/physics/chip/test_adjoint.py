"""Derivatives of a mesh network against finite differences, dense matrices and the chip's own readings."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.instruments.chip.config import HeaterConfig, MeshConfig
from emulator.instruments.chip.state import ChipCore, Design
from emulator.physics.chip.adjoint import MeshNetwork, forward, nominal_network, pull_back, push_forward
from emulator.physics.chip.mesh import reconstruct_matrix
from emulator.physics.chip.patches import Patches
from emulator.streams import stream
from tests.builders import EXACT, ideal_chip, picture_design, random_design, weights

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

SIZES = (7, 5, 6, 3)
MESHES = [
    MeshConfig(),
    MeshConfig(shape="square"),
    MeshConfig(rotation="cw", insertion_loss_db=0.2),
    MeshConfig(shape="square", rotation="cw", insertion_loss_db=0.5),
]
every_mesh = pytest.mark.parametrize(
    "mesh", MESHES, ids=[f"{m.shape} {m.rotation} {m.insertion_loss_db:g} dB" for m in MESHES]
)
few_and_many = pytest.mark.parametrize("samples", [3, 40])
"""Fewer samples than waveguides, which pass the layers themselves, and more."""


def network_of(
    design: Design, mesh: MeshConfig, clip: float = 4.0, full_scale: float = np.inf
) -> MeshNetwork:
    return nominal_network(
        design.layers, mesh.sigma_max, mesh.shape, mesh.rotation, mesh.insertion_loss_db, clip, full_scale
    )


def drawn(network: MeshNetwork, samples: int, seed: int = 0) -> tuple[Floats, Floats, Floats, Floats]:
    """Return phases, inputs, steps of the phases and errors of the outputs, all at random."""
    rng = stream(seed, "tests/adjoint")
    return (
        rng.uniform(0, 2 * np.pi, network.devices),
        rng.uniform(0, 2, (samples, network.layers[0].inputs)),
        rng.standard_normal(network.devices),
        rng.standard_normal((samples, network.outputs)),
    )


@every_mesh
@few_and_many
def test_the_network_reads_what_a_chip_without_noise_reads(mesh: MeshConfig, samples: int) -> None:
    design = random_design(SIZES, 1, mesh)
    core = ChipCore(ideal_chip(EXACT, mesh), design, 0)
    network = network_of(design, mesh, core.config.activation_clip)
    phases, inputs, _, _ = drawn(network, samples)
    core.drive(np.arange(phases.size), phases, 0)
    core.load(inputs)
    read, _, _ = core.read(0, 0)
    assert np.abs(read).max() > 0.1
    np.testing.assert_allclose(forward(network, core.phases(), inputs).outputs, read, rtol=0, atol=1e-12)


def test_a_chip_whose_phases_have_errors_is_read_alike_at_those_phases() -> None:
    design = random_design((64, 24, 24, 10), 2, active=0.15)
    core = ChipCore(ideal_chip(HeaterConfig()), design, 3)
    network = network_of(design, core.config.mesh)
    inputs = stream(2, "tests/inputs").random((64, 64))
    core.load(inputs)
    read, _, _ = core.read(0, 0)
    np.testing.assert_allclose(forward(network, core.phases(), inputs).outputs, read, rtol=0, atol=1e-12)
    assert np.abs(core.phases() - design.phases()).max() > 0.1


def test_the_design_phases_give_the_weights_that_were_deployed() -> None:
    matrices = weights(SIZES, 4)
    network = network_of(random_design(SIZES, 4), MeshConfig())
    signal = stream(4, "tests/inputs").random((50, SIZES[0]))
    found = forward(network, random_design(SIZES, 4).phases(), signal).outputs
    for index, matrix in enumerate(matrices):
        signal = signal @ matrix.T
        signal = signal if index == len(matrices) - 1 else np.clip(signal, 0.0, 4.0)
    np.testing.assert_allclose(found, signal, rtol=0, atol=1e-12)


@every_mesh
@few_and_many
def test_the_gradient_is_what_finite_differences_find(mesh: MeshConfig, samples: int) -> None:
    network = network_of(random_design(SIZES, 5, mesh), mesh)
    phases, inputs, _, errors = drawn(network, samples, 5)
    found = pull_back(network, forward(network, phases, inputs), errors)
    for device in range(network.devices):
        step = np.zeros(network.devices)
        step[device] = 1e-5
        ahead, behind = (forward(network, phases + sign * step, inputs).outputs for sign in (1, -1))
        expected = float(np.sum(errors * (ahead - behind))) / 2e-5
        assert found[device] == pytest.approx(expected, rel=1e-6, abs=1e-6)


@every_mesh
@few_and_many
def test_the_change_of_the_outputs_is_what_finite_differences_find(mesh: MeshConfig, samples: int) -> None:
    network = network_of(random_design(SIZES, 6, mesh), mesh)
    phases, inputs, steps, _ = drawn(network, samples, 6)
    found = push_forward(network, forward(network, phases, inputs), steps)
    ahead, behind = (forward(network, phases + sign * 1e-6 * steps, inputs).outputs for sign in (1, -1))
    np.testing.assert_allclose(found, (ahead - behind) / 2e-6, rtol=0, atol=1e-6)


def dense_jacobian(design: Design, inputs: Floats) -> Floats:
    """Return the Jacobian (samples, outputs, devices) of a thin mesh: whole matrices, complex steps of phases."""
    phases, tiny = design.phases(), 1e-30
    columns = []
    for device in range(phases.size):
        moved = phases.astype(np.complex128)
        moved[device] += 1j * tiny
        signal, first = inputs.astype(np.complex128), 0
        for index, layer in enumerate(design.layers):
            outputs, modes = layer.shape
            rank, count = min(layer.shape), layer.count
            own = moved[first : first + count]
            v, s, u = np.split(own, [layer.v.size, layer.v.size + rank])
            pairs = [(i, p) for i in range(rank) for p in range(modes - 2, i - 1, -1)]
            right = chained(np.eye(modes, dtype=np.complex128), pairs, v, 1.0)[:rank]
            pairs = [(i, p) for i in range(rank) for p in range(outputs - 2, i - 1, -1)][::-1]
            left = chained(np.eye(outputs, dtype=np.complex128), pairs, u, -1.0)[:, :rank]
            signal = signal @ (left @ np.diag(3.0 * layer.signs * np.cos(s)) @ right).T
            if index < len(design.layers) - 1:
                signal = np.where((signal.real > 0) & (signal.real < 4), signal, np.clip(signal.real, 0, 4))
            first += count
        columns.append(signal.imag / tiny)
    return np.stack(columns, axis=-1)


def chained(matrix: Complex, pairs: list[tuple[int, int]], phases: Complex, sense: float) -> Complex:
    for (_, top), phase in zip(pairs, phases, strict=True):
        turn = np.eye(len(matrix), dtype=np.complex128)
        turn[top : top + 2, top : top + 2] = [
            [np.cos(phase), -sense * np.sin(phase)],
            [sense * np.sin(phase), np.cos(phase)],
        ]
        matrix = turn @ matrix
    return matrix


@few_and_many
def test_both_products_are_those_of_the_dense_jacobian(samples: int) -> None:
    design = random_design(SIZES, 7)
    network = network_of(design, MeshConfig())
    _, inputs, steps, errors = drawn(network, samples, 7)
    jacobian = dense_jacobian(design, inputs)
    at = forward(network, design.phases(), inputs)
    np.testing.assert_allclose(push_forward(network, at, steps), jacobian @ steps, rtol=0, atol=1e-11)
    expected = np.einsum("so,sod->d", errors, jacobian)
    np.testing.assert_allclose(pull_back(network, at, errors), expected, rtol=0, atol=1e-11)


@given(
    st.integers(0, 10_000),
    st.integers(1, 40),
    st.sampled_from(MESHES),
    st.lists(st.integers(1, 9), min_size=2, max_size=4),
)
@settings(max_examples=30, deadline=None)
def test_pulling_back_is_the_transpose_of_pushing_forward(
    seed: int, samples: int, mesh: MeshConfig, sizes: list[int]
) -> None:
    network = network_of(random_design(sizes, seed, mesh), mesh, clip=1.0, full_scale=2.0)
    phases, inputs, steps, errors = drawn(network, samples, seed)
    at = forward(network, phases, inputs)
    ahead = float(np.sum(push_forward(network, at, steps) * errors))
    assert float(pull_back(network, at, errors) @ steps) == pytest.approx(ahead, rel=1e-9, abs=1e-9)


PICTURE = (2, 7, 6)
BY_PATCHES = (
    Patches(2, 7, 6, (3, 3), stride=2, padding=1),
    Patches(4, 4, 3, (2, 1)),
    Patches.whole(3, 3, 3, pool=2),
    Patches.vector(5),
)


def convolutions(samples: int, mesh: MeshConfig) -> tuple[ChipCore, MeshNetwork, Floats]:
    """Return a chip whose layers take patches, one of them of averages, its network, and pictures for it."""
    design, _ = picture_design(PICTURE, BY_PATCHES, (4, 3, 5, 3), mesh=mesh)
    core = ChipCore(ideal_chip(EXACT, mesh), design, 0)
    network = replace(network_of(design, mesh, clip=core.config.activation_clip), feeds=design.feeds)
    return core, network, stream(samples, "tests/pictures").random((samples, int(np.prod(PICTURE))))


@few_and_many
@every_mesh
def test_a_network_of_convolutions_reads_what_the_chip_reads(mesh: MeshConfig, samples: int) -> None:
    core, network, pictures = convolutions(samples, mesh)
    phases = stream(1, "tests/adjoint").uniform(0, 2 * np.pi, network.devices)
    core.drive(np.arange(phases.size), phases, 0)
    core.load(pictures)
    read, _, _ = core.read(0, 0)
    assert np.ptp(read) > 0.1
    np.testing.assert_allclose(forward(network, core.phases(), pictures).outputs, read, rtol=0, atol=1e-12)


@few_and_many
def test_derivatives_of_convolutions_are_what_finite_differences_find(samples: int) -> None:
    core, network, pictures = convolutions(samples, MeshConfig(insertion_loss_db=0.2))
    rng, phases = stream(2, "tests/adjoint"), core.design.phases()
    steps, errors = rng.standard_normal(network.devices), rng.standard_normal((samples, network.outputs))
    at = forward(network, phases, pictures)
    pushed, pulled = push_forward(network, at, steps), pull_back(network, at, errors)
    ahead, behind = (forward(network, phases + sign * 1e-6 * steps, pictures).outputs for sign in (1, -1))
    np.testing.assert_allclose(pushed, (ahead - behind) / 2e-6, rtol=0, atol=1e-5)
    assert float(pulled @ steps) == pytest.approx(float(np.sum(pushed * errors)), rel=1e-9)
    for device in rng.choice(network.devices, 20, replace=False).tolist():
        step = np.zeros(network.devices)
        step[device] = 1e-6
        ahead, behind = (forward(network, phases + sign * step, pictures).outputs for sign in (1, -1))
        expected = float(np.sum(errors * (ahead - behind))) / 2e-6
        assert pulled[device] == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_what_is_clipped_moves_nothing() -> None:
    design = random_design((4, 3), 8)
    network = network_of(design, MeshConfig(), full_scale=1e-9)
    _, inputs, steps, errors = drawn(network, 6, 8)
    at = forward(network, design.phases(), inputs)
    assert np.abs(at.outputs).max() == 1e-9
    assert not push_forward(network, at, steps).any()
    assert not pull_back(network, at, errors).any()


def test_derivatives_are_taken_again_and_again_from_one_pass() -> None:
    network = network_of(random_design(SIZES, 9), MeshConfig())
    phases, inputs, steps, errors = drawn(network, 40, 9)
    at = forward(network, phases, inputs)
    once = push_forward(network, at, steps), pull_back(network, at, errors)
    again = push_forward(network, at, steps), pull_back(network, at, errors)
    np.testing.assert_array_equal(once[0], again[0])
    np.testing.assert_array_equal(once[1], again[1])


def test_layers_of_one_waveguide_are_networks_too() -> None:
    for sizes in pairwise((1, 1, 4, 1)):
        network = network_of(random_design(sizes, 10), MeshConfig())
        phases, inputs, steps, errors = drawn(network, 5, 10)
        at = forward(network, phases, inputs)
        ahead = float(np.sum(push_forward(network, at, steps) * errors))
        assert float(pull_back(network, at, errors) @ steps) == pytest.approx(ahead)


@pytest.mark.parametrize(("phases", "modes"), [(1, 7), (0, 6)])
def test_what_does_not_fit_is_refused(phases: int, modes: int) -> None:
    network = network_of(random_design(SIZES, 11), MeshConfig())
    with pytest.raises(PhysicsError, match="do not fit a network of"):
        forward(network, np.zeros(network.devices + phases), np.zeros((2, modes)))


def test_the_layers_of_a_square_mesh_are_those_of_the_reconstruction() -> None:
    mesh = MeshConfig(shape="square", rotation="cw")
    design = random_design((5, 4), 12, mesh)
    network = network_of(design, mesh)
    found = forward(network, design.phases(), np.eye(5)).outputs.T
    np.testing.assert_allclose(
        found, reconstruct_matrix(design.layers[0], 3.0, "square", "cw"), rtol=0, atol=1e-12
    )
