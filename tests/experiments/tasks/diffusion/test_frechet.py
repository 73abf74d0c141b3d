"""Tests of the Fréchet distance against closed forms."""

import numpy as np
import pytest

from emulator.streams import stream
from experiments.tasks.diffusion.frechet import frechet_distance


def features(seed: int, count: int = 4000) -> np.ndarray:
    return stream(seed, "test/frechet").normal(size=(count, 3))


def test_the_same_features_are_at_no_distance() -> None:
    assert frechet_distance(features(0), features(0)) == pytest.approx(0.0, abs=1e-9)


def test_a_shift_is_its_square() -> None:
    shift = np.array([1.0, -2.0, 0.5])
    assert frechet_distance(features(0), features(0) + shift) == pytest.approx(shift @ shift)


def test_of_commuting_spreads_it_is_the_sum_of_squared_differences() -> None:
    scales = np.array([2.0, 0.5, 1.0])
    orthogonal = features(0)
    orthogonal = np.linalg.qr(orthogonal - orthogonal.mean(axis=0))[0] * np.sqrt(len(orthogonal) - 1)
    found = frechet_distance(orthogonal, orthogonal * scales)
    assert found == pytest.approx(((scales - 1.0) ** 2).sum())


def test_it_is_the_same_both_ways() -> None:
    left, right = features(0), features(1) @ np.array([[1.0, 0.3, 0], [0, 2, 0.1], [0, 0, 0.4]]) + 1
    assert frechet_distance(left, right) == pytest.approx(frechet_distance(right, left))
