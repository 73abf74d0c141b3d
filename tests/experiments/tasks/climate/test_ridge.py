"""Tests of ridge regression of maps."""

import numpy as np
import pytest

from emulator.streams import stream
from experiments.tasks.climate.ridge import PENALTIES, ridge


def test_it_is_the_closed_form_at_the_penalty_that_validation_chose() -> None:
    rng = stream(0, "test/ridge")
    x, w = rng.normal(size=(40, 3)), rng.normal(size=(3, 5))
    y = x @ w + 0.5 * rng.normal(size=(40, 5)) + 7.0
    x_val, x_test = rng.normal(size=(10, 3)), rng.normal(size=(4, 3))
    y_val = x_val @ w + 7.0
    found, penalty = ridge(x, y, x_val, x_test, lambda maps: float(((maps - y_val) ** 2).mean()))
    assert penalty in PENALTIES
    centred, mean = x - x.mean(axis=0), y.mean(axis=0)
    # of x x^T / inputs + penalty in the years: penalty * inputs in the inputs
    solved = np.linalg.solve(centred.T @ centred + 3 * penalty * np.eye(3), centred.T @ (y - mean))
    assert np.allclose(found, (x_test - x.mean(axis=0)) @ solved + mean)


def test_noise_asks_for_a_larger_penalty_than_an_exact_law() -> None:
    rng = stream(1, "test/ridge")
    x, w, x_val = rng.normal(size=(20, 15)), rng.normal(size=(15, 4)), rng.normal(size=(200, 15))
    noise = rng.normal(size=(20, 4))
    penalties = [
        ridge(x, x @ w + size * noise, x_val, x_val, lambda maps: float(((maps - x_val @ w) ** 2).mean()))[1]
        for size in (0.0, 5.0)
    ]
    assert penalties[0] < penalties[1]


def test_more_inputs_than_years_are_no_trouble() -> None:
    rng = stream(2, "test/ridge")
    x = np.outer(rng.normal(size=10), np.ones(500))
    found, _ = ridge(
        x, x[:, :2] * 3.0, x[:2], x[:3], lambda maps: float(((maps - 3 * x[:2, :2]) ** 2).mean())
    )
    assert found == pytest.approx(3 * x[:3, :2], abs=1e-2)
