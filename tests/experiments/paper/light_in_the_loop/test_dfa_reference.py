"""Tests of the electronic yardstick: the methods differ as they should, and nothing leaks from the test part."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
import torch

from emulator.errors import ConfigError
from emulator.streams import stream
from experiments.models.mlp import mlp
from experiments.paper.light_in_the_loop.dfa_reference import Epoch, Method, ReferenceOptions, train_reference
from experiments.tasks.registry import build_task
from experiments.tasks.task import Task, TaskOptions

Trainer = Callable[[Method], tuple[Epoch, ...]]

QUICK = ReferenceOptions(epochs=3, learning_rate=0.01, batch=100, align_every=10)


@pytest.fixture(scope="module")
def task() -> Task:
    """Return the 8x8 digits on a network of two hidden layers, small enough to train in a second."""
    return build_task(TaskOptions("mnist8x8", hidden=(64, 48)))


def _train(task: Task, method: Method, seed: int = 0) -> tuple[Epoch, ...]:
    return train_reference(task, replace(QUICK, method=method), seed)


@pytest.fixture(scope="module")
def trained(task: Task) -> Trainer:
    """Return what trains by a method, once for all tests."""
    return cache(partial(_train, task))


@pytest.mark.parametrize("method", ["backprop", "dfa", "tdfa"])
def test_every_method_learns_and_its_gradients_come_to_agree_with_the_true_ones(
    trained: Trainer, method: Method
) -> None:
    epochs = trained(method)
    assert len(epochs) == 3
    assert epochs[-1].test_accuracy > 0.85
    assert epochs[-1].val_loss < 0.5
    assert min(epochs[-1].alignment) > 0.1


def test_without_feedback_only_the_last_layer_learns_which_is_worse(trained: Trainer) -> None:
    shallow, dfa = trained("shallow"), trained("dfa")
    assert shallow[-1].alignment == (0.0, 0.0)
    assert 0.3 < shallow[-1].test_accuracy < dfa[-1].test_accuracy


def test_backpropagation_is_that_of_torch_written_out(task: Task, trained: Trainer) -> None:
    network = torch.nn.Sequential(*mlp(task.layer_sizes, stream(0, "dfa/weights")))
    optimizer = torch.optim.Adam(network.parameters(), lr=QUICK.learning_rate)
    order = stream(0, "dfa/batches")
    x, y = torch.tensor(task.x_train, dtype=torch.float32), torch.tensor(task.y_train)
    for _ in range(QUICK.epochs):
        for rows in torch.from_numpy(order.permutation(len(x))).split(QUICK.batch):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(x[rows]), y[rows]).backward()
            optimizer.step()
    found = network(torch.tensor(task.x_test, dtype=torch.float32)).argmax(dim=1).numpy()
    expected = float((found == task.y_test).mean())
    # Rounding differs by the division by a batch, so that single test samples may differ after 216 steps.
    assert trained("backprop")[-1].test_accuracy == pytest.approx(expected, abs=0.005)


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(task: Task, trained: Trainer) -> None:
    assert trained("tdfa") == _train(task, "tdfa")
    assert trained("tdfa") != _train(task, "tdfa", seed=1)


def test_the_test_part_steers_nothing(task: Task, trained: Trainer) -> None:
    shuffled = replace(task, x_test=1.0 - task.x_test)
    first, second = trained("tdfa"), _train(shuffled, "tdfa")
    assert [epoch.val_loss for epoch in first] == [epoch.val_loss for epoch in second]


def test_centring_keeps_the_first_steps_of_ternary_errors_from_saturating_the_layers() -> None:
    task = build_task(TaskOptions("fashion4k", hidden=(256, 256)))
    options = ReferenceOptions(method="tdfa", epochs=1, batch=128, learning_rate=0.003)
    with_mean = train_reference(task, replace(options, centre=False))[-1]
    without = train_reference(task, options)[-1]
    assert without.test_accuracy > with_mean.test_accuracy + 0.2


def test_the_hidden_layers_may_share_one_projection(task: Task) -> None:
    shared = train_reference(task, replace(QUICK, method="dfa", sharing="shared"))
    assert shared[-1].test_accuracy > 0.85
    assert shared != _train(task, "dfa")


def test_the_scale_of_the_feedback_hardly_matters_to_adam(task: Task) -> None:
    ends = [
        train_reference(task, replace(QUICK, method="dfa", scale=scale))[-1].test_accuracy
        for scale in (0.01, 1.0, 100.0)
    ]
    assert np.ptp(ends) < 0.02


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "tdf"},
        {"epochs": 0},
        {"batch": 0},
        {"align_every": 0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
    ],
)
def test_options_out_of_range_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(changes))):
        replace(QUICK, **changes)  # type: ignore[arg-type]
