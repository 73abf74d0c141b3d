"""docs/endurance.md: all rows of the matrix are there, and every test and check that it names is there too."""

import re
from pathlib import Path

from experiments.check.registry import CHECKS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "endurance.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
UNPROMISED = {28}
"""Rows of which the page says that nothing is promised."""


def test_all_rows_are_there_in_their_order_and_have_all_columns() -> None:
    assert [int(row.split("|")[1]) for row in ROWS] == list(range(1, 29))
    assert {len(re.split(r"(?<!\\)\|", row)) for row in ROWS} == {7}
    assert [row for row in ROWS if any(not cell.strip() for cell in row.split("|")[1:-1])] == []


def test_every_row_names_a_test_or_a_check() -> None:
    lacking = [row for row in ROWS if "`tests/" not in row and "`lightloop check " not in row]
    assert [int(row.split("|")[1]) for row in lacking] == sorted(UNPROMISED)


def test_every_test_that_is_named_is_there() -> None:
    named = re.findall(r"`(tests/[^`]+)`", PAGE)
    assert len(named) > len(ROWS)
    for name in named:
        file, _, test = name.partition("::")
        assert f"def {test or 'test_'}" in (ROOT / file).read_text(encoding="utf-8"), name


def test_every_check_that_is_named_is_there() -> None:
    for name in re.findall(r"`lightloop check ([^` ]+)", PAGE):
        assert name in CHECKS or name == "--seeds"
