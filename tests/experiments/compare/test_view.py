"""A comparison on a terminal: every table has its heading, and numbers are those of the traces."""

from dataclasses import replace
from pathlib import Path

import pytest

from emulator.trace import Header, Recorder
from experiments.compare.comparison import Comparison, compare_traces
from experiments.compare.view import show_comparison
from tests.experiments.terminal import WIDTHS, missing, seen


def trace(out: Path, watts: float, accuracy: float) -> Path:
    """Write a trace of a second that drew ``watts`` and reached ``accuracy`` after 10 queries."""
    recorder = Recorder.create(out, Header.now(f"[chip]\nwatts = {watts}\n", 0))
    recorder.power(recorder.label("power.component", "chip"), 0, watts)
    recorder.metric("test_accuracy", 0, 0, 0.25)
    recorder.metric("test_accuracy", 10**12, 10, accuracy)
    recorder.close("complete", "", 10**12, 10)
    return out


@pytest.fixture
def found(tmp_path: Path) -> Comparison:
    return compare_traces([trace(tmp_path / "one.h5", 2.0, 0.75), trace(tmp_path / "two.h5", 3.0, 0.5)])


@pytest.mark.parametrize("width", WIDTHS)
def test_every_part_has_its_heading_and_its_numbers(found: Comparison, width: int) -> None:
    text = seen(lambda console: show_comparison(found, console), width)
    sentences = (
        "Runs",
        "status complete complete",
        "Accuracy (%)",
        "last 75.0 50.0",
        "Cost, and its ratio to the first trace",
        "queries 10 10",
        "energy 2 J 3 J x 1 x 1.5",
        "Cost until 50.0 % was first measured",
        "Energy by component",
        "Configuration, where it differs",
        "chip.watts 2 3",
    )
    assert missing(sentences, text) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_what_was_not_recorded_or_never_reached_is_said(found: Comparison, width: int) -> None:
    first, second = found.traces
    poorer = replace(found, traces=(first, replace(second, energy_j=None, reached=None)), differences=())
    text = seen(lambda console: show_comparison(poorer, console), width)
    assert missing(("not recorded", "never", "nowhere"), text) == []


def test_without_accuracies_their_tables_are_left_out(found: Comparison) -> None:
    first, second = found.traces
    none = replace(first.accuracy, ideal=None, first=None, last=None, best=None, selected=None)
    bare = replace(
        found,
        common_accuracy=None,
        traces=(replace(first, accuracy=none), replace(second, accuracy=none)),
    )
    text = seen(lambda console: show_comparison(bare, console), 80)
    assert "Accuracy" not in text
    assert "first measured" not in text
