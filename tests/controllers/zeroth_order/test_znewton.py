"""ZNewton against the derivatives of a smooth loss, which are known."""

import numpy as np
import pytest

from controllers.zeroth_order.znewton import ZnewtonConfig, start
from tests.controllers.zeroth_order.canned import ground
from tests.controllers.zeroth_order.estimate_lab import talk


def score_of(bend: float) -> object:
    """Return a score whose loss is 1 + slope (x - 2) + bend (x - 2)^2 / 2 of the first phase x."""

    def score(phases: np.ndarray) -> float:
        x = phases[0] - 2.0
        return float(np.log(np.expm1(1.0 + 0.3 * x + bend * x**2 / 2)))

    return score


@pytest.mark.parametrize(("bend", "divisor"), [(2.0, 2.0), (0.02, 0.1), (-3.0, 1.0)])
def test_a_step_is_the_slope_over_the_curvature_which_is_kept_away_from_zero(
    bend: float, divisor: float
) -> None:
    options = ZnewtonConfig(sparsity=1.0, queries=3, learning_rate=0.5, difference_rad=1e-3)
    setting = ground([2.0])
    told = talk(start(options, setting).controller, setting, score_of(bend))  # type: ignore[arg-type]
    assert told.incumbents[-1][0] == pytest.approx(2.0 - 0.5 * 0.3 / divisor, abs=1e-6)


def test_on_a_bowl_it_finds_the_lowest_point() -> None:
    options = ZnewtonConfig(sparsity=1.0, queries=60, learning_rate=1.0, difference_rad=1e-2, step_decay=1.0)
    setting = ground([1.0, 5.0, 3.0])
    target = np.array([1.5, 4.8, 2.5])

    def score(phases: np.ndarray) -> float:
        return float(np.log(np.expm1(1.0 + np.sum((phases - target) ** 2))))

    told = talk(start(options, setting).controller, setting, score)
    np.testing.assert_allclose(told.incumbents[-1], target, atol=1e-6)


@pytest.mark.parametrize("queries", range(3, 20))
def test_three_readings_a_phase_and_none_beyond_the_queries(queries: int) -> None:
    setting = ground([1.0, 2.0])
    told = talk(
        start(ZnewtonConfig(sparsity=1.0, queries=queries), setting).controller, setting, lambda phases: 0.0
    )
    assert len(told.read) == queries // 3 * 3
