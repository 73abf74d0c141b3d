"""A recording in which Sequences are cut off, or heaters die, is re-timed to itself: same times, same energies."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from emulator.commands import Controller, Disturb, Probe, Sequence, SetPhases, Settle, Wait
from tests.builders import random_batch
from tests.emulator.retiming.retiming_lab import (
    Agents,
    assert_equals_a_real_run,
    chip_lab,
    configured,
    retimed,
    run,
)

BATCH = random_batch(5, 6)


def probes() -> Controller:
    for heater in range(20):
        yield Probe([heater], [1.0 + heater / 10], BATCH)


def sequences() -> Controller:
    for number in range(3):
        yield Sequence(np.arange(40)[:, np.newaxis], np.full((40, 1), 2.0 + number), BATCH)


def for_a_while() -> Controller:
    yield Wait(200_000_000)


def dying(at_ps: int) -> Controller:
    yield Wait(at_ps)
    yield Disturb("chip.dead", 1.0, 33)


def ended_by(command: Settle | SetPhases) -> Agents:
    """Return who has a probe thought about by the host when the run ends with ``command``, which was behind it."""

    def main() -> Controller:
        yield Wait(1_000)
        yield command

    def other() -> Controller:
        yield Probe([7], [1.5], BATCH)

    return lambda: {"main": main(), "other": other()}


CUT: Mapping[str, Agents] = {
    "whole": lambda: {"main": sequences()},
    "cut off": lambda: {"main": for_a_while(), "sequences": sequences()},
    "cut off behind probes": lambda: {"main": for_a_while(), "probes": probes(), "sequences": sequences()},
    "cut off in a thought": ended_by(Settle(0)),
    "cut off in a thought, and another level told": ended_by(SetPhases([3], [2.5])),
    "dead on an idle chip": lambda: {"main": for_a_while(), "world": dying(100_000_000)},
}


@pytest.mark.parametrize("agents", CUT.values(), ids=CUT)
def test_it_is_the_run_that_was_recorded(agents: Agents, tmp_path: Path) -> None:
    lab = chip_lab()
    recorded = run(lab, agents, tmp_path / "run.h5")
    assert_equals_a_real_run(retimed(recorded, lab, lab), recorded)


@pytest.mark.parametrize(("command", "levels"), [(Settle(0), 0), (SetPhases([3], [2.5]), 1)])
def test_a_command_that_is_cut_off_leaves_neither_row_nor_level(
    command: Settle | SetPhases, levels: int, tmp_path: Path
) -> None:
    with run(chip_lab(), ended_by(command), tmp_path / "run.h5").open() as trace:
        heaters = np.flatnonzero(trace.power_levels.component == trace.power_levels.component[0])
        assert len(trace.commands.t_done) == 1
        assert len(heaters) == 1 + levels


def test_what_changes_behind_a_command_that_is_cut_off_is_cut_off_with_it(tmp_path: Path) -> None:
    def two() -> Controller:
        yield Sequence(np.array([[7], [8]]), np.full((2, 1), 2.0), BATCH)

    def until(at_ps: int) -> Controller:
        yield Wait(at_ps)

    lab = chip_lab()
    with run(lab, lambda: {"main": two()}, tmp_path / "whole.h5").open() as trace:
        begun, done = (int(times[-1]) for times in (trace.commands.t_started, trace.commands.t_done))
    agents = lambda: {"main": until(done - 1), "two": two(), "world": dying(begun + 1)}  # noqa: E731
    recorded = run(lab, agents, tmp_path / "run.h5")
    assert_equals_a_real_run(retimed(recorded, lab, lab), recorded)


def test_the_world_changes_a_chip_at_no_cost_and_when_it_did(tmp_path: Path) -> None:
    def vandal() -> Controller:
        for number in range(3):
            yield Wait((number + 1) * 40_000_000)
            yield Disturb("chip.dead", 1.0, number)

    lab = chip_lab()
    other = configured(lab, "host", idle_power_w=3.0)
    agents: Agents = lambda: {"main": probes(), "vandal": vandal()}  # noqa: E731  (as in the table above)
    recorded = run(lab, agents, tmp_path / "run.h5")
    assert_equals_a_real_run(retimed(recorded, lab, other), run(other, agents, tmp_path / "real.h5"))
