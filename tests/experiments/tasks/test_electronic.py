"""Tests of the electronic reference network on matrices small enough to follow by hand."""

import numpy as np
import torch

from emulator.streams import stream
from experiments.models.cnn import convolutions
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


def test_convolutions_are_those_of_torch() -> None:
    network, rng = convolutions((1, 8, 8), "c3s2-a2-c4", (), 2), stream(0, "test")
    weights = [rng.normal(size=(o, f.inputs)) for o, f in zip(network.sizes[1:], network.feeds, strict=True)]
    x = rng.random((1030, 64))  # more than are held at once
    signal = torch.tensor(x.reshape(-1, 1, 8, 8))
    first, second = torch.tensor(weights[0].reshape(3, 1, 3, 3)), torch.tensor(weights[1].reshape(4, 3, 3, 3))
    signal = torch.nn.functional.conv2d(signal, first, stride=2, padding=1).clamp(0.0, 4.0)
    signal = torch.nn.functional.conv2d(torch.nn.functional.avg_pool2d(signal, 2), second, padding=1)
    expected = signal.clamp(0.0, 4.0).flatten(1) @ torch.tensor(weights[2].T)
    np.testing.assert_allclose(logits(weights, x, 4.0, network.feeds), expected.numpy(), rtol=0, atol=1e-12)
