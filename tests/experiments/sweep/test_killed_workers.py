"""Workers of a sweep that are killed: all other runs end well, and a second call does the missing ones alone."""

import sys
from pathlib import Path

import pytest

import experiments.sweep.runners as runners
import experiments.sweep.server as server
from emulator.processes import module_command
from experiments.sweep.plan import plan_of
from experiments.sweep.sweep import Manner, run_sweep
from tests.experiments.sweep.runs import SHORT

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_room", "small_trace")]

AXIS = ("chip.dac.bits=6,8",)
SEEDS = 6

KILLER = f"""
import os, pathlib, signal, sys
import {server.__name__} as server
true, doomed = server.carry_out, sys.argv[1].split(",")
server.carry_out = lambda order, alone: (
    os.kill(os.getpid(), signal.SIGKILL) if pathlib.Path(order.trace).stem in doomed else true(order, alone)
)
sys.argv[1:] = sys.argv[2:]
server.main()
"""


@pytest.mark.parametrize("killed", [1, 3])
def test_of_twelve_runs_all_that_are_not_killed_end_well_and_the_rest_is_done_later(
    killed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of("vowel_recovery", AXIS, SEEDS, SHORT)
    doomed = [run.name for run in plan.runs[2 :: 12 // killed]][:killed]
    command = module_command("x")
    words = (*command[: command.index("-m")], "-c", KILLER, ",".join(doomed))
    true = runners.Farm
    out = tmp_path / "sweep"
    with monkeypatch.context() as patch:
        patch.setattr(runners, "Farm", lambda at_once: true(at_once, words))
        found = run_sweep(plan, out, Manner(figures=False))
    assert sys.executable in words
    assert [row.run.name for row in found.failed] == doomed
    assert {row.reason for row in found.failed} == {"killed by signal 9"}
    assert len(found.rows) - len(found.failed) == 12 - killed
    before = {path: path.stat().st_mtime_ns for path in (out / "traces").glob("*.h5")}
    assert len(before) == 12 - killed
    found = run_sweep(plan, out, Manner(figures=False))
    assert (len(found.rows), found.failed, found.missing) == (12, (), 0)
    assert {path: path.stat().st_mtime_ns for path in before} == before
