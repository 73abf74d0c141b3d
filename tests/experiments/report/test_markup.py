"""Tests of a report's elements: text is shown and never obeyed."""

from experiments.report.markup import Markup, details, element, note, swatch, table, text

BAD = "<script>&\"'"
SAFE = "&lt;script&gt;&amp;&quot;&#x27;"


def test_text_is_escaped_wherever_it_goes() -> None:
    assert text(BAD) == SAFE
    pieces = [note(BAD), details(BAD, Markup("")), swatch("red", BAD), table([BAD], [[BAD]], [BAD])]
    for piece in pieces:
        assert BAD not in piece
        assert SAFE in piece


def test_attributes_are_escaped_and_keep_their_names() -> None:
    found = element("input", class_="a", data_axis=BAD, for_="x")
    assert found == f'<input class="a" data-axis="{SAFE}" for="x"></input>'


def test_a_table_has_a_head_rows_and_a_foot() -> None:
    found = table(["a", "b"], [["1", "2"], ["3", "4"]], ["sum", "6"])
    assert found.count("<tr>") == 4
    assert found.index("<thead>") < found.index("<tbody>") < found.index("<tfoot>")
    assert "<tfoot>" not in table(["a"], [["1"]])
