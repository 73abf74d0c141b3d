"""Tests of the digital feedback matrix and of how one projection serves several blocks."""

import numpy as np
import pytest

from controllers.feedback_alignment.feedback import FeedbackLayout, centred, feedback_matrix
from emulator.errors import CommandError, ConfigError
from emulator.streams import stream

SIZES = (3, 5, 2)


def test_slices_give_every_output_to_one_block_in_order() -> None:
    layout = FeedbackLayout(SIZES)
    assert layout.width == 10
    assert [part.tolist() for part in layout.split(np.arange(10)[None])] == [
        [[0, 1, 2]], [[3, 4, 5, 6, 7]], [[8, 9]],
    ]  # fmt: skip


def test_a_shared_projection_is_cut_to_the_size_of_each_block() -> None:
    layout = FeedbackLayout(SIZES, "shared")
    assert layout.width == 5
    assert [part.tolist() for part in layout.split(np.arange(5)[None])] == [
        [[0, 1, 2]], [[0, 1, 2, 3, 4]], [[0, 1]],
    ]  # fmt: skip


def test_splitting_copies_nothing() -> None:
    projection = np.zeros((4, 10), dtype=np.float32)
    assert all(np.shares_memory(part, projection) for part in FeedbackLayout(SIZES).split(projection))


@pytest.mark.parametrize("shape", [(4, 9), (4, 11), (10,), (4, 10, 1)])
def test_a_projection_of_another_width_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(CommandError, match=r"must be \(samples, 10\)"):
        FeedbackLayout(SIZES).split(np.zeros(shape))


@pytest.mark.parametrize("sizes", [(), (4, 0)])
def test_a_layout_without_sizes_is_refused(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="sizes"):
        FeedbackLayout(sizes)


def test_the_entries_are_normal_and_a_projection_is_as_large_as_the_error() -> None:
    matrix = feedback_matrix(10, 100_000, stream(0, "test/feedback"))
    assert matrix.dtype == np.float32
    unit = matrix.astype(np.float64) * np.sqrt(10)
    n = unit.size  # moments of N(0, 1), each within five standard errors
    assert unit.mean() == pytest.approx(0, abs=5 / np.sqrt(n))
    assert unit.var() == pytest.approx(1, abs=5 * np.sqrt(2 / n))
    assert (unit**4).mean() == pytest.approx(3, abs=5 * np.sqrt(96 / n))
    error = stream(1, "test/feedback").normal(size=10)
    rms = float(np.sqrt(np.mean((error @ matrix) ** 2)))
    assert rms == pytest.approx(np.sqrt(np.mean(error**2)), rel=5 / np.sqrt(2 * 100_000))


def test_the_matrix_is_that_of_its_stream() -> None:
    first, again = (feedback_matrix(4, 6, stream(7, "test/feedback"), 2.0) for _ in range(2))
    other = feedback_matrix(4, 6, stream(8, "test/feedback"), 2.0)
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_scale_that_is_no_size_is_refused(scale: float) -> None:
    with pytest.raises(ConfigError, match="scale"):
        feedback_matrix(4, 6, stream(0, "test/feedback"), scale)


def test_centring_a_projection_is_projecting_the_centred_errors() -> None:
    rng = stream(0, "test/centring")
    errors, matrix = rng.normal(size=(8, 4)), rng.normal(size=(4, 10))
    expected = (errors - errors.mean(axis=0)) @ matrix
    assert np.allclose(centred(errors @ matrix), expected, rtol=0, atol=1e-14)
