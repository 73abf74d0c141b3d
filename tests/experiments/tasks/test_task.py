"""Tests of the rules every task keeps, over every registered task."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emulator.errors import TaskError
from experiments.tasks.registry import build_task, task_names
from experiments.tasks.task import Task, TaskOptions

SIZES = {
    "vowel": (8, 16, 16, 4),
    "mnist8x8": (64, 24, 24, 10),
    "fashion8x8": (64, 24, 24, 10),
    "mnist16": (256, 256, 256, 10),
    "fashion32": (1024, 24, 24, 10),
    "emoji32": (3072, 24, 24, 9),
    "mnist": (784, 1024, 1024, 10),
    "fashion4k": (784, 1024, 1024, 10),
}
OTHERS = {
    "own", "matrix", "cifar10", "climate_na", "climate_bench", "mnist16_diffusion", "fashion_diffusion", "dialogue",
}  # fmt: skip
"""These have tests of their own."""
SHIPPED = [name for name in task_names() if name not in {"fashion60k", *OTHERS}]  # its data may not be here


@pytest.fixture(autouse=True, scope="module")
def _nothing_installed() -> Iterator[None]:
    """Hide the Debian package, so that ``fashion`` is the same task on every machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("data.fashion_mnist.FOLDER", Path("nowhere"))
        yield


@pytest.fixture(scope="module", params=SHIPPED)
def task(request: pytest.FixtureRequest) -> Task:
    return build_task(TaskOptions(request.param))


def test_inputs_are_amplitudes_and_labels_are_outputs(task: Task) -> None:
    assert task.layer_sizes == SIZES[task.name]
    for _, x, y in task.parts():
        assert x.dtype == np.float64
        assert x.flags.c_contiguous
        assert x.min() >= 0
        assert x.max() <= 1
        assert set(np.unique(y)) == set(range(task.layer_sizes[-1]))


def test_the_three_parts_share_no_sample(task: Task) -> None:
    rows = [row.tobytes() for _, x, _ in task.parts() for row in x]
    assert len(set(rows)) == len(rows)


def test_the_same_options_give_the_same_bytes(task: Task) -> None:
    assert build_task(TaskOptions(task.name)).digest() == task.digest()


def test_another_seed_holds_out_other_samples(task: Task) -> None:
    assert build_task(TaskOptions(task.name, seed=1)).digest() != task.digest()


def test_the_resolved_options_build_the_same_task(task: Task) -> None:
    assert task.options.classes is not None
    assert task.options.split is not None
    assert task.options.hidden == task.layer_sizes[1:-1]
    assert build_task(task.options).digest() == task.digest()


def test_the_validation_part_is_the_asked_share_of_the_training_part(task: Task) -> None:
    half = build_task(TaskOptions(task.name, validation_fraction=0.5))
    assert abs(len(half.x_val) - len(half.x_train)) <= 1
    assert half.x_test.shape == task.x_test.shape


@pytest.mark.parametrize("hidden", [(), (5,), (7, 6, 5)])
def test_the_hidden_layers_may_be_chosen(task: Task, hidden: tuple[int, ...]) -> None:
    chosen = build_task(TaskOptions(task.name, hidden=hidden))
    assert chosen.layer_sizes == (task.layer_sizes[0], *hidden, task.layer_sizes[-1])
    assert np.array_equal(chosen.x_test, task.x_test)


def test_the_arrays_cannot_be_changed(task: Task) -> None:
    with pytest.raises(ValueError, match="read-only"):
        task.x_train[0, 0] = 0.5


def test_classes_are_numbered_in_the_order_asked_for() -> None:
    forward = build_task(TaskOptions("mnist8x8", classes=(3, 7)))
    backward = build_task(TaskOptions("mnist8x8", classes=(7, 3)))
    assert forward.layer_sizes[-1] == 2
    assert np.array_equal(forward.y_test, 1 - backward.y_test)
    assert np.array_equal(forward.x_test, backward.x_test)


def test_an_unknown_task_is_refused_with_the_nearest() -> None:
    with pytest.raises(TaskError, match="did you mean 'mnist8x8'"):
        build_task(TaskOptions("mnist8x"))


def test_a_split_the_task_lacks_is_refused() -> None:
    with pytest.raises(TaskError, match=r"must be one of random, speaker. did you mean 'speaker'"):
        build_task(TaskOptions("vowel", split="speakers"))
    with pytest.raises(TaskError, match="must be one of stored"):
        build_task(TaskOptions("fashion8x8", split="random"))


@pytest.mark.parametrize("label", [11, -1, 1.0, True])
def test_a_class_the_data_lacks_is_refused(label: int) -> None:
    with pytest.raises(TaskError, match="unknown"):
        build_task(TaskOptions("vowel", classes=(0, 2, label)))


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": (1,)},
        {"classes": (1, 1)},
        {"seed": -1},
        {"seed": True},
        {"validation_fraction": 0.0},
        {"validation_fraction": 0.6},
        {"validation_fraction": float("nan")},
        {"hidden": (16, 0)},
        {"hidden": (16.0,)},
        {"hidden": (True,)},
    ],
)
def test_options_out_of_range_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(TaskError, match=next(iter(changes))):
        replace(TaskOptions("vowel"), **changes)  # type: ignore[arg-type]


def test_arrays_that_break_the_rules_are_refused(task: Task) -> None:
    with pytest.raises(TaskError, match=r"train part: inputs must lie in \[0, 1\]"):
        replace(task, x_train=task.x_train + 0.5)
    with pytest.raises(TaskError, match="val part: labels"):
        replace(task, y_val=task.y_val + 1)
    with pytest.raises(TaskError, match="test part: inputs must be float64"):
        replace(task, x_test=np.asfortranarray(task.x_test))
    with pytest.raises(TaskError, match="layer_sizes"):
        replace(task, layer_sizes=(8,))
