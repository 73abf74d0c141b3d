"""Tests of the vowel task: its splits, and that nothing is fitted on what it is judged by."""

import numpy as np

from data.sets import load
from experiments.tasks.splits import random_split, stored_split
from experiments.tasks.task import TaskOptions
from experiments.tasks.vowel import build_vowel

CLASSES = (0, 1, 2, 3)


def test_four_classes_split_70_to_30() -> None:
    task = build_vowel(TaskOptions("vowel"))
    assert len(task.x_train) + len(task.x_val) == 252
    assert len(task.x_test) == 108


def test_features_are_fitted_on_the_training_part_alone() -> None:
    task = build_vowel(TaskOptions("vowel"))
    assert np.allclose(task.x_train.min(axis=0), 0.0, atol=1e-12)
    assert np.allclose(task.x_train.max(axis=0), 1.0, atol=1e-12)
    assert not np.allclose(task.x_test.max(axis=0), 1.0)


def test_the_random_parts_cover_the_chosen_classes_once() -> None:
    data = load("vowel")
    split = random_split(data, CLASSES, TaskOptions("vowel"))
    rows = np.concatenate([split.train, split.val, split.test])
    assert np.array_equal(np.sort(rows), np.flatnonzero(data.labels < 4))


def test_the_speaker_parts_share_no_voice() -> None:
    data = load("vowel")
    split = stored_split(data, CLASSES, TaskOptions("vowel"))
    assert data.groups is not None
    voices = [set(data.groups[rows]) for rows in (split.train, split.val, split.test)]
    assert [len(v) for v in voices] == [6, 2, 7]
    assert len(set.union(*voices)) == 15


def test_six_classes_make_a_six_output_network() -> None:
    task = build_vowel(TaskOptions("vowel", classes=(0, 5, 1, 6, 2, 7)))
    assert task.layer_sizes == (8, 16, 16, 6)
    assert len(task.x_test) == 162


def test_more_components_widen_the_first_layer_and_keep_the_samples() -> None:
    narrow = build_vowel(TaskOptions("vowel"))
    wide = build_vowel(TaskOptions("vowel", components=10, hidden=(24, 24)))
    assert wide.layer_sizes == (10, 24, 24, 4)
    assert np.array_equal(wide.x_test[:, :8], narrow.x_test)
    assert np.array_equal(wide.y_test, narrow.y_test)
