"""A recording in the groups that another loop asks in; experiments/whatif/test_loop compares with real runs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emulator.commands import Controller, Forward, Probe, SetPhases, Settle, Wait
from emulator.errors import ConfigError
from emulator.retiming.recording import Recording
from emulator.retiming.reloop import relooped
from tests.builders import random_batch
from tests.emulator.retiming.retiming_lab import SIZES, chip_lab, recording_of, run

LAB = chip_lab()
BATCH = random_batch(5, SIZES[0])


def descent(iterations: int) -> Controller:
    """Visit two heaters an iteration: one stays, and one goes home unread."""
    for _ in range(iterations):
        yield Forward(BATCH)
        yield Probe([3], [1.0], BATCH)
        yield Probe([5], [1.0], BATCH)
        yield SetPhases([5], [0.5])
        yield Settle()


def recorded(
    agent: Controller, path: Path, loop: str = "sequencer", unvisited: int = 0
) -> tuple[Recording, Recording]:
    outing = run(LAB, lambda: {"agent": agent}, path)
    recording = recording_of(outing, LAB)
    with outing.open() as trace:
        return recording, relooped(recording, LAB, loop, trace.commands.target, unvisited)


def works(recording: Recording) -> list[dict[str, int]]:
    return [dict(recording.plans[plan].work) for plan in recording.links.plan.tolist()]


def test_an_iteration_becomes_one_command_upon_the_reply_to_the_one_before(tmp_path: Path) -> None:
    host, chip = recorded(descent(2), tmp_path / "run.h5", unvisited=4)
    np.testing.assert_array_equal(host.links.cause, np.arange(-1, 9))
    np.testing.assert_array_equal(chip.links.cause, [-1] * 5 + [4] * 5)
    found = works(chip)
    assert [(work["first"], work["last"]) for work in found] == [(1, 0), (0, 0), (0, 0), (0, 0), (0, 1)] * 2
    assert [work["visits"] for work in found] == [2, 0, 0, 0, 2, 6, 0, 0, 0, 6]  # the last was cut short
    assert [work["upload"] for work in found] == [1] + [0] * 9
    assert chip.sequential
    assert sum(facts.used for facts in chip.plans) == chip.count


def test_back_with_the_host_each_command_waits_for_the_one_before(tmp_path: Path) -> None:
    outing = run(LAB, lambda: {"agent": descent(2)}, tmp_path / "run.h5")
    host = recording_of(outing, LAB)
    with outing.open() as trace:
        target = trace.commands.target
    back = relooped(relooped(host, LAB, "sequencer", target, 0), LAB, "host", target, 0)
    np.testing.assert_array_equal(back.links.cause, host.links.cause)
    assert works(back) == works(host)


def asks_for_two() -> Controller:
    yield Forward(BATCH)
    yield Probe([3, 4], [1.0, 1.0], BATCH)


def waits() -> Controller:
    yield Forward(BATCH)
    yield Wait(10**9)
    yield Probe([3], [1.0], BATCH)


def begins_with_a_probe() -> Controller:
    yield Probe([3], [1.0], BATCH)


@pytest.mark.parametrize(
    ("agent", "message"),
    [
        (asks_for_two, "no iterations"),
        (begins_with_a_probe, "no iterations"),
        (waits, "waited between its commands"),
    ],
)
def test_what_is_no_loop_is_not_closed_otherwise(
    agent: Callable[[], Controller], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        recorded(agent(), tmp_path / "run.h5")


def test_a_loop_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no instrument on the bench knows of a loop 'moon'"):
        recorded(descent(1), tmp_path / "run.h5", "moon")
