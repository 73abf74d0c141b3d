"""The phase sweep against a search by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.phases import TWO_PI
from controllers.zeroth_order.phase_sweep import PhaseSweepConfig, levels_around, start
from tests.controllers.zeroth_order.canned import ground
from tests.controllers.zeroth_order.estimate_lab import talk

TARGET = np.array([1.3, 2.5, 4.0, 6.2])


def bowl(phases: np.ndarray) -> float:
    return float(np.sum(1 - np.cos(phases - TARGET[: len(phases)])))


@given(phase=st.floats(0, TWO_PI, exclude_max=True), levels=st.integers(2, 40), span=st.floats(0.01, TWO_PI))
def test_levels_are_the_present_phase_and_others_evenly_around_it(
    phase: float, levels: int, span: float
) -> None:
    found = levels_around(phase, span, levels)
    assert found[0] == pytest.approx(phase, abs=1e-12)
    assert len(found) == levels
    assert ((found >= 0) & (found < TWO_PI)).all()
    offsets = np.sort([math.remainder(each - phase, TWO_PI) for each in found])
    assert np.abs(offsets).max() <= span / 2 + 1e-9
    if span < 6:
        np.testing.assert_allclose(np.diff(offsets), span / levels, atol=1e-9)


def test_one_heater_after_the_other_is_swept_and_stays_at_its_best_level() -> None:
    options = PhaseSweepConfig(levels=16, queries=4 * 16, span_decay=1.0)
    setting = ground([0.0, 0.0, 0.0, 0.0])
    told = talk(start(options, setting).controller, setting, bowl)
    grid = np.arange(16) * TWO_PI / 16
    wanted = [min(grid, key=lambda level: 1 - math.cos(level - target)) for target in TARGET]
    np.testing.assert_allclose(told.incumbents[-1], wanted, atol=1e-12)
    np.testing.assert_array_equal(told.driven, told.incumbents[-1])
    moving = [int(np.flatnonzero(row).max(initial=0)) for row in np.array(told.read) - told.incumbents[0]]
    assert moving == sorted(moving)


def test_narrowing_sweeps_come_as_near_as_one_pleases() -> None:
    options = PhaseSweepConfig(levels=8, queries=4 * 8 * 12)
    setting = ground([0.0, 0.0, 0.0, 0.0])
    told = talk(start(options, setting).controller, setting, bowl)
    assert np.abs(np.angle(np.exp(1j * (told.incumbents[-1] - TARGET)))).max() < 1e-2


def test_a_heater_of_which_nothing_is_seen_stays_where_it_is() -> None:
    setting = ground([1.0, 2.0])
    told = talk(
        start(PhaseSweepConfig(levels=4, queries=40), setting).controller, setting, lambda phases: 0.0
    )
    np.testing.assert_array_equal(told.incumbents[-1], [1.0, 2.0])


@pytest.mark.parametrize("queries", range(1, 14))
def test_every_query_is_used_and_none_more(queries: int) -> None:
    setting = ground([1.0, 2.0])
    told = talk(start(PhaseSweepConfig(levels=4, queries=queries), setting).controller, setting, bowl)
    assert len(told.read) == queries
