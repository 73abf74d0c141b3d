"""Tests of the picture tasks against the pictures they come from."""

from pathlib import Path

import numpy as np
import pytest

from data.fashion_mnist import installed
from data.sets import load
from emulator.errors import TaskError
from experiments.tasks.images import (
    build_fashion,
    build_fashion4k,
    build_fashion8x8,
    build_fashion32,
    build_fashion60k,
    build_mnist,
    build_mnist8x8,
    build_mnist16,
)
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


def test_large_digits_are_the_files_pixels_split_as_the_small_ones_are() -> None:
    data, large = load("mnist10k"), build_mnist(TaskOptions("mnist"))
    assert [len(x) for _, x, _ in large.parts()] == [7200, 800, 2000]
    assert np.array_equal(large.x_test, data.inputs[data.test] / 255)
    assert np.array_equal(large.y_test, build_mnist8x8(TaskOptions("mnist8x8")).y_test)


def test_without_the_package_clothes_are_the_4000_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.fashion_mnist.FOLDER", Path("nowhere"))
    task = build_fashion(TaskOptions("fashion"))
    assert (task.name, task.options.name) == ("fashion4k", "fashion4k")
    assert "4,000 of the images" in task.title
    assert task.digest() == build_fashion4k(TaskOptions("fashion4k")).digest()


def test_all_clothes_are_refused_without_the_package_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.fashion_mnist.FOLDER", Path("nowhere"))
    with pytest.raises(TaskError, match=r"install the Debian package dataset-fashion-mnist.*'fashion4k'"):
        build_fashion60k(TaskOptions("fashion60k"))


@pytest.mark.skipif(not installed(), reason="the Debian package dataset-fashion-mnist is not installed")
def test_with_the_package_clothes_are_all_70000_and_say_so() -> None:
    task = build_fashion(TaskOptions("fashion"))
    assert (task.name, task.options.name) == ("fashion60k", "fashion60k")
    assert [len(x) for _, x, _ in task.parts()] == [54_000, 6_000, 10_000]
    assert "all 70,000" in task.title
    assert "Debian package" in task.source


def test_pictures_for_convolutions_are_as_bright_as_the_files_and_framed_by_dark() -> None:
    digits, data = build_mnist16(TaskOptions("mnist16")), load("mnist10k")
    assert np.allclose(
        digits.x_test.mean(axis=1), data.inputs[data.test].mean(axis=1) / 255, rtol=0, atol=1e-12
    )
    clothes, data = build_fashion32(TaskOptions("fashion32")), load("fashion4k")
    framed = clothes.x_test.reshape(-1, 32, 32)
    assert np.array_equal(framed[:, 2:-2, 2:-2].reshape(1000, -1), data.inputs[data.test] / 255)
    assert framed.sum() == pytest.approx(framed[:, 2:-2, 2:-2].sum())
    assert (digits.picture, clothes.picture) == ((1, 16, 16), (1, 32, 32))
