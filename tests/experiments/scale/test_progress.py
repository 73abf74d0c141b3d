"""How far a timing is: a bar on a terminal, a line with what is left elsewhere."""

import io

from rich.console import Console

from experiments.scale.progress import StepBar


def test_a_terminal_sees_how_many_steps_have_been_played() -> None:
    paper = io.StringIO()
    with StepBar(4_000, Console(file=paper, force_terminal=True, width=80)) as bar:
        bar.tell(1_500)
    assert "1,500/4,000 steps" in paper.getvalue()


def test_others_are_told_what_is_left() -> None:
    with StepBar(4_000, Console(file=io.StringIO(), width=80)) as bar:
        assert bar.line(1.0) == "scale: 0 of 4,000 steps"
        bar.tell(1_000)
        assert bar.line(60.0) == "scale: 1,000 of 4,000 steps, about 3 min left"
