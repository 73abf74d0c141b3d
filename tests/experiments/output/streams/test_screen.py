"""A screen prints text as text, in colours of our own, and no sign that commands a terminal."""

import io
import sys

import pytest
from rich.table import Table
from rich.text import Text

from experiments.output.streams.screen import Screen


@pytest.mark.parametrize("given", [str, Text, lambda text: Text.assemble((text, "bold red"))])
def test_nothing_that_is_printed_is_obeyed(given: object, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = io.StringIO()
    monkeypatch.setattr(sys, "stdout", paper)
    Screen().print(given("[red]a[/] :smile: \x1b[2J\x9b1m"))  # type: ignore[operator]
    assert paper.getvalue() == "[red]a[/] :smile: \u241b[2J\ufffd1m\n"


def test_what_stands_in_a_table_of_rich_is_none_the_wiser(monkeypatch: pytest.MonkeyPatch) -> None:
    paper = io.StringIO()
    monkeypatch.setattr(sys, "stderr", paper)
    table = Table("one")
    table.add_row("\x1b[2J[bold]x")
    Screen(stderr=True).print(table)
    assert "\u241b[2J" in paper.getvalue()
    assert "\x1b" not in paper.getvalue()
