"""The campaign of the guard in small: what it counts, and that a missed target is an error."""

from pathlib import Path

import pytest

from emulator.errors import TaskError
from experiments.check.guarding import campaign
from experiments.check.guarding.campaign import (
    Found,
    Tally,
    check_frames,
    find_heater,
    find_nothing,
    find_output,
)
from experiments.check.guarding.watched import Watched
from tests.weights import share_weights


@pytest.fixture
def room(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = share_weights(tmp_path_factory.mktemp("guard"), tmp_path_factory)
    monkeypatch.chdir(folder)
    return folder


def test_a_stuck_heater_and_a_dead_detector_are_found_and_a_whole_chip_is_left_alone(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign, "_QUERIES", 900)
    found = find_heater("stuck_heater", 0)
    assert 0 < found.updates <= 20
    assert found.alarms == 0
    for kind in ("dead_detector", "saturated_detector"):
        assert find_output(kind, 1) == Found(1, 2, 0)
    assert find_nothing(400, 0) == Found(-1, -1, 0)


def test_frames_that_are_lost_are_counted_and_none_is_paired_with_another_vector() -> None:
    runs = check_frames(range(1))
    assert {one.share for one in runs} == {0.0, 0.05, 0.1, 0.2}
    assert all(one.mispaired == 0 and one.sent == one.used + one.dropped + one.late for one in runs)
    assert [one.torn > 0 for one in runs] == [False, False, False, False, True, True]


def test_updates_and_readings_are_counted_from_the_fault() -> None:
    noted = Watched()
    kind = noted.label("commands.kind", "probe")
    for number in range(6):
        noted.command(0, 0, kind, 0, 0, 10 * number, 10 * number, 10 * number + 9, 0, 0.0, 0.0)
    noted.command(0, 0, noted.label("commands.kind", "disturb.stuck"), 0, 0, 25, 25, 25, 8, 1.0, 0.0)
    for t in (20, 40, 60):
        noted.metric("train_loss", t, 0, 1.0)
    noted.metric("guard_silent_heater", 49, 0, 8.0)
    assert noted.disturbed == [(25, "stuck", 8, 1.0)]
    assert noted.first("guard_silent_heater", frozenset({8.0}), 25) == 49
    assert noted.first("guard_silent_heater", frozenset({9.0}), 25) is None
    assert noted.updates(25, 49) == 2
    assert noted.readings_between(25, 49) == 2


@pytest.mark.parametrize(
    ("heaters", "outputs", "alarms", "words"),
    [
        (94, 100, 0, "stuck_heater: 94 of 100"),
        (95, 99, 0, "dead_detector: 99 of 100"),
        (95, 100, 2, "2 of 100 whole"),
    ],
)
def test_a_target_that_is_missed_is_an_error(heaters: int, outputs: int, alarms: int, words: str) -> None:
    runs = (Found(1, 1, 0),) * 100
    whole = Tally("none", "no alarm", runs, 100 - alarms)
    with pytest.raises(TaskError, match=words):
        campaign._judge(
            [Tally("stuck_heater", "50 updates", runs, heaters)],
            [Tally("dead_detector", "2 readings", runs, outputs)],
            whole,
            [],
        )
