"""Tests of the 8x8 picture tasks against the pictures they come from."""

import numpy as np

from data.sets import load
from experiments.tasks.images import build_fashion8x8, build_mnist8x8
from experiments.tasks.task import TaskOptions


def test_the_sizes_of_the_parts_are_those_of_the_files() -> None:
    mnist, fashion = build_mnist8x8(TaskOptions("mnist8x8")), build_fashion8x8(TaskOptions("fashion8x8"))
    assert [len(x) for _, x, _ in mnist.parts()] == [7200, 800, 2000]
    assert [len(x) for _, x, _ in fashion.parts()] == [2700, 300, 1000]


def test_small_clothes_are_as_bright_as_the_large_ones() -> None:
    data, task = load("fashion4k"), build_fashion8x8(TaskOptions("fashion8x8"))
    assert np.allclose(
        task.x_test.mean(axis=1), data.inputs[data.test].mean(axis=1) / 255, rtol=0, atol=1e-12
    )


def test_test_pictures_keep_the_order_of_the_file() -> None:
    data, task = load("mnist10k_8x8"), build_mnist8x8(TaskOptions("mnist8x8"))
    assert np.array_equal(task.x_test * 255, data.inputs[data.test])
    assert np.array_equal(task.y_test, data.labels[data.test])
