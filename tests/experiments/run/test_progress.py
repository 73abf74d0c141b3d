"""Tests of the progress line: it says what a run is at, on terminals only, and records nothing."""

import io
import re

import pytest
from rich.console import Console

from experiments.run.progress import ProgressLine
from experiments.run.run import Started, run_study
from experiments.run.study import Study


def drawn(study: Study, terminal: bool, quiet: bool) -> str:
    paper = io.StringIO()
    console = Console(file=paper, force_terminal=terminal, width=120, color_system=None)

    def begin(started: Started) -> None:
        assert started.bench.queries == 0
        line.begin(started)

    with ProgressLine(quiet, console) as line:
        run_study(study, observers=[line], on_start=begin)
    return paper.getvalue()


@pytest.mark.usefixtures("in_room")
def test_a_terminal_sees_queries_time_accuracy_and_power(
    small_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.run.progress._EVERY_WALL_S", 0.0)
    text = drawn(small_study, terminal=True, quiet=False)
    assert "preparing" in text
    assert re.search(r"recovering .* 20[01]/200 queries +\S+ ms \| test \d\d\.\d % \| heaters +\S+ W", text)


@pytest.mark.usefixtures("in_room")
@pytest.mark.parametrize(("terminal", "quiet"), [(False, False), (True, True)])
def test_neither_a_pipe_nor_the_quiet_see_anything(terminal: bool, quiet: bool, small_study: Study) -> None:
    assert drawn(small_study, terminal, quiet) == ""
