"""Tests of tables on a terminal: nothing is broken but between words, and what is too wide is laid on its side."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from experiments.output.tables import Column, Table, table_of
from experiments.output.terminal import show, to_text

LONG = "chip.heaters.settle_s"
WIDE = table_of("Wide", ("name", "recorded value", "now", Column("why", words=True)), [
    (LONG, "12.5 us", 3, "because light comes a little later than before"),
    ("sum", "1,234,567 us", 14, ""),
], ("a note that says how to read it",), total=True)  # fmt: skip


def test_words_stand_to_the_left_and_numbers_to_the_right() -> None:
    rows = [("a", 1234.5, "some words"), ("longer", 0.12345, "b")]
    assert to_text(table_of("T", ("part", "us", "note"), rows, ("end",))).splitlines() == [
        "T",
        "part       us  note",
        "a       1,234  some words",
        "longer  0.123  b",
        "end",
    ]


def test_what_is_too_wide_is_broken_between_its_words() -> None:
    assert to_text(WIDE, 62).splitlines() == [
        "Wide",
        "name                   recorded value  now  why",
        "chip.heaters.settle_s         12.5 us    3  because light",
        "                                            comes a little",
        "                                            later than before",
        "sum                      1,234,567 us   14",
        "a note that says how to read it",
    ]


def test_a_narrow_table_breaks_its_headings_and_puts_columns_closer() -> None:
    lines = to_text(WIDE, 46).splitlines()
    assert lines[1:3] == [f"{'name':21}     recorded now why", f"{'':21}        value"]
    assert max(map(len, lines)) <= 46


def test_what_is_wider_still_is_laid_on_its_side() -> None:
    assert to_text(WIDE, 40).splitlines() == [
        "Wide",
        "name",
        "chip.heaters.settle_s",
        "  recorded value  12.5 us",
        "  now             3",
        "  why             because light comes a",
        "                  little later than",
        "                  before",
        "sum",
        "  recorded value  1,234,567 us",
        "  now             14",
        "a note that says how to read it",
    ]


CELLS = st.integers(0, 10**12) | st.lists(
    st.text("abcdefgh.1", min_size=1, max_size=12), min_size=1, max_size=6
).map(" ".join)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4), st.integers(12, 90))
def test_every_word_and_number_is_there_whole_and_no_line_too_long(
    rows: list[tuple[str | int, ...]], width: int
) -> None:
    table = table_of("", ("first column", "second", Column("third", words=True)), rows)
    lines = to_text(table, width).splitlines()
    shown = " ".join(lines).split()
    words = [word for row in table.texts() for text in row for word in text.split()]
    assert [word for word in words if word not in shown] == []
    longest = max(len(text) for row in table.texts() for text in row)
    if width >= longest + 12:  # a number and its heading fit
        assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [20, 80])
def test_a_console_shows_the_same_with_an_empty_line_above_and_obeys_nothing_in_it(width: int) -> None:
    paper = io.StringIO()
    table = Table(
        "[bold]T", (Column("[red]x"),), (("[blink]y",), ("/a/path/that/is/longer/than/its/line.h5",))
    )
    show(table, Console(file=paper, width=width))
    assert paper.getvalue() == f"\n{to_text(table, width)}"
