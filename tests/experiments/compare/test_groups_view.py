"""Groups of seeds on a terminal: a column a group, means with intervals and paired differences."""

from pathlib import Path

import pytest

from experiments.compare.comparison import compare_traces
from experiments.compare.groups_view import show_groups
from tests.experiments.compare.seed_traces import seed_trace
from tests.experiments.terminal import WIDTHS, missing, seen


@pytest.mark.parametrize("width", WIDTHS)
def test_groups_are_columns_with_means_intervals_and_differences(tmp_path: Path, width: int) -> None:
    runs = [(6, 0, 0.70, 2.0), (6, 1, 0.74, 2.1), (8, 0, 0.75, 3.0), (8, 1, 0.80, 3.2)]
    found = compare_traces([seed_trace(tmp_path, *run) for run in runs])
    text = seen(lambda console: show_groups(found, console), width)
    sentences = (
        "seeds 2 2",
        "which 0, 1 0, 1",
        "status complete complete",
        "selected 72.0 77.5",
        "46.6 to 97.4",
        "45.7 to 100.0",
        "+5.5 ± 6.4",
        "1.41 to 2.69 J",
        "+1.05 ± 0.635 J",
        "Cost until 70.0 % was first measured",
        "chip 2.05 J 100.0 % 3.1 J 100.0 %",
        "chip.dac.bits 6 8",
        "(Student's t)",
    )
    assert missing(sentences, text) == []


def test_rows_say_what_they_are(tmp_path: Path) -> None:
    runs = [(6, 0, 0.70), (6, 1, 0.74), (8, 0, 0.75), (8, 1, 0.80)]
    found = compare_traces([seed_trace(tmp_path, *run) for run in runs])
    text = seen(lambda console: show_groups(found, console), 80)
    sentences = ("95 % interval 46.6 to 97.4 45.7 to 100.0", "minus first +5.5 ± 6.4", "queries 10 10")
    assert missing(sentences, text) == []


def test_what_no_run_reached_and_pairs_that_are_fewer_are_said(tmp_path: Path) -> None:
    runs = [(6, 0, 0.9), (6, 1, 0.9), (8, 1, 0.5), (8, 2, 0.6)]
    found = compare_traces([seed_trace(tmp_path, *run) for run in runs])
    text = seen(lambda console: show_groups(found, console), 100)
    assert missing(("minus first -40.0 (n = 1)", "runs that did 2 of 2 2 of 2"), text) == []
    bare = compare_traces([seed_trace(tmp_path / "b", 6, 0, 0.9), seed_trace(tmp_path / "b", 6, 1, 0.9)])
    assert "nowhere" in seen(lambda console: show_groups(bare, console), 100)
