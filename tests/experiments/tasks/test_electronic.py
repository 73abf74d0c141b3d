"""Tests of the electronic reference network on matrices small enough to follow by hand."""

import numpy as np

from experiments.tasks.electronic import accuracy, layer_outputs, logits

WEIGHTS = (np.array([[1.0, -1.0], [10.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]))
X = np.array([[0.0, 1.0], [1.0, 0.0]])


def test_the_activation_cuts_at_zero_and_at_its_limit() -> None:
    hidden, out = layer_outputs(WEIGHTS, X, clip=4.0)
    assert hidden.tolist() == [[-1.0, 0.0], [1.0, 10.0]]
    assert out.tolist() == [[0.0, 0.0], [1.0, 4.0]]


def test_the_last_layer_is_not_cut() -> None:
    assert logits((np.array([[-9.0, 9.0]]),), X, clip=4.0).tolist() == [[9.0], [-9.0]]


def test_accuracy_is_the_share_of_right_answers() -> None:
    assert accuracy(WEIGHTS, X, np.array([0, 0]), clip=4.0) == 0.5
    assert accuracy(WEIGHTS, X, np.array([0, 1]), clip=4.0) == 1.0
