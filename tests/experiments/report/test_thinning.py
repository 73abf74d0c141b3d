"""Tests of thinning: nothing of a short series is lost, and no peak of a long one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from experiments.report.thinning import extremes


@given(st.lists(st.floats(-1e9, 1e9) | st.just(np.nan), min_size=1, max_size=300), st.integers(4, 40))
def test_few_points_are_left_and_among_them_the_ends_and_the_extremes(values: list[float], most: int) -> None:
    array = np.array(values)
    kept = extremes(array, most)
    assert len(kept) <= max(most, min(len(values), most))
    assert np.all(np.diff(kept) > 0)
    assert (kept[0], kept[-1]) == (0, len(values) - 1)
    if np.isfinite(array).any():
        assert np.nanmax(array[kept]) == np.nanmax(array)
        assert np.nanmin(array[kept]) == np.nanmin(array)


def test_a_short_series_stays_whole() -> None:
    assert list(extremes(np.arange(10.0), 10)) == list(range(10))


def test_every_stretch_keeps_its_own_peak() -> None:
    values = np.zeros(1000)
    values[[13, 417, 800]] = 1.0, -1.0, 2.0
    assert {13, 417, 800} <= set(extremes(values, 100).tolist())
