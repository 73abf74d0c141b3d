"""Which reply a command was issued upon, what ended the run, and what no bench can have recorded."""

import pytest

from emulator.errors import TraceError
from emulator.trace.analysis.causality import binding_causes, check_times, final_command
from tests.trace_builders import small_trace

SET, QUERY = 0, 1


def row(kind: int, cause: int, issued: int, done: int, agent: int = 0) -> tuple[int, ...]:
    return (agent, 0, kind, 0, cause, issued, issued, done)


@pytest.mark.parametrize(
    ("first", "second", "issued"),
    [
        (10, 12, 12),  # the reply that came at that instant
        (10, 12, 17),  # an agent that dawdles
        (12, 12, 12),  # of equals the last row
    ],
)
@pytest.mark.parametrize("listed_first", [0, 1])
def test_a_command_is_issued_upon_the_last_of_its_replies(
    first: int, second: int, issued: int, listed_first: int
) -> None:
    rows = [row(QUERY, -1, 0, first), row(SET, -1, 0, second)]
    rows.append(row(SET, listed_first, issued, 20))
    trace = small_trace(rows, joins=[(2, 1 - listed_first)])
    assert binding_causes(trace.commands, trace.joins).tolist() == [-1, -1, 1]


def test_a_joined_command_without_a_cause_is_issued_upon_what_it_joined() -> None:
    trace = small_trace([row(SET, -1, 0, 5), row(SET, -1, 5, 9)], joins=[(1, 0)])
    assert binding_causes(trace.commands, trace.joins).tolist() == [-1, 0]


@pytest.mark.parametrize(
    ("rows", "status", "expected"),
    [
        ([], "complete", -1),
        ([row(QUERY, -1, 0, 10), row(SET, -1, 5, 13, agent=1)], "complete", 0),  # the main agent's
        ([row(QUERY, -1, 0, 10), row(SET, -1, 5, 13, agent=1)], "killed", 1),  # what was done last
        ([row(QUERY, -1, 0, 10), row(SET, -1, 5, 13)], "complete", 1),  # its last
        ([row(QUERY, -1, 0, 10), row(SET, -1, 5, 15)], "complete", 1),  # at the very end
        ([row(SET, -1, 0, 10), row(SET, -1, 5, 19)], "complete", 0),  # the other ran on
    ],
)
def test_a_run_ends_with_a_reply_of_its_main_agent(
    rows: list[tuple[int, ...]], status: str, expected: int
) -> None:
    trace = small_trace(rows, elapsed_ps=15)  # type: ignore[arg-type]
    trace.status = status
    assert final_command(trace) == expected


@pytest.mark.parametrize(
    ("rows", "joins", "what"),
    [
        ([row(SET, 0, 0, 5)], [], "row 0: its cause is not an earlier row"),
        ([row(SET, -2, 0, 5)], [], "row 0: its cause is not an earlier row"),
        ([row(SET, -1, 6, 5)], [], "row 0: its times do not satisfy"),
        ([row(SET, -1, 0, 5), row(SET, -1, 0, 4)], [], "row 1: it was done before the row above"),
        ([row(SET, -1, 0, 5), row(SET, 0, 4, 6)], [], "row 1: it was issued before a reply it waited for"),
        ([row(SET, -1, 0, 5), row(SET, -1, 4, 6)], [(1, 0)], "row 1: it was issued before a reply"),
        ([row(SET, -1, 0, 5), row(SET, -1, 4, 6)], [(0, 1)], "row 0: it was issued before a reply"),
        ([row(SET, -1, 0, 5)], [(0, 7)], "row 0: it was issued before a reply"),
        ([row(SET, -1, 0, 5)], [(1, 0)], "names commands that are not in the trace"),
        ([row(SET, -1, 0, 5)], [(0, -1)], "names commands that are not in the trace"),
    ],
)
def test_times_that_no_bench_produces_are_refused(
    rows: list[tuple[int, ...]], joins: list[tuple[int, int]], what: str
) -> None:
    with pytest.raises(TraceError, match=what):
        check_times(small_trace(rows, elapsed_ps=9, joins=joins))  # type: ignore[arg-type]
