"""A fall is measured from the highest running mean, not from the luckiest evaluation."""

import numpy as np
import pytest

from experiments.paper.szo_scd.drift import fallen
from tests.experiments.paper.outcomes import of_curve


def test_one_lucky_evaluation_is_no_peak() -> None:
    curve = np.full(100, 0.86)
    curve[20:30], curve[25] = 0.89, 0.95
    assert fallen(of_curve(curve)) == pytest.approx((0.89 * 2 + 0.95) / 3 - 0.86)
    assert fallen(of_curve(np.linspace(0.5, 0.9, 100))) == pytest.approx(
        0.9 - np.linspace(0.5, 0.9, 100)[-10:].mean()
    )
