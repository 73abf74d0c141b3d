"""Judges of values and matrices."""

import numpy as np
import pytest

from controllers.losses import loss_for
from emulator.streams import stream
from experiments.tasks.brought.values import R_SQUARED, SQUARED_ERROR, Fidelity, RelativeError, Rmse
from experiments.tasks.judges import loss_in_torch

RNG = stream(0, "tests/values")
Y, T = RNG.normal(size=(7, 3)), RNG.normal(size=(7, 3))


def test_the_squared_error_is_the_same_in_numpy_torch_and_for_controllers() -> None:
    pytest.importorskip("torch")
    wanted = pytest.approx(float(((Y - T) ** 2).mean()))
    assert SQUARED_ERROR.of_arrays(Y, T) == wanted
    assert loss_in_torch(SQUARED_ERROR, Y, T) == wanted
    assert loss_for(T)(Y, T) == SQUARED_ERROR.of_arrays(Y, T)


def test_r_squared_is_one_for_the_values_and_zero_for_their_mean() -> None:
    assert R_SQUARED.of_arrays(T, T) == 1.0
    assert R_SQUARED.of_arrays(np.broadcast_to(T.mean(axis=0), T.shape), T) == pytest.approx(0.0)
    assert R_SQUARED.of_arrays(T, np.ones_like(T)) == 0.0


def test_rmse_is_in_the_unit_of_the_file_whatever_the_chip_scales() -> None:
    metric = Rmse((2.0, 2.0, 2.0))
    assert metric.of_arrays(Y, T) == pytest.approx(2 * np.sqrt(((Y - T) ** 2).mean()))
    assert metric.of_values_times(0.1).of_arrays(0.1 * Y, 0.1 * T) == pytest.approx(metric.of_arrays(Y, T))


def test_fidelity_is_one_for_the_matrix_up_to_a_factor_and_never_more() -> None:
    q = np.linalg.qr(RNG.normal(size=(5, 5)))[0]
    assert Fidelity().of_arrays(q, q) == pytest.approx(1.0)
    assert Fidelity().of_arrays(-1.1 * q, q) == pytest.approx(1.0)
    assert Fidelity().of_arrays(q + 0.3 * RNG.normal(size=(5, 5)), q) < 1.0
    rotated = q @ np.linalg.qr(RNG.normal(size=(5, 5)))[0]
    assert Fidelity().of_arrays(rotated, q) == pytest.approx(abs(np.trace(q.T @ rotated)) / 5)
    assert RelativeError().of_arrays(1.1 * q, q) == pytest.approx(0.1)
