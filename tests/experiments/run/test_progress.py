"""Tests of progress: drawn on a terminal, said now and then elsewhere, never when quiet; nothing is recorded."""

import functools
import io
import itertools
import re
from collections.abc import Callable, Mapping

import pytest
from rich.console import Console

from emulator.bench import Bench
from experiments.output.streams.pulse import Pulse
from experiments.run.progress import ProgressLine
from experiments.run.run import Started, run_study
from experiments.run.study import Study


def a_second_each_time() -> Callable[[], float]:
    return functools.partial(next, itertools.count(0.0, 1.0))


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


@pytest.mark.usefixtures("in_room")
def test_a_log_is_told_what_a_run_is_at_and_how_long_it_may_last(small_study: Study) -> None:
    said = []

    class Log(ProgressLine):
        def observe(self, bench: Bench) -> Mapping[str, float]:
            said.append(self.line(1.0))
            return super().observe(bench)

    line = Log(console=Console(file=io.StringIO()), clock=a_second_each_time())
    line.every_queries = 100
    said.append(line.line(12.0))
    with line:
        run_study(small_study, observers=[line], on_start=line.begin)
    assert said[0] == "run: preparing for 12 s"
    assert [re.sub(r"[\d.]+", "N", text) for text in said[2:3]] == [
        "run: recovering, N of N queries, N ms of emulated time, test N %, about N s left"
    ]
    assert re.match(r"run: .*, 20[01] of 200 queries", line.line(1.0))


@pytest.mark.parametrize(
    ("terminal", "quiet", "spoken"), [(False, False, True), (False, True, False), (True, False, False)]
)
def test_lines_are_for_those_who_see_no_bar_and_are_not_quiet(
    terminal: bool, quiet: bool, spoken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    class Noted(Pulse):
        def __init__(self, line: Callable[[float], str], shown: bool = True) -> None:
            asked.append(shown)
            super().__init__(line, shown=False)

    monkeypatch.setattr("experiments.run.progress.Pulse", Noted)
    with ProgressLine(quiet, Console(file=io.StringIO(), force_terminal=terminal)):
        assert asked == [spoken]
