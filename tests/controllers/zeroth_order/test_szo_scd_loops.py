"""Who closes the loop of SZO-SCD, the host or the chip's sequencer, and what either does at the last query."""

from typing import Any

import numpy as np
import pytest

from emulator.commands import Readings, Sequence
from tests.controllers.zeroth_order.canned import TWO_PI, descent, moves, never_better, play, values


def test_a_step_back_that_could_not_be_measured_any_more_is_not_taken() -> None:
    asked = play(descent([1.0], queries=2), never_better())
    assert moves(asked) == ["query", (10, 1.02), "settle", "query", (10, 1.0), "settle"]
    assert values(asked, "steps_pruned")[-1] == 0
    assert values(asked, "active_phase_rad") == [pytest.approx(1.0)]


def test_the_sequencer_is_asked_once_an_iteration_and_for_no_more_than_the_rest_of_the_queries() -> None:
    controller = descent([1.0, 0.01], queries=9, loop="sequencer", power_awareness=1.0)
    sequences: list[Sequence] = []
    reply: Any = None
    while True:
        try:
            command = controller.send(reply)
        except StopIteration:
            break
        reply = None
        if isinstance(command, Sequence):
            sequences.append(command)
            reply = Readings(np.empty((0, 0, 0)), np.array([1.02, 0.01]), 0.5, 4, 1, 0, 1, 0.0)
    decisions = [command.decide for command in sequences]
    assert [decide.queries for decide in decisions if decide is not None] == [9, 5, 1]
    first = sequences[0]
    assert first.decide is not None
    assert first.heaters.tolist() == [[10], [11]]
    np.testing.assert_allclose(first.radians[:, 0], [1.02, 0.03])
    np.testing.assert_allclose(first.decide.back, [0.98, TWO_PI - 0.01])
    np.testing.assert_allclose(first.decide.home, [1.0, 0.01])
    assert first.decide.keep_home.tolist() == [False, True]
    assert sequences[1].decide is not None
    np.testing.assert_allclose(sequences[1].decide.home, [1.02, 0.01])


def test_an_iteration_that_draws_no_heater_reads_once_and_sends_no_sequence() -> None:
    controller = descent([1.0], queries=3, loop="sequencer", selection="bernoulli", sparsity=1e-9)
    asked = play(controller, never_better())
    assert moves(asked) == ["query"] * 3
    assert not any(isinstance(command, Sequence) for command in asked)
