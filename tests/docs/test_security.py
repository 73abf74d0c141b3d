"""SECURITY.md: every promise names tests, and the tests that it names are there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROMISES = (
    (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition("## Promises")[2].partition("## Limits")[0]
)
ROWS = [line for line in PROMISES.splitlines() if line.startswith("|")][2:]


def test_every_promise_names_a_test() -> None:
    assert len(ROWS) >= 10
    assert [row for row in ROWS if "`tests/" not in row] == []


def test_every_test_that_a_promise_names_is_there() -> None:
    named = re.findall(r"`(tests/[^`]+)`", PROMISES)
    assert len(named) >= len(ROWS)
    for name in named:
        file, _, test = name.partition("::")
        assert f"def {test or 'test_'}" in (ROOT / file).read_text(encoding="utf-8"), name
