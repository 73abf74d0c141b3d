"""Readings one after the other: by host and by sequencer the same outputs and losses come back."""

from collections.abc import Generator
from typing import Any, Literal

import numpy as np
import pytest

from controllers.losses import cross_entropy
from controllers.reading import losses_at, outputs_at
from emulator.commands import Batch, Probe, Reading, Readings, Sequence
from emulator.streams import stream

HEATERS = np.array([[3, 5], [5, 7], [3, 7]])
RADIANS = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
OUTPUTS = stream(0, "tests/reading").normal(size=(3, 4, 2))
BATCH = Batch(0, np.zeros((4, 2)), np.array([0, 1, 1, 0]))


def finished(asking: Generator[Any, Any, Any]) -> tuple[list[Any], Any]:
    """Serve ``asking`` with the canned outputs in order; return what it asked, and what it returned."""
    asked: list[Any] = []
    reply: Any = None
    while True:
        try:
            asked.append(asking.send(reply))
        except StopIteration as end:
            return asked, end.value
        if isinstance(asked[-1], Sequence):
            reply = Readings(OUTPUTS, RADIANS[:, -1], 0.0, 3, 0, 0, 0, 0.0)
        else:
            reply = Reading(OUTPUTS[len(asked) - 1], 0)


def test_the_host_asks_probe_by_probe_and_the_sequencer_once() -> None:
    asked, outputs = finished(outputs_at(HEATERS, RADIANS, BATCH, "host"))
    assert asked == [
        Probe(row, phases, BATCH) for row, phases in zip(HEATERS.tolist(), RADIANS.tolist(), strict=True)
    ]
    np.testing.assert_array_equal(outputs, OUTPUTS)
    [sequence], outputs = finished(outputs_at(HEATERS, RADIANS, BATCH, "sequencer"))
    np.testing.assert_array_equal(sequence.heaters, HEATERS)
    np.testing.assert_array_equal(sequence.radians, RADIANS)
    assert sequence.decide is None
    np.testing.assert_array_equal(outputs, OUTPUTS)


@pytest.mark.parametrize("loop", ["host", "sequencer"])
def test_losses_are_those_of_the_outputs(loop: Literal["host", "sequencer"]) -> None:
    _, losses = finished(losses_at(HEATERS, RADIANS, BATCH, loop))
    assert losses.tolist() == [cross_entropy(each, BATCH.labels) for each in OUTPUTS]
