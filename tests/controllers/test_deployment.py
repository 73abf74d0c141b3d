"""Deployment: which devices stay tunable, and whether the phases are those of the weights."""

import math
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.deployment import Deployment, deploy
from emulator.errors import ConfigError, PhysicsError
from emulator.physics.chip.mesh import reconstruct_matrix
from emulator.streams import stream
from tests.builders import weights

MNIST = (64, 24, 24, 10)
SMALL = (6, 5, 3)


def sigma_mask(deployment: Deployment) -> list[bool]:
    """Restate the order of devices: of every layer V*, then Sigma, then U."""
    mask: list[bool] = []
    for layer in deployment.layers:
        mask += [False] * len(layer.v) + [True] * len(layer.sigma) + [False] * len(layer.u)
    return mask


def test_alpha_counts_all_devices_of_the_papers_network_sigma_included() -> None:
    deployment = deploy(weights(MNIST), 0.15, stream(0, "tests/deploy"))
    assert deployment.active.size == 64 * 24 + 24 * 24 + 24 * 10 == 2352
    assert deployment.active.sum() == 353
    assert deployment.active[sigma_mask(deployment)].sum() == 24 + 24 + 10


def test_of_unitary_alpha_counts_the_rotators_only() -> None:
    deployment = deploy(weights(MNIST), 0.15, stream(0, "tests/deploy"), active_share="of_unitary")
    sigma = np.array(sigma_mask(deployment))
    assert deployment.active[sigma].all()
    assert deployment.active[~sigma].sum() == round(0.15 * (2352 - 58)) == 344


@given(alpha=st.floats(0, 1, exclude_min=True), seed=st.integers(0, 2**32))
def test_every_sigma_is_active_and_the_count_is_alpha_d_where_that_is_more(alpha: float, seed: int) -> None:
    deployment = deploy(weights(SMALL), alpha, stream(seed, "tests/deploy"))
    sigma = np.array(sigma_mask(deployment))
    assert deployment.active[sigma].all()
    assert deployment.active.sum() == max(round(alpha * 45), 5 + 3)


def test_with_alpha_one_every_device_is_active_however_it_is_counted() -> None:
    assert deploy(weights(SMALL), 1.0, stream(0, "tests/deploy")).active.all()
    assert deploy(weights(SMALL), 1.0, stream(0, "tests/deploy"), active_share="of_unitary").active.all()


@pytest.mark.parametrize("alpha", [0.0, -0.1, math.nextafter(1.0, 2.0), math.nan, math.inf])
def test_a_share_outside_zero_to_one_is_refused(alpha: float) -> None:
    with pytest.raises(ConfigError, match=r"alpha=.*\(0, 1\]"):
        deploy(weights(SMALL), alpha, stream(0, "tests/deploy"))


def test_weights_beyond_the_attenuators_are_refused() -> None:
    with pytest.raises(PhysicsError, match="sigma_max"):
        deploy(weights(SMALL, largest=2.0), 0.5, stream(0, "tests/deploy"), sigma_max=1.5)


@pytest.mark.parametrize("shape", ["thin", "square"])
@pytest.mark.parametrize("rotation", ["ccw", "cw"])
def test_the_phases_give_the_weights_back(
    shape: Literal["thin", "square"], rotation: Literal["ccw", "cw"]
) -> None:
    matrices = weights(SMALL)
    deployment = deploy(matrices, 0.5, stream(0, "tests/deploy"), 2.5, shape, rotation)
    for layer, matrix in zip(deployment.layers, matrices, strict=True):
        np.testing.assert_allclose(
            reconstruct_matrix(layer, 2.5, shape, rotation), matrix, rtol=0, atol=1e-12
        )


def test_phases_lie_in_device_order_within_one_turn_and_heaters_name_the_active_ones() -> None:
    deployment = deploy(weights(SMALL), 0.5, stream(0, "tests/deploy"))
    parts = [part for layer in deployment.layers for part in (layer.v, layer.sigma, layer.u)]
    assert deployment.phases.tolist() == [phase for part in parts for phase in part]
    assert deployment.phases.min() >= 0
    assert deployment.phases.max() < 2 * math.pi
    assert deployment.heaters.tolist() == [i for i in range(45) if deployment.active[i]]


def test_the_same_stream_chooses_the_same_devices_and_another_stream_others() -> None:
    first, again, other = (deploy(weights(MNIST), 0.15, stream(seed, "tests/deploy")) for seed in (1, 1, 2))
    assert np.array_equal(first.heaters, again.heaters)
    assert not np.array_equal(first.heaters, other.heaters)


def test_every_rotator_is_as_likely_to_be_active_as_any_other() -> None:
    matrices, draws = weights(SMALL), 300
    counts = sum(
        deploy(matrices, 0.5, stream(seed, "tests/deploy")).active.astype(int) for seed in range(draws)
    )
    sigma = np.array(sigma_mask(deploy(matrices, 0.5, stream(0, "tests/deploy"))))
    share = (round(0.5 * 45) - 8) / 37
    spread = math.sqrt(share * (1 - share) / draws)
    assert np.abs(np.asarray(counts)[~sigma] / draws - share).max() < 5 * spread
