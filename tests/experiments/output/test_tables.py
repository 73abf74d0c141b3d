"""Tables say what was not reached, and CSV keeps what Markdown rounds."""

import csv
import io

import pytest

from experiments.output.statistics import Stat, accuracy_stat, stat
from experiments.output.tables import Column, Table, table_of, to_csv, to_html, to_markdown, tree_of

TABLE = Table(
    "Queries",
    (Column("alpha", 2), Column("n"), Column("final %", 1, 100.0)),
    ((0.15, 2, stat([0.5, 0.7])), (1.0, 2, stat([None, None]))),
    ("a note",),
)


def test_markdown_shows_mean_and_spread_and_what_was_not_reached() -> None:
    lines = to_markdown(TABLE).splitlines()
    assert "| 0.15 | 2 | 60.0 ± 14.1 |" in lines
    assert "| 1.00 | 2 | not reached |" in lines
    assert lines[-1] == "- a note"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (stat([1.0]), "1.0"),
        (stat([1.0, None]), "1.0 (1 of 2)"),
        (stat([]), "-"),
        (accuracy_stat([0.5, 0.75]), "0.6 ± 0.2 [0.0, 1.0]"),
        (accuracy_stat([0.25], 1000), "0.2 [0.2, 0.3]"),
        (accuracy_stat([0.25]), "0.2"),
        (float("nan"), "-"),
    ],
)
def test_a_cell_says_how_much_is_behind_it(cell: Stat | float, text: str) -> None:
    table = Table("", (Column("x", 1),), ((cell,),))
    assert to_markdown(table).splitlines()[4] == f"| {text} |"


def test_a_tree_has_the_numbers_of_a_row_by_heading_in_the_headings_unit() -> None:
    first, second = tree_of(TABLE)["rows"]  # type: ignore[misc]
    assert first["alpha"] == 0.15
    assert first["final %"]["mean"] == pytest.approx(60.0)
    assert first["final %"]["sd"] == pytest.approx(20.0 * 0.5**0.5)
    assert (second["final %"]["n"], second["final %"]["tried"]) == (0, 2)


def test_csv_splits_statistics_and_has_equal_rows() -> None:
    rows = list(csv.reader(io.StringIO(to_csv(TABLE))))
    assert rows[0] == ["alpha", "n", *(f"final % {part}" for part in ("mean", "sd", "n", "tried"))]
    assert float(rows[1][2]) == pytest.approx(60.0)
    assert rows[2][2:] == ["", "", "0", "2"]
    assert len({len(row) for row in rows}) == 1


def test_an_interval_has_columns_of_its_own_and_a_note_that_says_what_it_is() -> None:
    table = Table("", (Column("x %", 1, 100.0),), ((accuracy_stat([0.5, 0.6, 0.7]),), (stat([0.5]),)))
    head, first, second = csv.reader(io.StringIO(to_csv(table)))
    assert head[-2:] == ["x % low", "x % high"]
    assert [float(cell) for cell in first[-2:]] == pytest.approx([35.16, 84.84], abs=0.01)
    assert second[-2:] == ["", ""]
    assert "- [low, high]: 95 % interval of the mean over seeds (Student's t)" in to_markdown(table)


def test_html_escapes_its_texts_and_tells_words_from_numbers() -> None:
    bad = "<b>&\"'"
    safe = "&lt;b&gt;&amp;&quot;&#x27;"
    page = to_html(table_of(bad, (bad, "n"), [(bad, 1), ("sum", 2)], total=True))
    assert page == (
        f'<table class="numbers"><thead><tr><th>{safe}</th><th>n</th></tr></thead>'
        f"<tbody><tr><td>{safe}</td><td>1</td></tr></tbody><tfoot><tr><td>sum</td><td>2</td></tr></tfoot></table>"
    )
    assert to_html(table_of("", ("a", "b"), [("x", "y")])).startswith('<table class="words">')


def test_a_number_without_digits_shows_three_that_count_or_more() -> None:
    table = table_of(
        "", ("", "x"), [("a", value) for value in (0.00012345, 1.5, 99.96, 123.4, 12345.6, 12345)]
    )
    assert [row[1] for row in table.texts()] == ["0.000123", "1.5", "100", "123", "12,346", "12,345"]
