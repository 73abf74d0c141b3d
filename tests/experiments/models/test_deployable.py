"""Weights that a chip cannot carry are scaled down, and the network's answers stay but for a factor."""

import numpy as np

from emulator.streams import stream
from experiments.models.deployable import Reach, deployable
from experiments.tasks.electronic import logits

REACH = Reach(sigma_max=3.0, activation_clip=4.0, full_scale_hidden=4.0, full_scale_output=16.0)


def test_scaled_weights_give_the_same_answers_up_to_the_factor() -> None:
    rng = stream(1, "tests/deployable")
    weights = (9.0 * rng.normal(size=(6, 4)), 5.0 * rng.normal(size=(3, 6)))
    x = rng.random((20, 4))
    fit = deployable(weights, x, REACH)
    assert all(np.linalg.norm(matrix, 2) <= 3.0 for matrix in fit.weights)
    np.testing.assert_allclose(
        logits(fit.weights, x, 4.0), fit.factor * logits(weights, x, np.inf), rtol=1e-9
    )
    assert np.abs(logits(fit.weights, x, 4.0)).max() <= 16.0 * (1 + 1e-9)
    assert "layer 1 x" in fit.notes()[0]


def test_weights_that_fit_are_left_alone_and_32_bits_will_do() -> None:
    weights = (np.eye(3, dtype=np.float32),)
    fit = deployable(weights, np.ones((2, 3)), REACH)
    assert fit.factors == (1.0,)
    assert fit.notes() == ()
    assert fit.weights[0].dtype == np.float64
