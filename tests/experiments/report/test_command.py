"""Tests of ``lightloop report``: it says where the page is, and replaces none unasked."""

from pathlib import Path

import pytest

from experiments.cli import main
from tests.experiments.command_line import refusal


def test_the_page_is_written_and_replaced_by_force_only(
    small_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    words = ("report", small_trace, "-o", out, "--commands", "20")
    assert main([*map(str, words)]) == 0
    assert capsys.readouterr().out == f"report {out}\n"
    assert "--force" in refusal(capsys, *words)
    assert main([*map(str, words), "--force"]) == 0
