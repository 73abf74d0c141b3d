"""Tests of the three-valued error against the paper's equation, value by value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from controllers.feedback_alignment.ternary import empty_rows, ternarize
from emulator.errors import ConfigError, DivergedError

errors_in_range = arrays(np.float64, array_shapes(min_dims=2, max_dims=2), elements=st.floats(-1, 1))


@given(errors_in_range, st.floats(0, 1))
def test_every_value_follows_the_papers_equation(errors: np.ndarray, threshold: float) -> None:
    found = ternarize(errors, threshold)
    assert found.dtype == np.int8
    for value, shown in zip(errors.ravel().tolist(), found.ravel().tolist(), strict=True):
        assert shown == (1 if value > threshold else -1 if value < -threshold else 0)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_threshold_itself_gives_zero_and_the_next_number_does_not(kind: type[np.floating]) -> None:
    edge = kind(0.1)
    beyond = np.nextafter(edge, kind(1))
    assert ternarize(np.array([[edge, -edge, beyond, -beyond]], dtype=kind)).tolist() == [[0, 0, 1, -1]]


def test_a_threshold_of_zero_leaves_the_sign() -> None:
    assert ternarize(np.array([[-2.0, 0.0, 1e-30]]), 0.0).tolist() == [[-1, 0, 1]]


@given(errors_in_range)
def test_rows_without_a_lit_pixel_are_told(errors: np.ndarray) -> None:
    expected = [all(abs(value) <= 0.1 for value in row) for row in errors.tolist()]
    assert empty_rows(ternarize(errors)).tolist() == expected


@pytest.mark.parametrize("threshold", [-0.1, float("nan"), float("inf")])
def test_a_threshold_that_means_nothing_is_refused(threshold: float) -> None:
    with pytest.raises(ConfigError, match="threshold"):
        ternarize(np.zeros((1, 2)), threshold)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_error_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(DivergedError, match="lower the learning rate"):
        ternarize(np.array([[0.0, value]]))
