"""Tests of ``lightloop tail``: one line about a run that is over, or a refusal."""

from pathlib import Path

import pytest

from experiments.cli import main
from tests.experiments.command_line import refusal


def test_the_last_line_of_a_finished_run_is_said_once(
    small_trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tail", str(small_trace), "--once"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("complete")
    assert said.count("\n") == 1


def test_what_is_no_run_and_no_interval_is_refused(
    small_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "nothing.h5" in refusal(capsys, "tail", tmp_path / "nothing.h5", "--once")
    assert "interval" in refusal(capsys, "tail", small_trace, "--interval", "0")
