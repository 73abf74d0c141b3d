"""Which reply a command was issued upon, what ended the run, and what no bench can have recorded."""

import pytest

from emulator.errors import TraceError
from emulator.trace.analysis.causality import (
    binding_causes,
    check_times,
    final_command,
    queries_among,
    thought_spans,
)
from tests.trace_builders import small_trace

SET, QUERY = 0, 1


def row(kind: int, cause: int, issued: int, done: int, agent: int = 0) -> tuple[int, ...]:
    return (agent, 0, kind, 0, cause, issued, issued, done)


@pytest.mark.parametrize(
    ("first", "second", "issued", "expected"),
    [
        ((QUERY, 10), (SET, 12), 12, 1),  # the reply that came at that instant
        ((QUERY, 10), (SET, 12), 15, 0),  # the host thinks upon a query only
        ((QUERY, 10), (QUERY, 12), 17, 1),  # the later query
        ((SET, 10), (SET, 12), 17, 1),  # an agent that dawdles
        ((SET, 12), (SET, 12), 12, 1),  # of equals the last row
    ],
)
@pytest.mark.parametrize("listed_first", [0, 1])
def test_a_command_is_issued_upon_one_of_its_replies(
    first: tuple[int, int], second: tuple[int, int], issued: int, expected: int, listed_first: int
) -> None:
    rows = [row(first[0], -1, 0, first[1]), row(second[0], -1, 0, second[1])]
    rows.append(row(SET, listed_first, issued, 20))
    trace = small_trace(rows, joins=[(2, 1 - listed_first)])
    assert binding_causes(trace.commands, trace.joins, queries_among(trace)).tolist() == [-1, -1, expected]


def test_a_joined_command_without_a_cause_is_issued_upon_what_it_joined() -> None:
    trace = small_trace([row(SET, -1, 0, 5), row(SET, -1, 5, 9)], joins=[(1, 0)])
    assert binding_causes(trace.commands, trace.joins, queries_among(trace)).tolist() == [-1, 0]


@pytest.mark.parametrize(
    ("rows", "status", "expected"),
    [
        ([], "complete", -1),
        ([row(QUERY, -1, 0, 10), row(SET, -1, 5, 13, agent=1)], "complete", 0),  # the main agent's
        ([row(QUERY, -1, 0, 10), row(SET, -1, 5, 13, agent=1)], "killed", 1),  # what was done last
        ([row(QUERY, -1, 0, 10), row(SET, -1, 5, 13)], "complete", 0),  # asked for at the same time
        ([row(QUERY, -1, 0, 10), row(SET, 0, 12, 13)], "complete", 1),  # asked for upon the query
        ([row(QUERY, -1, 0, 10), row(SET, -1, 5, 15)], "complete", 1),  # at the very end
        ([row(SET, -1, 0, 10), row(SET, -1, 5, 19)], "complete", 0),  # the other ran on
        # two queries at once, upon each of which the host thinks for 4: the second thought ends with the run
        ([row(QUERY, -1, 0, 10), row(QUERY, -1, 0, 11), row(SET, 0, 14, 14)], "complete", 1),
    ],
)
def test_a_run_ends_with_a_reply_of_its_main_agent(
    rows: list[tuple[int, ...]], status: str, expected: int
) -> None:
    trace = small_trace(rows, elapsed_ps=15)  # type: ignore[arg-type]
    trace.status = status
    assert final_command(trace) == expected


def test_thoughts_lie_between_replies_and_commands_and_before_the_end() -> None:
    trace = small_trace([row(QUERY, -1, 0, 5), row(SET, 0, 8, 9), row(QUERY, 1, 9, 12)], elapsed_ps=16)
    found = thought_spans(trace)
    assert [column.tolist() for column in found] == [[5, 12], [8, 16], [0, 2]]


def test_the_host_thinks_upon_every_query_though_a_command_waits_for_something_else() -> None:
    rows = [row(QUERY, -1, 0, 5), row(QUERY, 0, 8, 9), row(SET, -1, 8, 14), row(SET, 2, 14, 15)]
    trace = small_trace(rows, elapsed_ps=15, joins=[(3, 1)])
    found = thought_spans(trace)
    assert [column.tolist() for column in found] == [[5, 9], [8, 12], [0, 1]]


def test_an_agent_that_asks_for_two_things_at_once_thought_once() -> None:
    rows = [row(QUERY, -1, 0, 5), row(SET, 0, 8, 9), row(SET, 0, 8, 12)]
    trace = small_trace(rows, elapsed_ps=12)
    found = thought_spans(trace)
    assert [column.tolist() for column in found] == [[5], [8], [0]]


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
