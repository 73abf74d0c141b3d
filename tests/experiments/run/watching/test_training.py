"""What is watched of a network that is trained: loss and accuracy as plain NumPy has them."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from experiments.run.prepare import Prepared
from experiments.run.run import program_of, watch_of
from experiments.tasks.task import Task
from tests.controllers.feedback_alignment.plain_training import parameters_of
from tests.experiments.run.training_lab import bench, few_digits, prepared, ten_digits


@pytest.fixture(scope="module")
def task() -> Task:
    return few_digits()


def test_the_watch_measures_the_network_and_selects_by_validation_loss(task: Task) -> None:
    study = ten_digits()
    ready = prepared(study, task)
    watch = watch_of(study, ready, program_of(study, ready))
    lab = bench(study, ready)
    assert watch.facts(lab) == ""
    best = math.inf, math.nan
    for _ in range(4):
        found = watch.observe(lab)
        logits = [plain_logits(ready, x) for x in (task.x_val, task.x_test)]
        accuracies = [
            (z.argmax(1) == y).mean() for z, y in zip(logits, (task.y_val, task.y_test), strict=True)
        ]
        assert [found["val_accuracy"], found["test_accuracy"]] == pytest.approx(accuracies, abs=2e-3)
        peaks = logits[0][np.arange(len(task.y_val)), task.y_val]
        assert found["val_loss"] == pytest.approx((np.log(np.exp(logits[0]).sum(1)) - peaks).mean(), rel=1e-5)
        best = min(best, (found["val_loss"], found["test_accuracy"]))
        assert found["selected_test_accuracy"] == best[1]
        assert found["energy_j"] == lab.energy_j
        for parameter in ready.model.blocks[-1].parameters():
            parameter.data = -2.0 * parameter.data
    assert watch.facts(lab) == f"test {100 * watch.test:.1f} %"


def plain_logits(ready: Prepared, x: NDArray[np.float64]) -> NDArray[np.float64]:
    numbers = [parameter.double().numpy() for parameter in parameters_of(ready.model.blocks)]
    for weights, bias in zip(numbers[:-2:2], numbers[1:-2:2], strict=True):
        x = np.tanh(x @ weights.T + bias)
    logits: NDArray[np.float64] = x @ numbers[-2].T + numbers[-1]
    return logits
