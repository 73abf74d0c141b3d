"""Tests of the classifier that judges drawn pictures."""

from pathlib import Path

import numpy as np
import pytest

import experiments.tasks.diffusion.classifier as judge
from experiments.tasks.diffusion.classifier import FEATURES, classifier_of
from experiments.tasks.diffusion.pictures import build_mnist16_diffusion
from experiments.tasks.task import Task, TaskOptions


@pytest.fixture(scope="module")
def task() -> Task:
    return build_mnist16_diffusion(TaskOptions("mnist16_diffusion"))


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "_STEPS", 120)


def test_it_learns_to_tell_digits_and_has_features(task: Task, tmp_path: Path) -> None:
    found = classifier_of(task, 10, tmp_path)
    assert (found.labels(task.x_test) == task.y_test).mean() > 0.8
    assert found.features(task.x_test[:7]).shape == (7, FEATURES)


def test_another_split_has_the_same_judge(
    tmp_path: Path, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = classifier_of(task, 10, tmp_path)
    monkeypatch.setattr(judge, "_trained", lambda *_: pytest.fail("it was there"))
    other = build_mnist16_diffusion(TaskOptions("mnist16_diffusion", seed=5))
    assert not np.array_equal(other.y_train, task.y_train)
    again = classifier_of(other, 10, tmp_path)
    assert all(np.array_equal(a, b) for a, b in zip(first.weights, again.weights, strict=True))


def test_it_is_trained_once_and_the_same_anew(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = classifier_of(task, 10, tmp_path / "a")
    again = classifier_of(task, 10, tmp_path / "b")
    assert all(np.array_equal(a, b) for a, b in zip(first.weights, again.weights, strict=True))
    monkeypatch.setattr(judge, "_trained", lambda *_: pytest.fail("it was there"))
    kept = classifier_of(task, 10, tmp_path / "a")
    assert all(np.array_equal(a, b) for a, b in zip(first.weights, kept.weights, strict=True))
