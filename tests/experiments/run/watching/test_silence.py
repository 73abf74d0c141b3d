"""An agent that never asks again ends its run by an alarm, which a test rings itself: none waits for one."""

import signal
from pathlib import Path

import numpy as np
import pytest

from emulator.bench import Bench
from emulator.commands import Controller, Probe, Reading, SetPhases, Settle
from emulator.errors import CommandError, ConfigError
from emulator.trace.open import open_trace
from experiments.run.launch import launch
from experiments.run.own.loading import load_own
from experiments.run.study import Study
from experiments.run.watching.silence import check_silence, heard_from
from tests.builders import random_batch
from tests.wire_lab import small_bench

SILENCE_S = 60.0

DEAF = '''"""A controller that asks once, and then works until an alarm rings."""

import signal

import lightloop


def deaf(setting):
    """Wait a picosecond; the alarm that rings is the test's own."""
    yield lightloop.Settle(1)
    signal.raise_signal(signal.SIGALRM)
    yield lightloop.Settle(1)
'''


@pytest.fixture
def alarms(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, ...]]:
    """Return for when alarms were set; none rings by itself."""
    found: list[tuple[float, ...]] = []
    monkeypatch.setattr(signal, "setitimer", lambda which, *seconds: found.append(seconds))
    return found


def ended(agent: Controller, bench: Bench) -> Controller:
    return heard_from("mine", agent, SILENCE_S, lambda reason: bench.stop("aborted", reason))


def test_an_agent_that_works_when_the_alarm_rings_ends_the_run_and_is_named(
    alarms: list[tuple[float, ...]],
) -> None:
    bench = small_bench()

    def agent() -> Controller:
        yield Settle(5)
        signal.raise_signal(signal.SIGALRM)
        yield Settle(7)

    result = bench.run({"mine": ended(agent(), bench)})
    assert (result.status, result.elapsed_s) == ("aborted", 5e-12)
    assert result.reason == "the agent 'mine' asked nothing for 60 s of wall time"
    assert alarms[-1] == (0.0,)


def test_an_agent_that_catches_errors_does_not_catch_the_alarm(alarms: list[tuple[float, ...]]) -> None:
    bench, caught = small_bench(), []

    def agent() -> Controller:
        yield Settle(5)
        try:
            signal.raise_signal(signal.SIGALRM)
        except Exception as error:  # noqa: BLE001
            caught.append(error)
        yield Settle(7)

    assert bench.run({"mine": ended(agent(), bench)}).status == "aborted"
    assert caught == []
    assert (SILENCE_S, SILENCE_S) in alarms  # an alarm that was caught rings again


def test_the_alarm_is_set_while_the_agent_works_and_never_while_the_bench_does(
    alarms: list[tuple[float, ...]],
) -> None:
    before = signal.getsignal(signal.SIGALRM)

    def agent() -> Controller:
        for _ in range(3):
            assert alarms[-1] == (SILENCE_S, SILENCE_S)
            assert signal.getsignal(signal.SIGALRM) is not before
            yield Settle(1)

    heard = heard_from("mine", agent(), SILENCE_S, lambda reason: None)
    for _ in heard:
        assert alarms[-1] == (0.0,)
        assert signal.getsignal(signal.SIGALRM) is before
    assert alarms == [(SILENCE_S, SILENCE_S), (0.0,)] * 4


def test_who_asks_in_time_asks_what_it_asked_and_hears_replies_and_refusals(
    alarms: list[tuple[float, ...]],
) -> None:
    read: list[np.ndarray] = []

    def agent() -> Controller:
        with pytest.raises(CommandError):
            yield SetPhases([10_000], [0.1])
        reading = yield Probe([0], [0.5], random_batch(4, 6))
        assert isinstance(reading, Reading)
        read.append(reading.outputs)

    results = []
    for wrapped in (False, True):
        bench = small_bench()
        results.append(bench.run({"mine": ended(agent(), bench) if wrapped else agent()}))
    np.testing.assert_array_equal(read[0], read[1])
    assert results[0] == results[1]
    assert alarms


@pytest.mark.parametrize("silence_s", [0.0, -1.0, float("nan"), float("inf")])
def test_a_time_that_nobody_can_be_silent_for_is_refused(silence_s: float) -> None:
    with pytest.raises(ConfigError, match=r"--silence-s .* is refused; allowed: seconds in"):
        check_silence(silence_s)


@pytest.mark.usefixtures("in_room", "alarms")
def test_a_run_is_aborted_with_a_whole_trace_and_the_code_of_ctrl_c(
    small_study: Study, tmp_path: Path
) -> None:
    (tmp_path / "deaf.py").write_text(DEAF, encoding="utf-8")
    own = load_own(f"{tmp_path / 'deaf.py'}:deaf")
    launched = launch(small_study, tmp_path / "run.h5", quiet=True, own=own, silence_s=SILENCE_S)
    assert (launched.exit_code, launched.result.status) == (130, "aborted")
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.status == "aborted"
        assert trace.reason == "the agent 'deaf' asked nothing for 60 s of wall time"
        assert "final_phases" in trace.states


@pytest.mark.usefixtures("in_room")
def test_a_silence_that_is_refused_leaves_nothing_behind(small_study: Study, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--silence-s 0 is refused"):
        launch(small_study, tmp_path / "run.h5", silence_s=0.0)
    assert not (tmp_path / "run.h5").exists()
