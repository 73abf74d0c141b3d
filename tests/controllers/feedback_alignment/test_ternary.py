"""Tests of the three-valued error against the paper's equation, value by value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from controllers.feedback_alignment.ternary import empty_rows, row_scale, ternarize
from emulator.errors import ConfigError, DivergedError
from emulator.streams import stream

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


# ------------------------------------------------------------------------------- relative thresholds


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 1.5), st.floats(0.01, 100.0))
def test_a_threshold_in_units_of_the_row_or_the_batch_does_not_see_the_size_of_errors(
    seed: int, threshold: float, size: float
) -> None:
    errors = stream(seed, "tests/ternary").standard_normal((6, 9))
    for unit in ("row_rms", "batch_rms"):
        found = ternarize(errors, threshold, unit)  # type: ignore[arg-type]
        assert (ternarize(size * errors, threshold, unit) == found).all()  # type: ignore[arg-type]
    sizes = np.geomspace(0.1, 10.0, 6)[:, np.newaxis]
    assert (ternarize(sizes * errors, threshold, "row_rms") == ternarize(errors, threshold, "row_rms")).all()


def test_the_row_is_cut_at_its_own_root_mean_square_and_the_batch_at_that_of_all() -> None:
    errors = np.array([[3.0, -1.0, 1.0, 1.0], [0.1, 0.1, -0.1, 0.1]])
    assert ternarize(errors, 0.9, "row_rms").tolist() == [[1, 0, 0, 0], [1, 1, -1, 1]]
    assert ternarize(errors, 0.9, "batch_rms").tolist() == [[1, 0, 0, 0], [0, 0, 0, 0]]


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 1.5))
def test_no_other_scale_of_a_row_comes_closer_to_its_error(seed: int, threshold: float) -> None:
    errors = stream(seed, "tests/ternary").standard_normal((6, 9))
    shown = ternarize(errors, threshold, "row_rms")
    scale = row_scale(errors, shown)
    left = ((errors - scale * shown) ** 2).sum(axis=1)
    for other in (0.9, 1.1):
        assert (((errors - other * scale * shown) ** 2).sum(axis=1) >= left).all()
    assert (np.abs(((errors - scale * shown) * shown).sum(axis=1)) < 1e-9).all()


def test_a_dark_row_has_the_scale_0() -> None:
    errors = np.array([[0.01, 0.02]])
    assert row_scale(errors, ternarize(errors, 0.5)).tolist() == [[0.0]]
