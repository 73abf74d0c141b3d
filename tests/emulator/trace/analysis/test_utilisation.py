"""Busy and overlapping time equal a count over every tick."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import TraceError
from emulator.trace import Recorder
from emulator.trace.analysis.utilisation import utilisation
from emulator.trace.open import open_trace
from tests.trace_builders import small_trace

intervals = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), max_size=10)


rows = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 9), st.integers(0, 4), st.integers(0, 9)),
    max_size=6,
)


@given(rows, intervals, st.booleans(), st.booleans())
def test_the_use_of_every_resource_equals_a_count_over_every_tick(
    listed: list[tuple[int, int, int, int, int]], extra: list[tuple[int, int]], serial: bool, host: bool
) -> None:
    now, commands = 0, []
    for agent, kind, gap, wait, lasting in listed:
        issued = now + gap if serial else gap
        commands.append((agent, 0, kind, 1 + kind, -1, issued, issued + wait, issued + wait + lasting))
        now = commands[-1][-1]
    commands.sort(key=lambda row: row[-1])
    last = {}
    for at, row in enumerate(commands):
        if serial and row[0] in last:
            commands[at] = (*row[:4], last[row[0]], *row[5:])
        last[row[0]] = at
    plans = [(1, 0, 0, -1), (2, 1, 1, -1)]
    spans = (
        []
        if serial
        else [(at % 2, 1, start, start + lasting, 0) for at, (start, lasting) in enumerate(extra)]
    )
    names = ("link", "host" if host else "laser")
    end = max((row[-1] for row in commands), default=0) + 3
    trace = small_trace(commands, plans, end, spans=spans if commands else [], spans_resource=names)
    trace.status = "killed"
    busy: dict[str, list[tuple[int, int]]] = {"link": [], names[1]: []}
    for _, _, kind, _, _, _, started, done in commands:
        busy[names[kind]].append((started, done))
    if commands:
        for resource, _, start, stop, _ in spans:
            busy[names[resource]].append((start, stop))
    expected = {}
    for name, mine in busy.items():
        depth = [sum(start <= tick < stop for start, stop in mine) for tick in range(end)]
        if mine:
            expected[name] = len(mine), sum(n >= 1 for n in depth), sum(n >= 2 for n in depth)
    for detailed in (trace, trace.at_full_detail()):
        found = utilisation(detailed)
        assert {one.resource: (one.spans, one.busy_ps, one.overlap_ps) for one in found} == expected
        assert all(one.busy_ps + one.idle_ps == end for one in found)


@pytest.mark.parametrize("detail", ["full", "commands"])
def test_the_use_of_a_recorded_run(tmp_path: Path, record: Callable[..., Recorder], detail: str) -> None:
    out = tmp_path / "run.h5"
    record(out, detail).close("complete", "", 2600, 50)
    with open_trace(out) as trace:
        found = [(one.resource, one.spans, one.busy_ps, one.overlap_ps) for one in utilisation(trace)]
    # Two of the four explicit spans of 1 ps lie inside a transfer of the link.
    assert found == [
        ("heaters", 50, 750, 0),
        ("adc", 50, 600, 0),
        ("link", 104, 252, 2),
        ("laser", 50, 200, 0),
    ]


def test_the_share_of_a_run_without_time_is_zero() -> None:
    (one,) = utilisation(small_trace([(0, 0, 0, 1, -1, 0, 0, 0)], [(1, 0, 0, -1)], 0))
    assert (one.share, one.busy_ps) == (0.0, 0)


def test_a_trace_without_spans_tells_no_utilisation() -> None:
    trace = small_trace(elapsed_ps=5)
    trace.detail = "summary"
    with pytest.raises(TraceError, match="tells no utilisation"):
        utilisation(trace)
