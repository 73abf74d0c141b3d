"""Sequences that are refused, and one whose readings are not finite."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from emulator.commands import (
    Controller,
    Forward,
    Sequence,
)
from emulator.errors import CommandError
from emulator.instruments.chip.chip import Chip
from emulator.physics.chip.kernels.circuit import GAIN
from tests.bench_lab import (
    STARTED,
    SmallLab,
    rows_of,
)
from tests.builders import NotingRecorder, random_batch
from tests.emulator.instruments.chip.sequencer_lab import NEAR, asking, labelled, visits


def changed(command: Sequence, **changes: Any) -> Sequence:
    decide = command.decide
    assert decide is not None
    return Sequence(command.heaters, command.radians, command.batch, decide._replace(**changes))


GOOD = visits("step_back", 3)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            Sequence(np.zeros((0, 1), dtype=np.int64), np.zeros((0, 1)), labelled(1)),
            r"heaters have shape \(0, 1\)",
        ),
        (Sequence(np.array([1, 2]), np.array([1.0, 2.0]), labelled(1)), r"both are \(n, k\)"),
        (Sequence(np.array([[1, 2]]), np.array([[1.0]]), labelled(1)), r"phases \(1, 1\)"),
        (Sequence(np.array([[-1]]), np.array([[1.0]]), labelled(1)), "device -1 is not an active heater"),
        (Sequence(np.array([[99]]), np.array([[1.0]]), labelled(1)), "device 99 is not an active heater"),
        (Sequence(np.array([[1]]), np.array([[np.nan]]), labelled(1)), "a phase is not finite"),
        (Sequence(np.array([[1]]), np.array([[1.0]]), random_batch(3, 7)), r"takes \(samples >= 1, 6\)"),
        (changed(GOOD, rule="step_bck"), r"'step_bck' is no rule of a Descent; did you mean 'step_back'\?"),
        (changed(GOOD, queries=0), r"reads at least once \(0 given\)"),
        (changed(GOOD, back=np.zeros(2)), r"back has shape \(2,\); allowed: \(3,\), one a visit"),
        (changed(GOOD, home=np.full(3, np.inf)), "a phase is not finite"),
        (changed(GOOD, keep_home=np.zeros((3, 1), dtype=np.bool_)), "keep_home has shape"),
    ],
)
def test_a_sequence_that_does_not_fit_is_refused_and_nothing_happens(
    lab: SmallLab, command: Sequence, words: str
) -> None:
    refused = []

    def agent() -> Controller:
        try:
            yield command
        except CommandError as error:
            refused.append(str(error))
        yield Forward(labelled(1))

    outing = lab.run(agent)
    assert len(refused) == 1
    with pytest.raises(CommandError, match=words):
        raise CommandError(refused[0])
    assert rows_of(outing) == rows_of(lab.run(lambda: asking([], Forward(labelled(1)))))


@pytest.mark.parametrize("labels", [np.zeros(11, dtype=np.int64), np.full(12, 3), np.full(12, -1)])
def test_labels_that_do_not_fit_are_refused_where_losses_decide(
    lab: SmallLab, labels: NDArray[np.int64]
) -> None:
    batch = replace(labelled(1), labels=labels)
    with pytest.raises(CommandError, match="label"):
        lab.run(lambda: asking([], Sequence(GOOD.heaters, GOOD.radians, batch, GOOD.decide)))
    assert (
        lab.run(lambda: asking([], Sequence(GOOD.heaters, GOOD.radians, batch))).result.status == "complete"
    )


def test_labels_that_are_no_numbers_are_refused_in_words(lab: SmallLab) -> None:
    batch = replace(labelled(1), labels=np.full(12, "0"))
    with pytest.raises(CommandError, match=r"^Sequence: .* is refused: .*; allowed: .*batch: Batch"):
        lab.run(lambda: asking([], Sequence(GOOD.heaters, GOOD.radians, batch, GOOD.decide)))


def test_labels_of_any_kind_of_number_are_taken(lab: SmallLab) -> None:
    for kind in (np.uint8, np.float16, object):
        batch = replace(labelled(1), labels=labelled(1).labels.astype(kind))
        outing = lab.run(
            lambda batch=batch: asking([], Sequence(GOOD.heaters, GOOD.radians, batch, GOOD.decide))
        )
        assert outing.result.status == "complete"


@pytest.mark.parametrize("command", [GOOD, Sequence(GOOD.heaters, GOOD.radians, labelled(1))])
def test_a_reading_that_is_not_finite_ends_the_run_as_diverged(command: Sequence) -> None:
    bench = NEAR.bench()
    heater = int(GOOD.heaters[0, 0])
    bench.instrument(Chip).core.drive(np.array([heater]), np.array([np.nan]), 0)
    other = changed(GOOD) if command.decide else command
    result = bench.run({"a": asking([], Sequence(other.heaters[1:], other.radians[1:], labelled(1)))})
    assert result.status == "diverged"
    assert "not finite" in result.reason


def test_the_rows_before_a_reading_that_is_not_finite_are_told() -> None:
    active = np.flatnonzero(NEAR.bench().instrument(Chip).core.design.active)
    command = Sequence(active[:4, np.newaxis], np.linspace(0.5, 1.5, 4)[:, np.newaxis], labelled(1))

    def outing(overdriven: int | None) -> tuple[str, str, int, list[Any]]:
        bench = NEAR.bench()
        if overdriven is not None:  # once it is driven, the light turns by an infinite phase
            bench.instrument(Chip).core.drivers[GAIN, active[overdriven]] = np.inf
        result = bench.run({"a": asking([], command)})
        assert isinstance(bench.recorder, NotingRecorder)
        return result.status, result.reason, result.queries, bench.recorder.commands

    _, _, queries, all_rows = outing(None)
    assert (queries, len(all_rows)) == (4, 4)
    for place in range(4):
        status, reason, queries, told_rows = outing(place)
        assert (status, queries) == ("diverged", place + 1)
        assert f"query {place + 1} read a value that is not finite" in reason
        assert [row[STARTED:] for row in told_rows] == [row[STARTED:] for row in all_rows[:place]]
