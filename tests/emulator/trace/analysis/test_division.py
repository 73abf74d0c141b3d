"""Every instant of a stretch goes to one span: the innermost of its resource, the longest of the resources."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emulator.trace.analysis.division import NO_SPAN, divide
from emulator.trace.schema import Spans
from tests.trace_builders import small_trace


def spans_of_rows(rows: list[tuple[int, int, int]]) -> Spans:
    """Return spans from (resource, start, end)."""
    found: Spans = small_trace(spans=[(resource, 0, start, end, 0) for resource, start, end in rows]).spans
    return found


def expected_owner(rows: list[tuple[int, int, int]], mine: list[int], tick: int) -> int:
    running = [row for row in mine if rows[row][1] <= tick < rows[row][2]]
    innermost = {}
    for row in sorted(running, key=lambda row: (rows[row][1], -rows[row][2], row)):
        innermost[rows[row][0]] = row
    if not innermost:
        return NO_SPAN
    return min(innermost.values(), key=lambda row: (rows[row][1] - rows[row][2], row))


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 20), st.integers(0, 9), st.integers(0, 2)), max_size=10
    ),
    st.lists(st.tuples(st.integers(0, 22), st.integers(0, 12)), min_size=3, max_size=3),
)
def test_the_division_equals_a_choice_at_every_tick(
    listed: list[tuple[int, int, int, int]], stretches: list[tuple[int, int]]
) -> None:
    listed = sorted(listed, key=lambda row: row[1])
    rows = [(resource, start, start + lasting) for resource, start, lasting, _ in listed]
    belongs = np.array([row[3] for row in listed], np.int64)
    begin, end = np.array([(begin, begin + lasting) for begin, lasting in stretches], np.int64).T
    found = divide(spans_of_rows(rows), belongs, begin, end)
    ticks = {
        (stretch, tick): span
        for stretch, span, first, last in zip(*(column.tolist() for column in found), strict=True)
        for tick in range(first, last)
    }
    assert ticks == {
        (stretch, tick): expected_owner(rows, np.flatnonzero(belongs == stretch).tolist(), tick)
        for stretch, (first, lasting) in enumerate(stretches)
        for tick in range(first, first + lasting)
    }
    assert np.all(found.t_end > found.t_start)
    assert np.all(np.diff(found.stretch) >= 0)


def test_the_slowest_stage_of_a_pipeline_sets_the_pace() -> None:
    # Three frames through upload (1), exposure (5) and grab (2): as one span a stage, and as one a frame.
    stages = [(0, 0, 3), (1, 1, 16), (2, 6, 18)]
    frames = sorted(
        [(0, n, n + 1) for n in range(3)]
        + [(1, 1 + 5 * n, 6 + 5 * n) for n in range(3)]
        + [(2, 6 + 5 * n, 8 + 5 * n) for n in range(3)],
        key=lambda row: row[1],
    )
    for rows in (stages, frames):
        spans = spans_of_rows(rows)
        found = divide(spans, np.zeros(len(rows), np.int64), np.array([0]), np.array([18]))
        by_stage = np.bincount(spans.resource[found.span], weights=found.t_end - found.t_start)
        assert by_stage.tolist() == [1, 15, 2]
