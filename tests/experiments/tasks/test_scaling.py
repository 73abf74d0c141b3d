"""Tests of area averaging and of PCA with min-max."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.sets import load
from emulator.errors import TaskError
from emulator.streams import stream
from experiments.tasks.scaling import PcaMinMax, area_average, area_matrix

sizes = st.tuples(st.integers(1, 40), st.integers(1, 40)).map(lambda pair: (max(pair), min(pair)))


@given(sizes)
def test_every_output_is_an_average_and_every_pixel_counts_alike(pair: tuple[int, int]) -> None:
    large, small = pair
    matrix = area_matrix(large, small)
    assert matrix.min() >= 0
    assert np.allclose(matrix.sum(axis=1), 1.0, rtol=0, atol=1e-14)
    assert np.allclose(matrix.sum(axis=0), small / large, rtol=0, atol=1e-14)


@given(sizes, sizes, st.integers(0, 1000))
def test_the_mean_of_a_picture_is_preserved(tall: tuple[int, int], wide: tuple[int, int], seed: int) -> None:
    image = stream(seed, "test/image").random((2, tall[0], wide[0]))
    small = area_average(image, (tall[1], wide[1]))
    assert np.allclose(small.mean(axis=(1, 2)), image.mean(axis=(1, 2)), rtol=0, atol=1e-13)


def test_28_pixels_to_8_takes_three_and_a_half_each() -> None:
    matrix = area_matrix(28, 8) * 3.5
    assert matrix[0, :5].tolist() == [1, 1, 1, 0.5, 0]
    assert matrix[1, 2:8].tolist() == [0, 0.5, 1, 1, 1, 0]


def test_it_equals_repeating_pixels_and_averaging_whole_blocks() -> None:
    image = stream(0, "test/image").random((3, 28, 28))
    fine = image.repeat(2, axis=1).repeat(2, axis=2)
    blocks = fine.reshape(3, 8, 7, 8, 7).mean(axis=(2, 4))
    assert np.allclose(area_average(image, (8, 8)), blocks, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("large", "small"), [(8, 9), (8, 0), (0, 0)])
def test_growing_a_picture_is_refused(large: int, small: int) -> None:
    with pytest.raises(TaskError, match="must shrink"):
        area_matrix(large, small)


def test_a_robust_scaler_before_min_max_would_change_nothing() -> None:
    x = load("vowel").inputs
    fitted = PcaMinMax.fit(x, 8)
    scores = (x - x.mean(axis=0)) @ fitted.axes
    low, middle, high = np.percentile(scores, [10, 50, 90], axis=0)
    robust = (scores - middle) / (high - low)
    literature = (robust - robust.min(axis=0)) / (robust.max(axis=0) - robust.min(axis=0))
    assert np.allclose(fitted.apply(x), literature, rtol=0, atol=1e-12)


def test_the_components_are_orthonormal_with_a_fixed_sign() -> None:
    axes = PcaMinMax.fit(load("vowel").inputs, 8).axes
    assert np.allclose(axes.T @ axes, np.eye(8), rtol=0, atol=1e-12)
    assert (axes[np.abs(axes).argmax(axis=0), np.arange(8)] > 0).all()


def test_what_exceeds_the_fitted_range_is_clipped() -> None:
    x = load("vowel").inputs
    outside = PcaMinMax.fit(x[:100], 8).apply(10 * x)
    assert outside.min() == 0
    assert outside.max() == 1


def test_samples_that_span_too_little_are_refused() -> None:
    with pytest.raises(TaskError, match="do not span 8"):
        PcaMinMax.fit(load("vowel").inputs[:6], 8)
    with pytest.raises(TaskError, match="do not span 2"):
        PcaMinMax.fit(np.outer(np.arange(9.0), np.ones(3)), 2)
