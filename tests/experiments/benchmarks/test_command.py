"""Tests of ``lightloop bench``: an unknown part or file is refused before anything is measured."""

from pathlib import Path

import pytest

from tests.experiments.command_line import refusal


def test_what_cannot_be_measured_or_written_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "'lite' is no part; allowed: queries, light, retiming, sweep" in refusal(capsys, "bench", "lite")
    assert "cannot be written" in refusal(capsys, "bench", "light", "--json", tmp_path)
