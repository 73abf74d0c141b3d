"""A reading is of the inputs that its command was given, whatever they are called and however they are stored."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from emulator.bench import Bench
from emulator.commands import Batch, Controller, Forward, Join, Probe, Sequence, Start
from tests.bench_lab import HASTY_HOST, SIZES, SmallLab
from tests.builders import NotingRecorder, ideal_chip, random_batch

ONE, OTHER = random_batch(4, SIZES[0], key=1), random_batch(4, SIZES[0], key=2)
Ask = Callable[[Batch], Forward | Probe | Sequence]
WAYS: dict[str, Ask] = {
    "forward": Forward,
    "probe": lambda batch: Probe((0,), (0.1,), batch),
    "sequence": lambda batch: Sequence(np.array([[0]]), np.array([[0.1]]), batch),
}


def fresh() -> Bench:
    return SmallLab(ideal_chip(), HASTY_HOST).bench()


def read(bench: Bench, command: Forward | Probe | Sequence) -> NDArray[np.float64]:
    return np.array(bench.ask(command).outputs)  # type: ignore[union-attr]  # a reading


@pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)
def test_a_key_that_repeats_reads_the_inputs_that_come_with_it(ask: Ask) -> None:
    bench = fresh()
    read(bench, ask(ONE))
    again = read(bench, ask(replace(OTHER, key=ONE.key)))
    other = fresh()
    read(other, ask(ONE))
    assert np.array_equal(again, read(other, ask(OTHER)))


@pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)
def test_an_array_that_is_filled_again_is_read_again(ask: Ask) -> None:
    bench, other = fresh(), fresh()
    mine = replace(ONE, inputs=ONE.inputs.copy())
    read(bench, ask(mine))
    read(other, ask(ONE))
    mine.inputs[:] = OTHER.inputs
    assert np.array_equal(read(bench, ask(mine)), read(other, ask(OTHER)))


@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_an_array_is_recognised_by_its_contents_however_it_lies_in_memory(order: str) -> None:
    bench, other = fresh(), fresh()
    wide = np.repeat(ONE.inputs, 2, axis=1)
    mine = replace(ONE, inputs=wide[:, ::2] if order == "strided" else np.array(ONE.inputs, order=order))  # type: ignore[call-overload]
    for _ in range(2):
        read(bench, Forward(mine))
    assert isinstance(bench.recorder, NotingRecorder)
    assert len(bench.recorder.batches) == 1
    mine.inputs[:] = OTHER.inputs
    for batch in (ONE, ONE):
        read(other, Forward(batch))
    assert np.array_equal(read(bench, Forward(mine)), read(other, Forward(OTHER)))


def test_a_key_that_repeats_with_more_samples_is_another_batch() -> None:
    bench = fresh()
    read(bench, Forward(ONE))
    assert len(read(bench, Forward(random_batch(7, SIZES[0], key=ONE.key)))) == 7


def test_the_same_inputs_under_their_key_are_brought_once_and_others_are_paid_for() -> None:
    bench = fresh()
    for batch in (ONE, replace(ONE, inputs=ONE.inputs.copy()), replace(OTHER, key=ONE.key), ONE):
        read(bench, Forward(batch))
    assert isinstance(bench.recorder, NotingRecorder)
    assert len(bench.recorder.batches) == 3


def test_a_started_command_reads_what_it_was_started_with() -> None:
    mine = replace(ONE, inputs=ONE.inputs.copy())
    found: list[NDArray[np.float64]] = []

    def controller() -> Controller:
        ticket = yield Start(Forward(mine))
        mine.inputs[:] = OTHER.inputs
        found.append((yield Join(ticket)).outputs)
        found.append((yield Forward(mine)).outputs)

    SmallLab(ideal_chip(), HASTY_HOST).run(controller)
    other = fresh()
    assert np.array_equal(found[0], read(other, Forward(ONE)))
    assert np.array_equal(found[1], read(other, Forward(OTHER)))
