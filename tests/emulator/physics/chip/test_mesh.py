"""Reck triangles against dense algebra: counts, ranges, signs, and the paper's Eqs. 1-2 word for word."""

from itertools import pairwise
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.physics.chip.mesh import (
    LayerPhases,
    decompose_matrix,
    decompose_rows,
    idle_rotators,
    reconstruct_matrix,
    reconstruct_rows,
    triangle,
)
from emulator.streams import stream

Floats = NDArray[np.float64]
SIGMA_MAX = 3.0
shapes = st.sampled_from(["thin", "square"])
rotations = st.sampled_from(["ccw", "cw"])
sizes = st.integers(1, 12)


def random_matrix(outputs: int, inputs: int, seed: int, largest: float = 2.9) -> Floats:
    matrix = stream(seed, "tests/mesh").standard_normal((outputs, inputs))
    return np.asarray(matrix * (largest / np.linalg.norm(matrix, 2)))


def haar(size: int, seed: int) -> Floats:
    """Draw an orthogonal matrix from the Haar measure: QR with the signs of R taken out."""
    q, r = np.linalg.qr(stream(seed, "tests/haar").standard_normal((size, size)))
    return np.asarray(q * np.sign(np.diagonal(r)))


def rotator(modes: int, top: int, phase: float, rotation: str) -> Floats:
    """Restate Eq. 2: the identity with cos, -sin, sin, cos at the crossing of two adjacent waveguides."""
    matrix = np.eye(modes)
    sin = np.sin(phase) if rotation == "ccw" else -np.sin(phase)
    matrix[top, top], matrix[top, top + 1] = np.cos(phase), -sin
    matrix[top + 1, top], matrix[top + 1, top + 1] = sin, np.cos(phase)
    return matrix


def unitary(phases: Floats, rows: int, modes: int, rotation: str) -> Floats:
    """Restate a triangle as a product of matrices: light passes sweep 0 first, each from the bottom up."""
    product = np.eye(modes)
    order = [top for sweep in range(rows) for top in reversed(range(sweep, modes - 1))]
    for top, phase in zip(order, phases, strict=True):
        product = rotator(modes, top, phase, rotation) @ product
    return product[:rows]


def literal_matrix(layer: LayerPhases, shape: str, rotation: str) -> Floats:
    """Restate Eq. 1: W = U Sigma V*, every factor a matrix."""
    outputs, inputs = layer.shape
    rank = min(outputs, inputs)
    v_rows, u_rows = (rank, rank) if shape == "thin" else (inputs, outputs)
    v = unitary(layer.v, v_rows, inputs, rotation)[:rank]
    u = unitary(layer.u[::-1], u_rows, outputs, rotation)[:rank].T
    return np.asarray(u @ np.diag(layer.signs * SIGMA_MAX * np.cos(layer.sigma)) @ v)


@given(outputs=sizes, inputs=sizes, seed=st.integers(0, 2**32), shape=shapes, rotation=rotations)
def test_the_phases_of_any_matrix_give_the_matrix_back(
    outputs: int,
    inputs: int,
    seed: int,
    shape: Literal["thin", "square"],
    rotation: Literal["ccw", "cw"],
) -> None:
    wanted = random_matrix(outputs, inputs, seed)
    layer = decompose_matrix(wanted, SIGMA_MAX, shape, rotation)
    np.testing.assert_allclose(
        reconstruct_matrix(layer, SIGMA_MAX, shape, rotation), wanted, rtol=0, atol=1e-12
    )
    assert set(layer.signs.tolist()) <= {1.0, -1.0}
    assert (layer.flat() >= 0).all()
    assert (layer.flat() < 2 * np.pi).all()
    thin, square = outputs * inputs, (outputs**2 - outputs + inputs**2 - inputs) // 2 + min(outputs, inputs)
    assert layer.count == (thin if shape == "thin" else square)


@pytest.mark.parametrize("shape", ["thin", "square"])
@pytest.mark.parametrize("rotation", ["ccw", "cw"])
@pytest.mark.parametrize(("outputs", "inputs"), [(1, 1), (1, 5), (5, 1), (4, 4), (3, 7), (7, 3), (24, 64)])
def test_the_mesh_is_the_product_of_matrices_that_the_paper_writes(
    outputs: int, inputs: int, shape: Literal["thin", "square"], rotation: Literal["ccw", "cw"]
) -> None:
    wanted = random_matrix(outputs, inputs, 1)
    layer = decompose_matrix(wanted, SIGMA_MAX, shape, rotation)
    literal = literal_matrix(layer, shape, rotation)
    np.testing.assert_allclose(literal, wanted, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        reconstruct_matrix(layer, SIGMA_MAX, shape, rotation), literal, rtol=0, atol=1e-12
    )


def test_any_phases_make_the_same_matrix_as_the_product_of_matrices() -> None:
    layer = decompose_matrix(random_matrix(5, 8, 2), SIGMA_MAX)
    rng = stream(2, "tests/phases")
    v, sigma, u = (rng.uniform(0, 2 * np.pi, part.size) for part in (layer.v, layer.sigma, layer.u))
    other = LayerPhases(layer.shape, v, sigma, u, layer.signs)
    np.testing.assert_allclose(
        reconstruct_matrix(other, SIGMA_MAX), literal_matrix(other, "thin", "ccw"), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize(
    ("network", "thin", "square"),
    [((64, 24, 24, 10), 2352, 3223), ((8, 16, 16, 4), 448, 542), ((10, 24, 24, 6), 960, 1204)],
)
def test_the_papers_networks_have_the_known_numbers_of_phases(
    network: tuple[int, ...], thin: int, square: int
) -> None:
    pairs = list(pairwise(network))
    for shape, expected in (("thin", thin), ("square", square)):
        layers = [decompose_matrix(random_matrix(m, n, 0), SIGMA_MAX, shape) for n, m in pairs]  # type: ignore[arg-type]
        assert sum(layer.count for layer in layers) == expected


def test_the_sign_of_a_rotator_moves_the_mean_phase_from_4_6_to_1_65_rad() -> None:
    for rotation, expected in (("ccw", 4.6), ("cw", 1.65)):
        phases = np.concatenate([decompose_rows(haar(32, seed), rotation)[0] for seed in range(8)])  # type: ignore[arg-type]
        assert phases.mean() == pytest.approx(expected, abs=0.1)


def test_the_two_signs_of_a_rotator_take_opposite_phases() -> None:
    matrix = haar(9, 0)
    ccw, cw = decompose_rows(matrix, "ccw")[0], decompose_rows(matrix, "cw")[0]
    np.testing.assert_allclose(np.exp(1j * (ccw + cw)), 1.0, rtol=0, atol=1e-12)


@pytest.mark.parametrize("determinant", [1.0, -1.0])
@pytest.mark.parametrize("size", [1, 2, 3, 8, 24])
def test_only_the_last_sign_of_a_full_mesh_carries_the_determinant(size: int, determinant: float) -> None:
    matrix = haar(size, size)
    matrix[-1] *= determinant * np.linalg.det(matrix)
    phases, signs = decompose_rows(matrix)
    assert (signs[:-1] == 1.0).all()
    assert signs[-1] == determinant
    np.testing.assert_allclose(reconstruct_rows(phases, signs, size), matrix, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "matrix", [np.eye(4), -np.eye(4), np.eye(4)[::-1], np.zeros((3, 5)), np.ones((5, 3)) / 2]
)
def test_matrices_with_zeros_and_equal_singular_values_are_realised(matrix: Floats) -> None:
    layer = decompose_matrix(matrix.copy(), SIGMA_MAX)
    np.testing.assert_allclose(reconstruct_matrix(layer, SIGMA_MAX), matrix, rtol=0, atol=1e-12)


def test_a_tiny_negative_angle_wraps_below_two_pi() -> None:
    angle = -1e-18
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for rotation in ("ccw", "cw"):
        assert decompose_rows(matrix, rotation)[0][0] < 2 * np.pi


def test_a_singular_value_above_m_is_refused_and_m_itself_is_not() -> None:
    decompose_matrix(random_matrix(4, 6, 3, largest=SIGMA_MAX), SIGMA_MAX)
    with pytest.raises(PhysicsError, match=r"singular value 3\.001 exceeds sigma_max=3"):
        decompose_matrix(random_matrix(4, 6, 3, largest=3.001), SIGMA_MAX)


def test_rows_that_are_not_orthonormal_are_refused() -> None:
    with pytest.raises(PhysicsError, match="not orthonormal"):
        decompose_rows(np.ones((2, 3)))


@pytest.mark.parametrize(("rows", "modes"), [(0, 3), (4, 3), (-1, 3)])
def test_a_triangle_without_rows_or_with_too_many_is_refused(rows: int, modes: int) -> None:
    with pytest.raises(PhysicsError, match=f"rows={rows}"):
        triangle(rows, modes)


@pytest.mark.parametrize(("rows", "modes"), [(2, 2), (5, 5), (3, 9), (24, 64)])
def test_no_two_rotators_of_a_stage_share_a_waveguide_and_light_meets_stages_in_order(
    rows: int, modes: int
) -> None:
    mesh = triangle(rows, modes)
    assert mesh.rotators == rows * modes - rows * (rows + 1) // 2
    last_stage = np.full(modes, -1)
    for top, stage in zip(mesh.upper, mesh.stage, strict=True):
        assert (last_stage[top : top + 2] < stage).all()
        last_stage[top : top + 2] = stage
    if rows == modes:
        assert mesh.stage.max() + 1 == max(2 * modes - 3, 1)


@pytest.mark.parametrize(("outputs", "inputs"), [(3, 7), (7, 3), (4, 4)])
@pytest.mark.parametrize("shape", ["thin", "square"])
def test_idle_rotators_are_those_that_no_weight_depends_on(
    outputs: int, inputs: int, shape: Literal["thin", "square"]
) -> None:
    layer = decompose_matrix(random_matrix(outputs, inputs, 4), SIGMA_MAX, shape)
    weights = reconstruct_matrix(layer, SIGMA_MAX, shape)
    flat, v, sigma = layer.flat(), layer.v.size, layer.sigma.size
    for place, idle in enumerate(idle_rotators(outputs, inputs, shape)):
        moved = flat.copy()
        moved[place] += 0.3
        parts = np.split(moved, [v, v + sigma])
        found = reconstruct_matrix(LayerPhases(layer.shape, *parts, layer.signs), SIGMA_MAX, shape)
        assert bool(np.allclose(found, weights, rtol=0, atol=1e-9)) is bool(idle)


def test_a_quarter_of_the_papers_square_network_is_idle_and_its_thin_one_is_not() -> None:
    layers = tuple(pairwise((64, 24, 24, 10)))
    square = np.concatenate([idle_rotators(b, a, "square") for a, b in layers])
    assert (square.size, int(square.sum())) == (
        3223,
        871,
    )  # 3,223 phases, of which 2,352 are as many as weights
    assert not any(idle_rotators(b, a, "thin").any() for a, b in layers)
