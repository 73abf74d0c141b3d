"""The critical path adds up to the elapsed time, and is one of the longest paths that brute force finds."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from emulator.errors import TraceError
from emulator.trace import Recorder
from emulator.trace.analysis.critical_path import StepKind, critical_path
from emulator.trace.analysis.path_shares import path_shares_ps
from emulator.trace.open import open_trace
from tests.trace_builders import SHORT_PROGRAMS, THINK_PS, Program, Served, simulate, small_trace, trace_of

Edge = tuple[str, int, Counter[str]]
"""Node it comes from, length (ps), and what the length is made of."""

_LIGHT = ("link", "laser")


def edges_into(served: list[Served], ended: list[int]) -> dict[str, list[Edge]]:
    """Return the graph of a simulated run, from what it really depended on: nodes are events, 'begin' to 'end'."""
    into: dict[str, list[Edge]] = {}

    def reply(causes: list[int]) -> list[Edge]:
        return [(f"done{row}", 0, Counter()) for row in causes] or [("begin", 0, Counter())]

    for row, one in enumerate(served):
        name = _LIGHT[one.ask.instrument]
        first, rest = one.ask.interval_ps, one.ask.duration_ps - one.ask.interval_ps
        into[f"issue{row}"] = reply(list(one.causes))
        into[f"start{row}"] = [(f"issue{row}", 0, Counter())]
        into[f"freed{row}"] = [
            (f"start{row}", first + rest, Counter({f"{name}.first": first, f"{name}.rest": rest}))
        ]
        thought = THINK_PS * one.ask.kind
        into[f"done{row}"] = [(f"freed{row}", thought, Counter({"host.think": thought}))]
        for other in one.before:
            if one.ask.instrument == 0:
                into[f"start{row}"].append((f"freed{other}", 0, Counter()))
            else:
                interval = served[other].ask.interval_ps
                into[f"start{row}"].append((f"start{other}", interval, Counter({"laser.first": interval})))
    into["end"] = reply(ended)
    return into


def paths_to(into: dict[str, list[Edge]], node: str) -> Iterator[tuple[int, Counter[str]]]:
    """Yield length and content of every path from 'begin' to ``node``."""
    if node == "begin":
        yield 0, Counter()
        return
    for source, length, content in into[node]:
        for so_far, contents in paths_to(into, source):
            yield so_far + length, contents + content


@settings(max_examples=200)
@given(SHORT_PROGRAMS)
def test_the_path_is_one_of_the_longest_that_brute_force_finds(program: Program) -> None:
    served, ended, end = simulate(program)
    assume(all(other >= 0 for one in served for other in one.before))
    longest: list[Counter[str]] = []
    most = -1
    for length, content in paths_to(edges_into(served, ended), "end"):
        if length > most:
            longest, most = [], length
        if length == most:
            longest.append(+content)
    assert most == end  # the longest path of the graph is the run
    trace = trace_of(served, end)
    for detailed in (trace, trace.at_full_detail()):
        path = critical_path(detailed)
        assert Counter(path_shares_ps(detailed, path)) in longest


@given(SHORT_PROGRAMS, st.integers(0, 20), st.integers(1, 5))
def test_the_steps_cover_the_elapsed_time_and_nothing_twice(program: Program, later: int, late: int) -> None:
    served, _, end = simulate(program)
    for one in served:  # an instrument may also let a command wait for no reason on record
        one.started, one.freed = one.started * late, one.freed + one.done * (late - 1)
        one.issued *= late
        one.started = max(one.issued, one.started - later % late)
    trace = trace_of(served, end * late)
    trace.plans = trace.plans.__class__(*(column[:0] for column in vars(trace.plans).values()))
    path = critical_path(trace)
    assert path.edges_ps[0] == 0 or end == 0
    assert path.edges_ps[-1] == trace.elapsed_ps
    assert np.all(np.diff(path.edges_ps) > 0)
    assert sum(path_shares_ps(trace, path).values()) == trace.elapsed_ps


def test_a_serial_instrument_leads_back_to_the_command_that_left_it() -> None:
    rows = [(1, 0, 0, 1, -1, 0, 0, 10), (0, 0, 0, 2, -1, 2, 10, 25)]
    trace = small_trace(rows, [(1, 0, 0, 10), (2, 0, 1, 15)], 25)
    path = critical_path(trace)
    assert path.edges_ps.tolist() == [0, 10, 25]
    assert path.command.tolist() == [0, 1]
    assert path_shares_ps(trace, path) == {"link.first": 10, "link.rest": 15}


def test_a_pipelined_instrument_leads_back_to_the_stage_that_became_free() -> None:
    # Row 1 starts when row 2's first stage ends, and row 0 happens to be done then, too.
    rows = [(1, 1, 0, 1, -1, 0, 0, 7), (1, 1, 0, 2, -1, 1, 3, 20), (0, 1, 0, 3, -1, 1, 7, 30)]
    steps = [(1, 0, 0, 3), (1, 0, 1, 4), (2, 1, 0, 4), (2, 1, 1, 13), (3, 1, 0, 23)]
    trace = small_trace(rows, steps, 30)
    path = critical_path(trace)
    assert path.command.tolist() == [0, 1, 2]
    assert path.edges_ps.tolist() == [0, 3, 7, 30]
    assert path_shares_ps(trace, path) == {"link.first": 3, "laser.first": 27}


def test_a_wait_that_nothing_explains_is_a_wait_for_the_instrument() -> None:
    rows = [(0, 0, 1, 1, -1, 3, 3, 8), (0, 0, 0, 1, 0, 10, 14, 19)]
    trace = small_trace(rows, [(1, 0, 0, 5)], 20)
    path = critical_path(trace)
    assert path.kind.tolist() == [StepKind.IDLE, StepKind.SERVICE, StepKind.IDLE, StepKind.WAIT,
                                  StepKind.SERVICE, StepKind.IDLE]  # fmt: skip
    assert path_shares_ps(trace, path) == {"idle": 6, "link.first": 10, "wait for chip": 4}


def test_a_command_follows_one_that_left_the_chip_before_its_own_reply() -> None:
    # The chip is free at 10; the host thinks until 14, and another agent's command is done before that.
    rows = [(1, 0, 0, 2, -1, 2, 10, 12), (0, 0, 1, 1, -1, 0, 0, 14), (1, 0, 0, 3, 0, 12, 12, 20)]
    trace = small_trace(rows, [(1, 0, 0, 10), (1, 2, 2, 4, 0), (2, 0, 1, 2), (3, 1, 1, 8)], 20)
    trace.status = "killed"
    path = critical_path(trace)
    assert path.command.tolist() == [1, 0, 2]
    assert path_shares_ps(trace, path) == {"link.first": 10, "link.rest": 2, "laser.rest": 8}


def test_an_empty_trace_is_idle() -> None:
    trace = small_trace(elapsed_ps=5)
    assert path_shares_ps(trace, critical_path(trace)) == {"idle": 5}


def test_the_longest_steps_come_first() -> None:
    rows = [(0, 0, 0, 0, -1, 0, 0, 3), (0, 0, 0, 0, 0, 3, 3, 10), (0, 0, 0, 0, 1, 10, 10, 13)]
    path = critical_path(small_trace(rows, elapsed_ps=13))
    assert path.longest(2).tolist() == [1, 0]


def test_a_trace_without_commands_has_no_critical_path() -> None:
    trace = small_trace(elapsed_ps=5)
    trace.detail = "summary"
    with pytest.raises(TraceError, match=r"no critical path; record with trace.detail = 'commands'"):
        critical_path(trace)


@pytest.mark.parametrize("detail", ["full", "commands"])
def test_the_path_of_a_recorded_run_adds_up(
    tmp_path: Path, record: Callable[..., Recorder], detail: str
) -> None:
    out = tmp_path / "run.h5"
    record(out, detail).close("complete", "", 2600, 50)
    with open_trace(out) as trace:
        shares: dict[str, Any] = path_shares_ps(trace, critical_path(trace))
    assert shares == {
        "link.transfer": 50 * 3 + 50 * 2 - 2,
        "heaters.settle": 50 * 15,
        "laser.symbols": 50 * 4 - 2,
        "adc.convert": 50 * 12,
        "link.settle": 4,
        "idle": 99 * 5 + 105,  # between a reply and the next command, and after the last one
        "wait for chip": 100 * 2,
    }
