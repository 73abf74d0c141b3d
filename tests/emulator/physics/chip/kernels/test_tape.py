"""Light through one layer: it is the matrix, it keeps its power, and loss never adds any."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import PhysicsError
from emulator.physics.chip.kernels.tape import LANES, fill_tiles, layer_map, propagate_plain, tile, untile
from emulator.physics.chip.mesh import LayerPhases, decompose_matrix, reconstruct_matrix, triangle
from emulator.streams import stream

sizes = st.integers(1, 10)
seeds = st.integers(0, 2**32)


def random_layer(outputs: int, inputs: int, seed: int, shape: Literal["thin", "square"]) -> LayerPhases:
    """Return a layer with random phases everywhere and random signs."""
    rng = stream(seed, "tests/layer")
    rank = min(outputs, inputs)
    v = triangle(rank if shape == "thin" else inputs, inputs).rotators
    u = triangle(rank if shape == "thin" else outputs, outputs).rotators
    v_rad, sigma_rad, u_rad = (rng.uniform(0, 2 * np.pi, count) for count in (v, rank, u))
    return LayerPhases((outputs, inputs), v_rad, sigma_rad, u_rad, rng.choice([-1.0, 1.0], rank))


@given(
    outputs=sizes,
    inputs=sizes,
    samples=st.integers(1, 40),
    seed=seeds,
    shape=st.sampled_from(["thin", "square"]),
    rotation=st.sampled_from(["ccw", "cw"]),
)
def test_light_is_multiplied_by_the_matrix_of_its_phases(
    outputs: int,
    inputs: int,
    samples: int,
    seed: int,
    shape: Literal["thin", "square"],
    rotation: Literal["ccw", "cw"],
) -> None:
    phases = random_layer(outputs, inputs, seed, shape)
    columns = stream(seed, "tests/light").standard_normal((inputs, samples))
    light = propagate_plain(columns, layer_map(phases, 3.0, shape, rotation), phases.flat())
    dense = reconstruct_matrix(phases, 3.0, shape, rotation)
    np.testing.assert_allclose(light, dense @ columns, rtol=0, atol=1e-12)


def test_a_wide_layer_of_the_papers_size_is_the_matrix_it_was_made_from() -> None:
    wanted = stream(0, "tests/wide").standard_normal((24, 64))
    wanted *= 2.5 / np.linalg.norm(wanted, 2)
    phases = decompose_matrix(wanted, 3.0)
    columns = stream(1, "tests/wide").standard_normal((64, 5))
    light = propagate_plain(columns, layer_map(phases, 3.0), phases.flat())
    np.testing.assert_allclose(light, wanted @ columns, rtol=0, atol=1e-12)


@given(size=sizes, seed=seeds)
def test_a_lossless_mesh_keeps_the_power_of_light(size: int, seed: int) -> None:
    phases = random_layer(size, size, seed, "square")
    opened = LayerPhases(phases.shape, phases.v, np.zeros(size), phases.u, phases.signs)
    columns = stream(seed, "tests/light").standard_normal((size, 3))
    light = propagate_plain(columns, layer_map(opened, 1.0, "square"), opened.flat())
    np.testing.assert_allclose((light**2).sum(axis=0), (columns**2).sum(axis=0), rtol=1e-12)


@given(
    outputs=sizes,
    inputs=sizes,
    seed=seeds,
    loss=st.floats(0.0, 1.0),
    shape=st.sampled_from(["thin", "square"]),
)
def test_passive_optics_never_gain_power(
    outputs: int, inputs: int, seed: int, loss: float, shape: Literal["thin", "square"]
) -> None:
    phases = random_layer(outputs, inputs, seed, shape)
    columns = stream(seed, "tests/light").standard_normal((inputs, 3))
    light = propagate_plain(columns, layer_map(phases, 1.0, shape), phases.flat(), loss)
    assert ((light**2).sum(axis=0) <= (columns**2).sum(axis=0) * (1 + 1e-12)).all()


def test_one_lossy_rotator_does_what_it_does_on_paper() -> None:
    phases = LayerPhases((1, 2), np.array([0.3]), np.array([0.5]), np.empty(0), np.array([-1.0]))
    light = propagate_plain(
        np.array([[2.0], [5.0]]), layer_map(phases, 3.0), phases.flat(), loss_amplitude=0.9
    )
    by_hand = -3.0 * np.cos(0.5) * 0.9 * (np.cos(0.3) * 2.0 - np.sin(0.3) * 5.0)
    np.testing.assert_allclose(light, [[by_hand]], rtol=1e-14)


def test_every_rotator_on_the_way_takes_its_loss() -> None:
    """Bar-state rotators keep light in its waveguide, so the loss counts the rotators passed."""
    phases = LayerPhases((1, 4), np.zeros(3), np.zeros(1), np.empty(0), np.array([1.0]))
    light = propagate_plain(np.eye(4), layer_map(phases, 1.0), phases.flat(), loss_amplitude=0.5)
    np.testing.assert_allclose(light, [[0.5, 0.0, 0.0, 0.0]])
    crossed = LayerPhases((1, 4), np.full(3, -np.pi / 2), np.zeros(1), np.empty(0), np.array([1.0]))
    light = propagate_plain(np.eye(4), layer_map(crossed, 1.0), crossed.flat(), loss_amplitude=0.5)
    np.testing.assert_allclose(light, [[0.0, 0.0, 0.0, 0.125]], atol=1e-15)


@pytest.mark.parametrize("count", [1, LANES - 1, LANES, LANES + 1, 100])
def test_tiles_hold_the_columns_and_are_dark_elsewhere(count: int) -> None:
    columns = stream(0, "tests/tile").standard_normal((3, count))
    light = tile(columns, 5)
    assert light.shape == (-(-count // LANES), 5, LANES)
    np.testing.assert_array_equal(untile(light, 3, count), columns)
    assert np.abs(light).sum() == pytest.approx(np.abs(columns).sum())
    arena = np.ones(light.size + 1)
    fill_tiles(arena, columns, 5)
    np.testing.assert_array_equal(arena, [*light.ravel(), 1.0])


def test_more_inputs_than_waveguides_are_refused() -> None:
    with pytest.raises(PhysicsError, match="4 inputs do not fit into 3"):
        tile(np.zeros((4, 1)), 3)


@pytest.mark.parametrize(("outputs", "inputs"), [(24, 64), (64, 24), (1, 1), (10, 24)])
def test_checkpoints_begin_at_the_first_device_and_never_fall_among_the_attenuators(
    outputs: int, inputs: int
) -> None:
    layer = layer_map(random_layer(outputs, inputs, 0, "thin"), 3.0)
    assert layer.checkpoints[0] == 0
    assert (np.diff(layer.checkpoints) > 0).all()
    inside = (layer.checkpoints > layer.sigma_first) & (layer.checkpoints < layer.u_first)
    assert not inside.any()
