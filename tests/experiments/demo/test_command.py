"""Tests of ``lightloop demo``: a folder that cannot be is refused before anything is trained."""

from pathlib import Path

import pytest

from experiments.cli import main
from tests.experiments.command_line import refusal


def test_a_folder_that_cannot_be_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("precious")
    assert "Not a directory" in refusal(capsys, "demo", "--out", "file/demo")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_help_says_how_long_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--help"]) == 0
    assert "three minutes" in " ".join(capsys.readouterr().out.split())
