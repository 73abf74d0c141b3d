"""Tests of ``lightloop timeline``: it says what it wrote, and refuses an unknown form."""

from pathlib import Path

import pytest

from experiments.cli import main
from tests.experiments.command_line import refusal


def test_the_timeline_is_written_and_summed_up(
    small_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run.json"
    assert main(["timeline", str(small_trace), "-o", str(out), "--to", "1e-4"]) == 0
    assert capsys.readouterr().out.startswith(f"timeline {out}: Chrome trace-event JSON, 0 s to 100 us")
    assert "no timeline format" in refusal(capsys, "timeline", small_trace, "-o", tmp_path / "run.txt")
