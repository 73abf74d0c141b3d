"""What ``lightloop new`` writes runs as it stands, by the very line that it prints."""

import shlex
from pathlib import Path

import pytest

from experiments.cli import main
from experiments.new.writing import KINDS

SMALL = ("--set", "controller.queries=8", "--set", "evaluation.every_queries=8", "--quiet", "--out", "x.h5")


@pytest.mark.parametrize("what", KINDS)
def test_a_template_runs_by_the_line_that_is_printed(
    what: str, empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", what, "mine"]) == 0
    wrote, line = capsys.readouterr().out.splitlines()
    files = sorted(path.name for path in empty.iterdir())
    assert all(name in wrote for name in files)
    assert len(files) == (2 if what == "task" else 1)
    assert "$" not in (empty / files[-1]).read_text(encoding="utf-8")
    command, *words = shlex.split(line.removeprefix("run it: "))
    assert (command, main([*words, *SMALL])) == ("lightloop", 0)
    assert "8 of 8" in (said := capsys.readouterr().out) or "queries in" in said
