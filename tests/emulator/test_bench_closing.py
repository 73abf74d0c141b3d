"""Closing: whatever goes wrong while a run ends, its trace is closed, whole and true, and the first error told."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from emulator.bench import Bench
from emulator.commands import Controller, Forward, Keep, Log, Settle
from emulator.errors import CommandError, LightloopError, TraceError
from emulator.meter import Meter
from emulator.trace.open import open_trace
from emulator.trace.schema import ASKED_METRICS, ASKED_STATES
from emulator.trace.writing.header import Header
from emulator.trace.writing.recorder import Recorder
from tests.bench_lab import BATCH, SmallLab, queries

HEADER = Header("a = 1", 0, "0" * 32, (), "2026-11-28T00:00:00+00:00")


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


class LostError(Exception):
    """An error with a constructor of its own."""

    def __init__(self, what: str, *, where: int) -> None:
        super().__init__(f"{what} at {where}")


HARMS: dict[str, tuple[type, str, BaseException]] = {
    "the sums": (Meter, "energy_j", ZeroDivisionError("energy")),
    "a total": (Recorder, "total", TraceError("part 'x': 256 names exist already")),
    "a state": (Recorder, "state", TraceError("state x: too many")),
    "memory": (Recorder, "total", MemoryError()),
    "an own error": (Recorder, "total", LostError("lost", where=3)),
}


@pytest.mark.parametrize("what", HARMS)
@pytest.mark.parametrize("fails_already", [False, True])
def test_an_error_while_a_run_is_summed_up_loses_no_row_and_no_lock(
    lab: SmallLab, tmp_path: Path, what: str, fails_already: bool
) -> None:
    owner, name, second = HARMS[what]
    expected = OverflowError("the first error") if fails_already else second

    def agent() -> Controller:
        yield from queries(5)
        patch.setattr(owner, name, raising(second))
        if fails_already:
            raise expected
        yield Settle(1)

    out = tmp_path / "run.h5"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(type(expected)) as caught:
        lab.unattended().run({"mine": agent()}, recorder=Recorder.create(out, HEADER))
    assert caught.value is expected
    with open_trace(out) as trace:
        assert (trace.status, trace.queries) == ("failed", 5)
        assert len(trace.commands.t_done) == (15 if fails_already else 16)
        assert type(expected).__name__ in trace.reason


def states_of(lab: SmallLab) -> int:
    """Return how many states a run records: each brings a block, the last one that of the end."""
    return len(lab.run(lambda: queries(1)).rows.states)


@pytest.mark.parametrize("call", range(1, 7))
@pytest.mark.parametrize("lasts", [False, True])
def test_a_write_that_fails_at_any_stage_is_told_and_the_trace_says_so(
    lab: SmallLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int, lasts: bool
) -> None:
    """Blocks go out with the states at the start and at the end; a footer still fits where they do not."""
    write_all, calls = os.write, iter(range(1, 100))

    def write_some(descriptor: int, block: bytes) -> int:
        number = next(calls)
        if number == 1 + call or (lasts and number > call and len(block) > 400):
            raise OSError(28, "No space left on device")
        return write_all(descriptor, block)

    out = tmp_path / "run.h5"
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_some)
        recorder = Recorder.create(out, HEADER)
        try:
            lab.unattended().run({"mine": queries(5)}, recorder=recorder)
            failed = False
        except TraceError as error:
            failed = "No space left" in str(error)
    with open_trace(out) as trace:
        assert failed == (trace.status == "disk-full")
        if not failed:
            assert (trace.status, len(trace.commands.t_done)) == ("complete", 15)
        elif not lasts:
            assert len(trace.commands.t_done) == (15 if call >= states_of(lab) else 0)


def test_a_conversion_that_fails_leaves_a_journal_that_says_how_the_run_ended(
    lab: SmallLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run.h5"
    with monkeypatch.context() as patch:
        patch.setattr("emulator.trace.writing.recorder.finalize_in_child", raising(TraceError("no child")))
        with pytest.raises(TraceError, match="no child"):
            lab.unattended().run({"mine": queries(5)}, recorder=Recorder.create(out, HEADER))
    with open_trace(out) as trace:
        assert (trace.status, len(trace.commands.t_done)) == ("complete", 15)


class Grumbler:
    """Refuse to look at the end."""

    every_queries = 1000

    def observe(self, bench: Bench) -> Mapping[str, float]:
        if bench.queries:
            raise ValueError("enough")
        return {}


def test_whoever_looks_last_may_fail_and_the_trace_can_be_opened_in_this_process(
    lab: SmallLab, tmp_path: Path
) -> None:
    out = tmp_path / "run.h5"
    bench = lab.unattended()
    with pytest.raises(ValueError, match="enough"):
        bench.run({"mine": queries(5)}, [Grumbler()], Recorder.create(out, HEADER))
    with open_trace(out) as trace:
        assert (trace.status, trace.queries) == ("failed", 5)


def test_a_recorder_that_a_bench_refuses_is_closed(lab: SmallLab, tmp_path: Path) -> None:
    bench = lab.unattended()
    bench.run({"mine": queries(1)})
    for number in range(2):
        out = tmp_path / f"{number}.h5"
        with pytest.raises(LightloopError, match="once"):
            bench.run({"mine": queries(1)}, recorder=Recorder.create(out, HEADER))
        with open_trace(out) as trace:
            assert trace.status == "failed"


def logging(count: int) -> Controller:
    yield Forward(BATCH)
    for number in range(count):
        yield Log(f"phase_{number}", float(number))


def keeping(count: int) -> Controller:
    yield Forward(BATCH)
    for number in range(count):
        yield Keep(f"phase_{number}", BATCH.labels)


@pytest.mark.parametrize(("agent", "most"), [(logging, ASKED_METRICS), (keeping, ASKED_STATES)])
def test_agents_may_use_all_names_that_they_have_and_the_first_one_more_is_refused(
    lab: SmallLab, tmp_path: Path, agent: Callable[[int], Controller], most: int
) -> None:
    out = tmp_path / "run.h5"
    result = lab.unattended().run({"mine": agent(most)}, [Many()], Recorder.create(out, HEADER))
    assert result.status == "complete"
    with open_trace(out) as trace:
        assert (trace.status, trace.queries) == ("complete", 1)
        assert "final_phases" in trace.states
    bench = lab.unattended()
    with pytest.raises(CommandError, match=f"phase_{most}.*allowed: {most} different names"):
        bench.run({"mine": agent(most + 1)}, recorder=Recorder.create(tmp_path / "more.h5", HEADER))
    with open_trace(tmp_path / "more.h5") as trace:
        assert (trace.status, trace.queries) == ("failed", 1)


class Many:
    """Tell twenty numbers at each look, as a bench's own observers may."""

    every_queries = 1

    def observe(self, bench: Bench) -> Mapping[str, float]:
        del bench
        return {f"seen_{number}": 0.0 for number in range(20)}


@pytest.mark.parametrize("name", ["", 'a"b', "a\\b", "x" * 65, "a\n", None, 3, b"a", ["a"]])
def test_a_name_that_no_trace_could_hold_is_refused_to_the_agent_with_and_without_a_trace(
    lab: SmallLab, name: Any
) -> None:
    def careless() -> Controller:
        for command in (Log(name, 1.0), Keep(name, BATCH.labels)):
            with pytest.raises(CommandError, match="name"):
                yield command
        yield Settle(3)

    assert lab.unattended().run({"mine": careless()}).status == "complete"


def test_a_footer_that_cannot_be_says_why_and_frees_the_journal(tmp_path: Path) -> None:
    for number, (status, elapsed_ps) in enumerate([("complete", 2**63), ("complete", -1), ("done", 5)]):
        out = tmp_path / f"{number}.h5"
        recorder = Recorder.create(out, HEADER)
        with pytest.raises(TraceError, match="footer"):
            recorder.close(status, "all well", elapsed_ps, 0)  # type: ignore[arg-type]
        with open_trace(out) as trace:
            assert trace.status == "failed"
            assert "footer" in trace.reason
            assert "all well" in trace.reason


@pytest.mark.parametrize("later", [0, 1])
def test_ctrl_c_while_the_rest_is_written_comes_out_and_the_trace_is_whole(
    lab: SmallLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: int
) -> None:
    write_all, calls, call = os.write, iter(range(100)), states_of(lab) + later
    out = tmp_path / "run.h5"

    def write_and_interrupt(descriptor: int, block: bytes) -> int:
        written = write_all(descriptor, block)
        if next(calls) == call:
            raise KeyboardInterrupt
        return written

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_and_interrupt)
        with pytest.raises(KeyboardInterrupt):
            lab.unattended().run({"mine": queries(5)}, recorder=Recorder.create(out, HEADER))
    with open_trace(out) as trace:
        assert len(trace.commands.t_done) == 15


def test_a_writer_that_nobody_holds_any_more_holds_no_lock(tmp_path: Path) -> None:
    out = tmp_path / "run.h5"
    recorder = Recorder.create(out, HEADER)
    recorder.metric("loss", 0, 0, 1.0)
    recorder.commit()
    del recorder
    with open_trace(out) as trace:
        assert trace.status == "killed"
