"""The loss against log-sum-exp as SciPy, NumPy and torch compute it, at ordinary and at absurd outputs."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from scipy.special import logsumexp

from controllers.losses import cross_entropy, curvature_of, loss_for, mean_squared_error, slopes_of
from emulator.errors import ConfigError
from emulator.streams import stream

Floats = NDArray[np.float64]
shapes = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12)


def outputs_of(limit: float) -> st.SearchStrategy[Floats]:
    return arrays(np.float64, shapes, elements=st.floats(-limit, limit))


def some_labels(outputs: Floats, seed: int) -> NDArray[np.int64]:
    return stream(seed, "tests/labels").integers(outputs.shape[1], size=len(outputs))


def literal(outputs: Floats, labels: NDArray[np.int64]) -> float:
    """Restate the mean of -log softmax, with SciPy's log-sum-exp and an exact sum."""
    norms = logsumexp(outputs, axis=1) - outputs[np.arange(len(outputs)), labels]
    return math.fsum(norms) / len(outputs)


@given(outputs=outputs_of(30.0), seed=st.integers(0, 99))
def test_it_is_the_mean_of_log_sum_exp_less_the_labels_output(outputs: Floats, seed: int) -> None:
    labels = some_labels(outputs, seed)
    assert cross_entropy(outputs, labels) == pytest.approx(literal(outputs, labels), rel=1e-12, abs=1e-13)


@given(outputs=outputs_of(340.0), seed=st.integers(0, 99))
def test_outputs_whose_exponentials_nearly_overflow_are_no_exception(outputs: Floats, seed: int) -> None:
    labels = some_labels(outputs, seed)
    assert cross_entropy(outputs, labels) == pytest.approx(literal(outputs, labels), rel=1e-12, abs=1e-12)


@given(outputs=outputs_of(1e300), seed=st.integers(0, 99))
def test_no_finite_output_makes_it_negative_or_infinite(outputs: Floats, seed: int) -> None:
    loss = cross_entropy(outputs, some_labels(outputs, seed))
    assert 0.0 <= loss <= 700.0 + math.log(outputs.shape[1]) + 1e-9


@given(margin=st.floats(-1e6, 1e6), samples=st.integers(1, 400))
def test_many_samples_of_one_loss_have_that_loss(margin: float, samples: int) -> None:
    outputs, labels = np.tile([0.0, margin], (samples, 1)), np.zeros(samples, dtype=np.int64)
    wanted = float(np.logaddexp(0.0, min(margin, 700.0)))
    assert cross_entropy(outputs, labels) == pytest.approx(wanted, rel=1e-12, abs=1e-13)


@given(outputs=outputs_of(30.0), seed=st.integers(0, 99), shift=st.integers(-1000, 1000))
def test_a_common_shift_of_a_samples_outputs_does_not_matter(outputs: Floats, seed: int, shift: int) -> None:
    labels = some_labels(outputs, seed)
    assert cross_entropy(outputs + shift, labels) == pytest.approx(
        cross_entropy(outputs, labels), rel=1e-10, abs=1e-11
    )


@pytest.mark.parametrize(("samples", "classes"), [(1, 2), (32, 10), (32, 3), (1000, 10)])
def test_torch_agrees(samples: int, classes: int) -> None:
    torch = pytest.importorskip("torch")
    outputs = 5 * stream(samples, "tests/outputs").standard_normal((samples, classes))
    labels = some_labels(outputs, classes)
    wanted = torch.nn.functional.cross_entropy(torch.from_numpy(outputs), torch.from_numpy(labels)).item()
    assert cross_entropy(outputs, labels) == pytest.approx(wanted, rel=1e-12)


def test_equal_outputs_have_the_loss_of_a_guess() -> None:
    assert cross_entropy(np.zeros((7, 10)), np.arange(7)) == pytest.approx(math.log(10), rel=1e-14)


def test_a_single_class_has_no_loss() -> None:
    assert cross_entropy(np.full((3, 1), 4.0), np.zeros(3, dtype=np.int64)) == 0.0


def test_a_difference_beyond_700_counts_as_700() -> None:
    labels = np.zeros(1, dtype=np.int64)
    assert cross_entropy(np.array([[0.0, 1e9]]), labels) == pytest.approx(700.0, rel=1e-14)
    assert cross_entropy(np.array([[0.0, math.inf]]), labels) == pytest.approx(700.0, rel=1e-14)
    assert cross_entropy(np.array([[0.0, -math.inf]]), labels) == pytest.approx(0.0, abs=1e-300)


@pytest.mark.parametrize("samples", [1, 5, 32])
@pytest.mark.parametrize("label", [0, 1])
def test_a_single_output_that_is_not_a_number_makes_the_loss_nan(samples: int, label: int) -> None:
    for sample in range(samples):
        outputs = np.ones((samples, 3))
        outputs[sample, 1] = math.nan
        assert math.isnan(cross_entropy(outputs, np.full(samples, label)))


def test_a_small_change_of_an_output_changes_the_loss() -> None:
    labels = np.zeros(32, dtype=np.int64)
    outputs = stream(0, "tests/outputs").standard_normal((32, 10))
    moved = outputs.copy()
    moved[17, 4] += 1e-8
    slope = np.exp(outputs[17, 4]) / np.exp(outputs[17]).sum() / 32
    rise = cross_entropy(moved, labels) - cross_entropy(outputs, labels)
    assert rise == pytest.approx(1e-8 * slope, rel=1e-3)


def test_the_outputs_are_left_as_they_were() -> None:
    outputs = stream(0, "tests/outputs").standard_normal((4, 3))
    before = outputs.copy()
    cross_entropy(outputs, np.zeros(4, dtype=np.int64))
    assert np.array_equal(outputs, before)


@pytest.mark.parametrize(
    ("outputs", "labels", "words"),
    [
        (np.zeros(3), np.zeros(3, dtype=np.int64), r"outputs of shape \(3,\)"),
        (np.zeros((0, 3)), np.zeros(0, dtype=np.int64), r"outputs of shape \(0, 3\)"),
        ("words", [0], "allowed: real numbers"),
        (np.zeros((2, 3)), [0, 3], r"from 0 to 3, are refused; allowed: \(2,\) whole numbers, 0\.\.2"),
        (np.zeros((2, 3)), [-1, 0], "from -1 to 0"),
        (np.zeros((2, 3)), [0.0, 1.0], "float64, is refused"),
        (np.zeros((2, 3)), [[0, 1]], r"labels of shape \(1, 2\)"),
    ],
)
def test_what_are_no_outputs_or_no_labels_is_refused_with_what_would_be(
    outputs: Any, labels: Any, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        cross_entropy(outputs, labels)


def test_values_of_another_shape_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"values of shape \(3,\) are refused; allowed: shape \(3, 2\)"):
        mean_squared_error(np.zeros((3, 2)), np.zeros(3))
    assert mean_squared_error(np.ones((3, 2)), np.zeros((3, 2))) == 1.0


def test_lists_and_slices_are_taken_and_give_what_a_search_is_told_bit_for_bit() -> None:
    outputs = stream(1, "tests/outputs").standard_normal((6, 8))[:, ::2]
    labels = some_labels(outputs, 1)
    assert cross_entropy(outputs.tolist(), labels.tolist()) == loss_for(labels)(outputs.copy(), labels)  # type: ignore[arg-type]


@pytest.mark.parametrize("values", [False, True], ids=["labels", "values"])
def test_slopes_and_curvature_are_the_losss_derivatives(values: bool) -> None:
    rng = stream(1, "tests/step")
    outputs, changes = rng.standard_normal((5, 3)), rng.standard_normal((5, 3))
    targets = rng.standard_normal((5, 3)) if values else rng.integers(3, size=5)
    h, loss = 1e-6, loss_for(targets)
    ahead, behind = outputs + h * changes, outputs - h * changes
    slope = (loss(ahead, targets) - loss(behind, targets)) / (2 * h)
    assert float((slopes_of(outputs, targets) * changes).sum()) == pytest.approx(slope, abs=1e-8)
    curve = (slopes_of(ahead, targets) - slopes_of(behind, targets)) / (2 * h)
    np.testing.assert_allclose(curvature_of(outputs, targets, changes), curve, rtol=0, atol=1e-8)
