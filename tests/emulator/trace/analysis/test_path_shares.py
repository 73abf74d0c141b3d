"""The shares of a critical path are the sums of its segments, which follow each other without a gap."""

from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.trace.analysis.critical_path import critical_path
from emulator.trace.analysis.path_shares import path_segments, path_shares_ps
from tests.trace_builders import SHORT_PROGRAMS, Program, simulate, small_trace, trace_of


def test_service_that_no_span_covers_is_named_after_its_instrument() -> None:
    trace = small_trace([(0, 1, 0, 0, -1, 0, 0, 9)], [], 9, spans=[(0, 0, 2, 4, 0), (1, 1, 3, 8, 0)])
    path = critical_path(trace)
    expected = {"opu.service": 3, "link.first": 1, "laser.rest": 5}
    assert path_shares_ps(trace, path) == expected


@settings(max_examples=200)
@given(
    SHORT_PROGRAMS,
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 30), st.integers(0, 9)), max_size=6
    ),
)
def test_the_segments_of_a_path_agree_with_its_shares(
    program: Program, extra: list[tuple[int, int, int, int]]
) -> None:
    served, _, end = simulate(program)
    trace = trace_of(served, end)
    if served:
        rows = [
            (*names, start, start + lasting, at % len(served))
            for at, (*names, start, lasting) in enumerate(extra)
        ]
        trace.spans = small_trace(spans=sorted(rows, key=lambda row: (row[2], row[4]))).spans
    path = critical_path(trace)
    segments = list(path_segments(trace, path, np.arange(len(path.kind))))
    by_name: Counter[str] = Counter()
    for one in segments:
        by_name[one.name] += one.duration_ps
    assert by_name == path_shares_ps(trace, path)
    assert all(one.t_end_ps == other.t_start_ps for one, other in pairwise(segments))
    assert not segments or (segments[0].t_start_ps, segments[-1].t_end_ps) == (0, end)
