"""Tests of sums that are rounded once."""

import math

import pytest

from emulator.trace.analysis.sums import sum_once


@pytest.mark.parametrize(
    ("amounts", "total"),
    [
        ([], 0.0),
        ([0.1] * 10, 1.0),
        ([1e308, 1e308], math.inf),
        ([-1e308, -1e308], -math.inf),
        ([math.inf, 1.0], math.inf),
        ([math.inf, -math.inf], math.nan),
        ([math.nan, 1.0], math.nan),
    ],
)
def test_a_sum_is_rounded_once_and_never_an_error(amounts: list[float], total: float) -> None:
    assert sum_once(amounts) == pytest.approx(total, rel=0, abs=0, nan_ok=True)
