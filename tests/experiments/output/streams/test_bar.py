"""A bar for terminals, lines for others, nothing for the quiet."""

import io

import pytest
from rich.console import Console

from experiments.output.streams.bar import Bar
from experiments.output.streams.pulse import duration


def drawn(terminal: bool, quiet: bool) -> tuple[str, Bar]:
    paper = io.StringIO()
    console = Console(file=paper, force_terminal=terminal, width=80)
    with Bar("steps", 4000, duration, quiet, console) as bar:
        bar.show("climbing", 1500, 4000, ", 2 failed")
    return paper.getvalue(), bar


def test_a_terminal_sees_what_is_done_of_how_much_and_the_facts() -> None:
    seen, bar = drawn(terminal=True, quiet=False)
    assert "climbing" in seen
    assert "1,500/4,000 steps, 2 failed" in seen
    assert bar.drawn


@pytest.mark.parametrize(("terminal", "quiet"), [(False, False), (True, True)])
def test_neither_a_pipe_nor_the_quiet_see_a_bar(terminal: bool, quiet: bool) -> None:
    seen, bar = drawn(terminal, quiet)
    assert seen.strip() == ""
    assert (bar.drawn, bar.silent) == (False, quiet)
