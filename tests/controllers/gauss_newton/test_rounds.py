"""The step of least loss in a linear model: the host's minimum is scipy's."""

import numpy as np
import pytest
from scipy.optimize import minimize

from controllers.gauss_newton.rounds import best_step
from controllers.losses import loss_for
from emulator.streams import stream


@pytest.mark.parametrize("values", [False, True], ids=["labels", "values"])
def test_the_step_is_the_minimum_that_scipy_finds(values: bool) -> None:
    rng = stream(0, "tests/step")
    outputs, slopes = rng.standard_normal((30, 4)), rng.standard_normal((9, 30, 4))
    targets = rng.standard_normal((30, 4)) if values else rng.integers(4, size=30)
    found, work = best_step(outputs, slopes, targets, 0.1, 20)

    def cost(d: np.ndarray) -> float:
        moved = np.ascontiguousarray(outputs + np.tensordot(d, slopes, 1))
        return float(loss_for(targets)(moved, targets)) + 0.05 * float(d @ d)

    expected = minimize(cost, np.zeros(9), method="BFGS", options={"gtol": 1e-9})
    assert cost(found) == pytest.approx(expected.fun, rel=1e-8)
    np.testing.assert_allclose(found, expected.x, rtol=0, atol=1e-4)
    assert work.flops > 0
