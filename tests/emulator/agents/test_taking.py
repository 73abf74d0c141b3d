"""What is started is what is carried out, though its arrays are filled again before its turn comes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from emulator.agents.taking import taken
from emulator.commands import (
    Batch,
    Controller,
    Descent,
    Forward,
    Incumbent,
    Join,
    Probe,
    Project,
    Sequence,
    SetPhases,
    Start,
)
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.host.config import HostConfig
from tests.bench_lab import SmallLab
from tests.builders import random_batch
from tests.opu_lab import random_vectors, run_opu, small_opu

LAB = SmallLab(ChipConfig(), HostConfig())
BATCH = random_batch(5, 6)


class Buffers:
    """What a thrifty controller allocates once, and fills for every command anew."""

    def __init__(self) -> None:
        self.radians = np.array([1.0, 2.0])
        self.listed = [1.0, 2.0]
        self.visits = np.full((2, 1), 1.0)
        self.batch = Batch(7, BATCH.inputs.copy(), BATCH.labels.copy())

    def fill(self) -> None:
        for array in (self.radians, self.visits, self.batch.inputs):
            array[:] = 0.3
        self.batch.labels[:] = 0
        self.listed[:] = [0.3, 0.3]

    def descent(self) -> Descent:
        back = self.visits[:, 0]
        return Descent("step_back", back, back, np.zeros(2, dtype=np.bool_), 3)


HEATERS = np.array([[3], [4]])
STARTED: list[Callable[[Buffers], Any]] = [
    lambda own: SetPhases([3, 4], own.radians),  # type: ignore[arg-type]  # an array is a sequence to the chip
    lambda own: SetPhases([3, 4], own.listed),
    lambda own: Probe([3, 4], own.listed, own.batch),
    lambda own: Forward(own.batch),
    lambda own: Sequence(HEATERS, own.visits, own.batch),
    lambda own: Sequence(HEATERS, own.visits, own.batch, own.descent()),
]


def read_after(make: Callable[[Buffers], Any], *, filled: bool) -> list[Any]:
    replies: list[Any] = []

    def main() -> Controller:
        own = Buffers()
        ticket = yield Start(make(own))
        if filled:
            own.fill()
        replies.append((yield Join(ticket)))
        replies.append((yield Forward(BATCH)))

    LAB.run(main)
    return replies


@pytest.mark.parametrize("make", STARTED)
def test_the_chip_is_driven_to_and_reads_what_was_there_when_the_command_was_started(
    make: Callable[[Buffers], Any],
) -> None:
    for one, other in zip(read_after(make, filled=True), read_after(make, filled=False), strict=True):
        for field, kept in zip(one, other, strict=True):
            np.testing.assert_array_equal(field, kept)


def test_light_shows_the_vectors_that_were_there_when_the_projection_was_started() -> None:
    found: list[Any] = []

    def main(filled: bool) -> Controller:
        vectors = random_vectors(4)
        ticket = yield Start(Project(vectors))
        if filled:
            vectors[:] = 0.0
        found.append((yield Join(ticket)))

    for filled in (False, True):
        run_opu(small_opu(), [main(filled)])
    np.testing.assert_array_equal(found[0].outputs, found[1].outputs)


def test_the_incumbent_is_what_was_named_though_its_array_is_filled_again() -> None:
    def main() -> Controller:
        own = Buffers()
        yield Incumbent(own.radians, [3, 4])
        own.fill()
        yield Forward(BATCH)

    outing = LAB.run(main)
    np.testing.assert_allclose(outing.bench.instrument(Chip).judged()[[3, 4]], [1.0, 2.0], atol=0.02)


def test_what_nobody_can_write_to_is_not_copied() -> None:
    still = np.ones(3)
    still.setflags(write=False)
    assert taken(SetPhases([1], still)).radians is still  # type: ignore[arg-type]
    view = np.ones(3)[:]
    view.setflags(write=False)
    assert not np.shares_memory(taken(view), view)
