"""What training with light costs on a bench: time in closed form, energy, and budgets that end it."""

import pytest

from experiments.tasks.task import Task
from tests.controllers.feedback_alignment.plain_training import parameters_of
from tests.experiments.run.training_lab import (
    BATCH,
    LAUNCH_S,
    SAMPLES,
    SLOW_TO_START,
    distance,
    few_digits,
    first_weights,
    ten_digits,
    train,
)


@pytest.fixture(scope="module")
def task() -> Task:
    return few_digits()


def closed_form_s(batches: int, frames: int) -> float:
    """Return the seconds of ``batches`` that wait for each other, each of as many ``frames``, without a host.

    The slots of all frames but the last; before them upload and load; after them exposure, readout of one row and
    twelve of overhead, transfer of 2040 pixels, and latency. Sources: the preset ``light_in_the_loop``.
    """
    fill = 912 * 1140 / 1.6e10 + 100e-6
    tail = 400e-6 + 13 * 2.6875e-6 + 2040 * 8 / 1.6e10 + 1e-6
    return batches * (fill + (frames - 1) / 1500 + tail)


def test_a_late_schedule_keeps_the_frame_clock_busy(task: Task) -> None:
    """Only the first forward pass and the last step are beside frames: 384 slots, one after the other."""
    _, result = train(ten_digits(*SLOW_TO_START, "controller.schedule=late"), task)
    expected = LAUNCH_S + closed_form_s(1, 2 * 2 * SAMPLES) + LAUNCH_S
    assert result.elapsed_s == pytest.approx(expected, abs=1e-11)


def test_a_schedule_that_waits_leaves_the_frame_clock_idle_while_the_host_works(task: Task) -> None:
    """Of the three computations of a step one is beside frames."""
    _, result = train(ten_digits(*SLOW_TO_START), task)
    batches = 2 * SAMPLES // BATCH
    expected = 2 * batches * LAUNCH_S + closed_form_s(batches, 2 * BATCH)
    assert result.elapsed_s == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("feedback", ["ternary", "exact", "backprop"])
def test_on_the_host_alone_a_step_takes_its_four_computations(feedback: str, task: Task) -> None:
    _, result = train(ten_digits(*SLOW_TO_START, f"controller.feedback={feedback}"), task)
    computed = 4 * 2 * SAMPLES // BATCH
    assert result.elapsed_s == pytest.approx(computed * LAUNCH_S, abs=1e-11)
    assert result.queries == computed


def test_the_box_draws_its_power_all_the_time(task: Task) -> None:
    _, result = train(ten_digits(), task)
    assert result.energy_by_component_j["opu.box"] == pytest.approx(30.0 * result.elapsed_s, rel=1e-12)


def test_evaluating_and_aligning_take_neither_time_nor_energy_nor_chances(task: Task) -> None:
    often, never = ten_digits("controller.align_every=1"), ten_digits("controller.align_every=1_000")
    (seen, one), (unseen, other) = train(often, task), train(never, task)
    assert one == other
    assert distance(parameters_of(seen.model.blocks), parameters_of(unseen.model.blocks)) == 0.0


@pytest.mark.parametrize("schedule", ["wait", "late"])
@pytest.mark.parametrize("budget", ["queries=40", "time_s=0.05", "energy_j=1.5"])
def test_a_spent_budget_stops_the_training(budget: str, schedule: str, task: Task) -> None:
    limits = f"budget.{budget}", f"controller.schedule={schedule}"
    ready, result = train(ten_digits("host.preset=ideal", *limits), task)
    assert result.status == "budget"
    assert f"budget.{budget.split('=', maxsplit=1)[0]}" in result.reason
    assert result.queries == 2 * BATCH  # each is spent by more than one batch and less than two
    assert distance(parameters_of(ready.model.blocks), parameters_of(first_weights(ten_digits(), task))) > 0.0
