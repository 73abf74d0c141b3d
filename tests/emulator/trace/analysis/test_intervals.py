"""Whose an instant is, and how much intervals cover, against a choice and a count at every tick."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emulator.trace.analysis.intervals import (
    NO_SPAN,
    Stretches,
    busy_and_overlap_ps,
    claims,
    covered_stretches,
    divide,
    outside,
    running,
)
from emulator.trace.schema import Spans
from tests.trace_builders import small_trace

Interval = tuple[int, int]

listed_spans = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 20), st.integers(0, 9), st.integers(0, 2)), max_size=10
)
intervals = st.lists(st.tuples(st.integers(0, 30), st.integers(-3, 12)), max_size=10).map(
    lambda rows: [(start, start + lasting) for start, lasting in rows]
)


def spans_of_rows(rows: list[tuple[int, int, int]]) -> Spans:
    """Return spans from (resource, start, end)."""
    found: Spans = small_trace(spans=[(resource, 0, start, end, 0) for resource, start, end in rows]).spans
    return found


def arrays(rows: list[Interval]) -> tuple[np.ndarray, np.ndarray]:
    start, end = np.array(rows, np.int64).reshape(-1, 2).T
    return start, end


def innermost(rows: list[tuple[int, int, int]], mine: list[int], tick: int) -> int:
    """Return the span that started last; of equals the one that ends first, and of those the last row."""
    running = [row for row in mine if rows[row][1] <= tick < rows[row][2]]
    return max(running, key=lambda row: (rows[row][1], -rows[row][2], row), default=NO_SPAN)


def pace_setter(rows: list[tuple[int, int, int]], mine: list[int], tick: int) -> int:
    """Return the longest of the spans that are the innermost of their resource."""
    found = [innermost(rows, [row for row in mine if rows[row][0] == one], tick) for one in range(3)]
    return min(
        (row for row in found if row != NO_SPAN),
        key=lambda row: (rows[row][1] - rows[row][2], rows[row][1], -rows[row][2], row),
        default=NO_SPAN,
    )


@given(
    listed_spans,
    st.lists(st.tuples(st.integers(0, 22), st.integers(0, 12), st.booleans()), min_size=3, max_size=3),
)
def test_the_division_equals_a_choice_at_every_tick(
    listed: list[tuple[int, int, int, int]], stretches: list[tuple[int, int, bool]]
) -> None:
    rows = [(resource, start, start + lasting) for resource, start, lasting, _ in listed]
    belongs = np.array([row[3] for row in listed], np.int64)
    begin, end = np.array([(begin, begin + lasting) for begin, lasting, _ in stretches], np.int64).T
    paced = np.array([each[2] for each in stretches])
    found = divide(spans_of_rows(rows), belongs, begin, end, paced)
    ticks = {
        (stretch, tick): span
        for stretch, span, first, last in zip(*(column.tolist() for column in found), strict=True)
        for tick in range(first, last)
    }
    assert ticks == {
        (stretch, tick): (pace_setter if paces else innermost)(
            rows, np.flatnonzero(belongs == stretch).tolist(), tick
        )
        for stretch, (first, lasting, paces) in enumerate(stretches)
        for tick in range(first, first + lasting)
    }
    assert np.all(found.t_end > found.t_start)
    assert np.all(np.diff(found.stretch) >= 0)


def test_the_slowest_stage_of_a_pipeline_sets_the_pace() -> None:
    # Three frames through upload (1), exposure (5) and grab (2): as one span a stage, and as one a frame.
    stages = [(0, 0, 3), (1, 1, 16), (2, 6, 18)]
    frames = (
        [(0, n, n + 1) for n in range(3)]
        + [(1, 1 + 5 * n, 6 + 5 * n) for n in range(3)]
        + [(2, 6 + 5 * n, 8 + 5 * n) for n in range(3)]
    )
    for rows in (stages, frames):
        spans = spans_of_rows(rows)
        found = divide(spans, np.zeros(len(rows), np.int64), np.array([0]), np.array([18]), paced=True)
        by_stage = np.bincount(spans.resource[found.span], weights=found.t_end - found.t_start)
        assert by_stage.tolist() == [1, 15, 2]


def test_only_the_commands_without_steps_are_cut() -> None:
    rows = [(0, 0, 0, 1, -1, 0, 0, 9), (0, 1, 0, 0, -1, 0, 0, 9)]
    both = [(0, 0, 0, 9), (1, 1, 2, 4)]
    listed = [(*span, command) for command in (0, 1) for span in both] + [(0, 0, 1, 3, -1)]
    trace = small_trace(rows, [(1, 0, 0, 9)], 9, spans=listed)
    found = claims(trace.spans, trace.commands, trace.plans)
    kept = sorted(zip(*(column.tolist() for column in vars(found).values()), strict=True))
    assert kept == sorted([*listed[:2], listed[4], (0, 0, 0, 9, 1)])


def test_nothing_is_cut_where_no_command_is_pipelined() -> None:
    spans = spans_of_rows([(0, 0, 3)])
    trace = small_trace([(0, 0, 0, 1, -1, 0, 0, 9)], [(1, 0, 0, 9)], 9)
    assert claims(spans, trace.commands, trace.plans) is spans


def depths(rows: list[Interval], until: int) -> list[int]:
    return [sum(start <= tick < end for start, end in rows) for tick in range(until)]


@given(intervals, st.integers(0, 40))
def test_busy_overlap_and_cover_equal_a_count_over_every_tick(rows: list[Interval], elapsed_ps: int) -> None:
    depth = depths(rows, elapsed_ps)
    expected = sum(n >= 1 for n in depth), sum(n >= 2 for n in depth)
    assert busy_and_overlap_ps(*arrays(rows), elapsed_ps) == expected
    assert covered_stretches(*arrays(rows), elapsed_ps).total_ps == expected[0]


def ticks_of(found: Stretches) -> set[int]:
    pairs = zip(found.t_start.tolist(), found.t_end.tolist(), strict=True)
    return {tick for start, end in pairs for tick in range(start, end)}


@given(intervals, intervals, st.integers(0, 40))
def test_what_is_covered_by_one_and_not_the_other_equals_a_choice_at_every_tick(
    inner: list[Interval], outer: list[Interval], elapsed_ps: int
) -> None:
    cover = covered_stretches(*arrays(inner), elapsed_ps)
    others = covered_stretches(*arrays(outer), elapsed_ps)
    assert ticks_of(cover) == {tick for tick, n in enumerate(depths(inner, elapsed_ps)) if n}
    found = outside(cover, others)
    assert ticks_of(found) == ticks_of(others) - ticks_of(cover)
    for one in (cover, found):
        assert np.all(one.t_end > one.t_start)
        assert np.all(one.t_start[1:] > one.t_end[:-1])


@given(intervals)
def test_the_sum_of_what_runs_changes_where_something_begins_or_ends(rows: list[Interval]) -> None:
    rows = [row for row in rows if row[1] > row[0]]
    t, level = running(*arrays(rows), np.ones(len(rows)))
    assert t.tolist() == sorted({edge for row in rows for edge in row})
    depth = depths(rows, 60)
    assert level.tolist() == [depth[tick] for tick in t.tolist()]
