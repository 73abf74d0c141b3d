"""Signals to a real process: it ends soon, with the code of the signal, and its trace is valid."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.config.models import to_toml
from emulator.processes import child_environment, module_command
from emulator.streams import stream
from emulator.trace.open import open_trace
from emulator.trace.writing.journal import journal_path
from experiments.run.study import load_study
from tests.experiments.conftest import STUDIES

LONG = ("controller.queries=4000000", "evaluation.every_queries=1000000", "trace.detail=summary")
"""A run that no test waits for."""

DEADLINE_S = 120.0
LOOK_S = 0.02

DEAF = '''"""A controller that asks once, and never again."""

import lightloop


def deaf(setting):
    """Wait a picosecond, and then work for ever without a command."""
    yield lightloop.Settle(1)
    while True:
        sum(range(1000))
'''


@contextlib.contextmanager
def begun(folder: Path, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the long study into ``folder``/run.h5, in a session of its own, and wait until its journal is there."""
    study = folder / "study.toml"
    study.write_text(to_toml(load_study(STUDIES / "vowel_recovery.toml", LONG)), encoding="utf-8")
    process = subprocess.Popen(
        module_command("lightloop", "run", str(study), "--out", str(folder / "run.h5"), *words),
        env=child_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(int(DEADLINE_S / LOOK_S)):
            if journal_path(folder / "run.h5").exists():
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_S)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def signalled(process: "subprocess.Popen[bytes]", number: signal.Signals, after_s: float) -> None:
    """Send the signal after so many seconds."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after_s)
    process.send_signal(number)


def judge(folder: Path, number: signal.Signals, after_s: float) -> None:
    with begun(folder) as process:
        signalled(process, number, after_s)
        process.wait(DEADLINE_S)
    assert process.returncode == 128 + number
    with open_trace(folder / "run.h5") as trace:
        assert (trace.status, trace.reason) == ("aborted", f"{number.name} received")
        assert "final_phases" in trace.states


@pytest.mark.slow  # starts processes that import everything; test_launch.py has the short sibling
@pytest.mark.usefixtures("in_room", "small_trace")
def test_sigterm_ends_a_real_run_with_a_valid_trace(tmp_path: Path) -> None:
    judge(tmp_path, signal.SIGTERM, 0.2)


@pytest.mark.slow
@pytest.mark.usefixtures("in_room", "small_trace")
def test_twenty_signals_at_random_instants_leave_twenty_valid_traces(tmp_path: Path) -> None:
    rng = stream(0, "tests/signals")
    for run in range(20):
        folder = tmp_path / f"{run}"
        folder.mkdir()
        number = signal.SIGTERM if run % 2 else signal.SIGINT
        judge(folder, number, float(rng.uniform(0.05, 1.5)))


@pytest.mark.slow
@pytest.mark.usefixtures("in_room", "small_trace")
def test_a_controller_that_never_yields_is_ended_by_the_second_signal(tmp_path: Path) -> None:
    """The first waits for a command in flight, of which there is none; nothing else would end such a controller."""
    (tmp_path / "deaf.py").write_text(DEAF, encoding="utf-8")
    with begun(tmp_path, "--controller", f"{tmp_path / 'deaf.py'}:deaf") as process:
        signalled(process, signal.SIGINT, 1.0)
        signalled(process, signal.SIGINT, 1.0)
        process.wait(DEADLINE_S)
    assert process.returncode != 0
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.status in {"failed", "aborted"}
        assert trace.queries == 0


@pytest.mark.slow
@pytest.mark.usefixtures("in_room", "small_trace")
def test_a_controller_that_never_yields_is_ended_after_the_silence_that_was_allowed(tmp_path: Path) -> None:
    (tmp_path / "deaf.py").write_text(DEAF, encoding="utf-8")
    with begun(tmp_path, "--controller", f"{tmp_path / 'deaf.py'}:deaf", "--silence-s", "1") as process:
        process.wait(DEADLINE_S)
    assert process.returncode == 128 + signal.SIGINT
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.status == "aborted"
        assert trace.reason == "the agent 'deaf' asked nothing for 1 s of wall time"
        assert "final_phases" in trace.states
