"""The spans of some commands are those of all, minus the others'."""

import numpy as np
import pytest

from emulator.trace.analysis.excerpt import spans_of, unplanned_spans
from tests.trace_builders import small_trace


def example() -> object:
    rows = [(0, 0, 0, plan, -1, start, start, start + 6) for plan, start in ((1, 0), (2, 2), (0, 3), (1, 7))]
    plans = [(1, 0, 0, 2), (1, 1, 0, 4), (2, 1, 1, -1)]
    return small_trace(rows, plans, 20, spans=[(0, 1, 1, 3, 1), (1, 0, 4, 5, 2), (0, 0, 5, 6, -1)])


@pytest.mark.parametrize("rows", [[], [0], [1, 3], [0, 1, 2, 3]])
@pytest.mark.parametrize("full", [False, True])
def test_an_excerpt_equals_a_choice_from_all_spans(rows: list[int], full: bool) -> None:
    trace = example()
    trace = trace.at_full_detail() if full else trace  # type: ignore[attr-defined]
    everything = trace.all_spans()  # type: ignore[attr-defined]
    mine = np.isin(everything.command, rows)
    found = spans_of(trace, np.array(rows, dtype=np.int64))  # type: ignore[arg-type]
    for name, column in vars(found).items():
        np.testing.assert_array_equal(column, getattr(everything, name)[mine])


def test_spans_besides_the_plan_are_counted_at_every_detail() -> None:
    trace = example()
    assert unplanned_spans(trace).tolist() == [0, 1, 1, 0]  # type: ignore[arg-type]
    assert unplanned_spans(trace.at_full_detail()).tolist() == [0, 1, 1, 0]  # type: ignore[attr-defined]
