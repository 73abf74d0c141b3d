"""A critical path on a terminal: shares that add up, the longest steps, how busy each resource was."""

import pytest

from experiments.inspect.critical_path import path_report
from experiments.inspect.critical_path_view import show_path
from tests.experiments.terminal import WIDTHS, missing, seen
from tests.trace_builders import small_trace


@pytest.mark.parametrize("width", WIDTHS)
def test_the_steps_their_shares_and_the_resources_are_shown(width: int) -> None:
    rows = [(0, 0, 1, 1, -1, 0, 0, 14), (0, 0, 1, 1, 0, 14, 14, 28)]
    plans = [(1, 0, 0, 6), (1, 1, 1, 4), (1, 2, 2, 4, 0)]
    found = path_report(small_trace(rows, plans, 28), longest=1)
    text = seen(lambda console: show_path(found, console), width)
    sentences = [
        f"Critical path: {found.steps} steps",
        "link.first 12 ps 42.9 %",
        "host.think 8 ps 28.6 %",
        "laser.rest 8 ps 28.6 %",
        "sum = elapsed 28 ps",
        "Its longest steps",
        "Use of resources",
        "overlap: two spans or more at once; the host is busy while an agent thinks, too",
    ]
    assert missing(sentences, text) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_run_without_steps_is_shown_all_the_same(width: int) -> None:
    text = seen(lambda console: show_path(path_report(small_trace()), console), width)
    assert missing(["Critical path: 0 steps"], text) == []
