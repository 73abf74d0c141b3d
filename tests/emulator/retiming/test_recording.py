"""What a re-timing keeps of a trace: who asked for what, upon which replies, and what the heaters drew."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from emulator.commands import Controller, Forward, Join, Project, SetPhases, Settle, Start, Wait
from emulator.retiming.retime import load_recording, retime
from emulator.trace.open import open_trace
from tests.builders import random_batch
from tests.emulator.retiming.retiming_lab import (
    OPU_DESIGN,
    SIZES,
    assert_equals_a_real_run,
    chip_lab,
    opu_lab,
    recording_of,
    retimed,
    run,
    without,
)

BATCH = random_batch(5, SIZES[0])
LAB = chip_lab()
GOLDEN = Path(__file__).parents[2] / "golden"


def tuner() -> Controller:
    for number in range(3):
        yield SetPhases([number], [1.0])
        yield Settle(1000)
        yield Forward(BATCH)


def overlapping() -> Controller:
    query = yield Start(Forward(BATCH))
    setting = yield Start(SetPhases([0], [0.5]))
    yield Join(setting)
    yield Join(query)
    yield Settle(5)


def dark_behind_frames() -> Controller:
    """Nothing is lit for the second projection: it starts at once, and is replied to after the first."""
    dark, lit = np.zeros((2, OPU_DESIGN.features), np.float32), np.ones((3, OPU_DESIGN.features), np.float32)
    tickets = [(yield Start(Project(lit))), (yield Start(Project(lit))), (yield Start(Project(dark)))]
    for ticket in tickets:
        yield Join(ticket)


def patient() -> Controller:
    yield Settle(10)
    yield Wait(500)
    yield Settle(10)


def test_rows_keep_their_cause_their_agent_and_the_times_that_they_brought(tmp_path: Path) -> None:
    outing = run(LAB, lambda: {"tuner": tuner()}, tmp_path / "run.h5")
    recording = recording_of(outing, LAB)
    assert (recording.count, recording.agents[recording.main], recording.queries) == (9, "tuner", 3)
    np.testing.assert_array_equal(recording.links.cause, np.arange(-1, 8))
    np.testing.assert_array_equal(recording.own_ps[1::3], [1000] * 3)
    assert recording.sequential
    assert recording.waits == 0
    assert recording.unexplained == ()


def test_what_is_dark_was_sent_in_its_turn_though_it_started_before_what_was_sent_with_it(
    tmp_path: Path,
) -> None:
    lab = without(opu_lab(skip_zero=True), "chip")
    outing = run(lab, lambda: {"main": dark_behind_frames()}, tmp_path / "run.h5")
    with outing.open() as trace:
        assert trace.commands.t_started[2] < trace.commands.t_started[1]
        assert trace.commands.t_issued[2] == trace.commands.t_issued[1]
    assert_equals_a_real_run(retimed(outing, lab, lab), outing)


def test_the_heaters_powers_are_those_that_the_chip_replied(tmp_path: Path) -> None:
    outing = run(LAB, lambda: {"tuner": tuner()}, tmp_path / "run.h5")
    recording = recording_of(outing, LAB)
    with outing.open() as trace:
        levels = recording.levels["chip.heaters"]
        np.testing.assert_array_equal(levels.watts, trace.commands.result[::3])
        names = trace.labels("power.component")
        heaters = trace.power.component == names.index("chip.heaters")
        assert levels.initial_w == pytest.approx(trace.power.watts[heaters][0])


@pytest.mark.parametrize("name", ["v2-commands", "v2-crowd", "v3-commands", "v3-full"])
def test_a_golden_trace_retimed_with_its_own_parameters_is_itself(name: str) -> None:
    with open_trace(GOLDEN / f"{name}.h5") as trace:
        found = retime(load_recording(trace, opu_lab()), opu_lab())
        for column in found.times._fields:
            np.testing.assert_array_equal(getattr(found.times, column), getattr(trace.commands, column))
        assert found.elapsed_ps == trace.elapsed_ps


def test_what_overlaps_is_told_from_what_follows_one_by_one(tmp_path: Path) -> None:
    def two() -> Mapping[str, Controller]:
        return {"tuner": tuner(), "other": patient()}

    for number, agents in enumerate((lambda: {"overlapping": overlapping()}, two)):
        outing = run(LAB, agents, tmp_path / f"{number}.h5")
        assert not recording_of(outing, LAB).sequential


def test_a_wait_that_no_reply_explains_is_counted(tmp_path: Path) -> None:
    outing = run(LAB, lambda: {"patient": patient()}, tmp_path / "run.h5")
    recording = recording_of(outing, LAB)
    assert recording.waits == 1
    np.testing.assert_array_equal(recording.links.residue, [0, 490])
