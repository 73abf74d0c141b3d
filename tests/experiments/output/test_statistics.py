"""Thresholds, means and spreads of the study, on curves short enough to check by eye."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from emulator.errors import ConfigError
from experiments.output.statistics import (
    accuracy_interval,
    accuracy_stat,
    first_crossing,
    mean_band,
    mean_curve,
    recovered_share,
    running_mean,
    stat,
    t_mean,
    wilson_interval,
)
from experiments.paper.machines.settling import knee

QUERIES = np.array([0, 500, 1000, 1500])


def test_share_is_zero_when_deployed_and_one_at_the_ideal() -> None:
    share = recovered_share(np.array([0.5, 0.7, 0.9]), 0.9)
    assert share == pytest.approx([0.0, 0.5, 1.0])


def test_nothing_lost_is_nothing_to_recover() -> None:
    share = recovered_share(np.array([0.9, 0.95]), 0.9)
    assert np.isnan(share).all()
    assert first_crossing(QUERIES[:2], share, 0.5) is None


def test_the_first_evaluation_at_the_level_counts_even_if_accuracy_falls_again() -> None:
    assert first_crossing(QUERIES, np.array([0.0, 0.5, 0.2, 0.9]), 0.5) == 500.0
    assert first_crossing(QUERIES, np.array([0.0, 0.5, 0.2, 0.9]), 0.8) == 1500.0


def test_a_level_never_met_is_none() -> None:
    assert first_crossing(QUERIES, np.array([0.0, 0.1, 0.2, 0.3]), 0.5) is None


def test_censored_runs_count_as_tried() -> None:
    found = stat([100.0, None, 300.0])
    assert (found.mean, found.n, found.tried) == (200.0, 2, 3)
    assert found.sd == pytest.approx(math.sqrt(20_000))


def test_one_value_has_no_spread_and_none_no_mean() -> None:
    assert math.isnan(stat([1.0]).sd)
    assert math.isnan(stat([None]).mean)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20), st.sampled_from([1, 3, 5]))
def test_a_running_mean_is_that_of_each_symmetric_window(values: list[float], width: int) -> None:
    n = len(values)
    for place, found in enumerate(running_mean(np.array(values), width)):
        reach = min(place, n - 1 - place, width // 2)
        assert found == pytest.approx(np.mean(values[place - reach : place + reach + 1]), abs=1e-9)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_spread_is_the_sample_standard_deviation(values: list[float]) -> None:
    assert stat(values).sd == pytest.approx(np.std(values, ddof=1))


def test_a_logarithmic_mean_curve_begins_where_all_curves_have_begun_and_loses_nothing_below_one() -> None:
    curves = [
        (np.array([0.0, 0.01, 10.0]), np.array([1.0, 1.0, 1.0])),
        (np.array([0.0, 0.1, 20.0]), np.array([3.0, 3.0, 3.0])),
    ]
    x, mean, spread = mean_curve(curves, points=3, log=True)
    np.testing.assert_allclose(x, [0.1, 1.0, 10.0], rtol=1e-12)
    np.testing.assert_allclose(mean, 2.0)
    np.testing.assert_allclose(spread, np.sqrt(2.0))


def test_mean_curve_ends_with_the_shortest() -> None:
    x, mean, spread = mean_curve(
        [(np.array([0.0, 2.0]), np.array([0.0, 2.0])), (np.array([0.0, 1.0]), np.ones(2))], points=2
    )
    assert x.tolist() == [0.0, 1.0]
    assert mean.tolist() == [0.5, 1.0]
    assert spread[1] == 0.0


def test_knee_is_the_shortest_wait_from_which_on_all_are_near_the_last() -> None:
    assert knee((1, 2, 3, 4), (0.5, 0.895, 0.9, 0.9)) == 2
    assert knee((1, 2, 3, 4), (0.9, 0.5, 0.9, 0.9)) == 3
    assert knee((1, 2), (0.9, 0.9)) == 1


@given(st.integers(1, 3000), st.data())
def test_an_interval_is_that_of_scipy(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    theirs = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(hits, n) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@pytest.mark.parametrize(("hits", "n"), [(-1, 5), (6, 5), (0, 0), (math.nan, 5)])
def test_an_interval_without_samples_is_refused(hits: float, n: int) -> None:
    with pytest.raises(ConfigError, match="wilson_interval"):
        wilson_interval(hits, n)


def test_an_accuracy_without_a_count_has_no_interval() -> None:
    assert (
        accuracy_interval(0.5, None) is accuracy_interval(None, 7) is accuracy_interval(math.nan, 7) is None
    )
    found = accuracy_interval(98 / 108, 108)
    assert found is not None
    assert (round(found.low, 3), round(found.high, 3)) == (0.838, 0.949)


def test_a_band_is_the_interval_of_the_mean_at_every_point() -> None:
    curves = np.array([[0.0, 0.4], [0.3, 0.4], [0.9, 0.7]])
    mean, low, high = mean_band(curves)
    for place, values in enumerate(curves.T):
        alone = t_mean(values.tolist())
        assert (mean[place], low[place], high[place]) == pytest.approx((alone.mean, alone.low, alone.high))


def test_accuracies_over_seeds_have_students_interval_within_0_and_1_and_one_alone_wilsons() -> None:
    several, alone = accuracy_stat([0.6, 0.7, 0.9]), accuracy_stat([0.9], 100)
    mean = t_mean([0.6, 0.7, 0.9])
    assert (several.mean, several.sd, several.low, several.high) == (mean.mean, mean.sd, mean.low, 1.0)
    assert (alone.low, alone.high) == accuracy_interval(0.9, 100)
    assert math.isnan(accuracy_stat([0.9]).low)
    assert accuracy_stat([]).n == 0
