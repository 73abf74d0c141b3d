"""Tests of kill -9: what is left can be inspected and is a prefix; and that the check would notice if not."""

from collections import Counter
from pathlib import Path

import pytest

from emulator.trace.open import open_trace
from experiments.check.kills import kill_many, prefix_faults, run_kills
from experiments.run.run import run_study
from experiments.run.study import Study


@pytest.mark.slow  # a sample of it is emulator/trace/writing/test_recover.py
@pytest.mark.timeout(400)
@pytest.mark.usefixtures("in_room", "small_trace")  # the room's cache then holds the network
def test_killed_runs_leave_a_prefix_that_inspect_reads(tmp_path: Path) -> None:
    kills = kill_many(tmp_path, 2, 12_000, jobs=1)
    assert [kill.fault for kill in kills] == [""] * 2
    assert set(Counter(kill.status for kill in kills)) <= {"killed", "complete"}
    assert "killed" in {kill.status for kill in kills}


def test_a_trace_is_a_prefix_of_itself(small_trace: Path) -> None:
    with open_trace(small_trace) as clean, open_trace(small_trace) as same:
        assert prefix_faults(clean, same) == []


@pytest.mark.usefixtures("in_room")
def test_another_run_is_no_prefix(small_trace: Path, small_study: Study, tmp_path: Path) -> None:
    out = tmp_path / "other.h5"
    short = small_study.controller.model_copy(update={"queries": 100, "step_rad": 0.03})
    run_study(small_study.model_copy(update={"controller": short}), out)
    with open_trace(small_trace) as clean, open_trace(out) as other:
        faults = prefix_faults(clean, other)
    assert any(fault.startswith("commands.value") for fault in faults)
    assert "configuration or seed differ" in faults


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("in_room")
def test_forty_killed_runs_leave_no_fault(tmp_path: Path) -> None:
    run_kills(tmp_path, seeds=5, queries=12_000, jobs=2)
    assert "40 runs killed" in (tmp_path / "kills" / "kills.md").read_text()
