"""Phases in one turn."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.phases import TWO_PI, total_rad, wrapped


@given(st.lists(st.floats(-1e6, 1e6), max_size=5))
def test_a_phase_in_one_turn_is_below_two_pi_and_the_same_for_light(phases: list[float]) -> None:
    turned = wrapped(np.array(phases))
    assert ((turned >= 0) & (turned < TWO_PI)).all()
    np.testing.assert_allclose(np.exp(1j * turned), np.exp(1j * np.array(phases)), atol=1e-9)


def test_a_tiny_negative_phase_is_no_whole_turn() -> None:
    assert wrapped(np.array([-1e-300])).tolist() == [0.0]


@given(st.lists(st.floats(0, TWO_PI), max_size=300))
def test_phases_add_up_to_their_exact_sum_but_for_rounding(phases: list[float]) -> None:
    assert total_rad(np.array(phases)) == pytest.approx(math.fsum(phases), rel=1e-13)
