"""Tests of ``lightloop figure``."""

from pathlib import Path

import pytest

from experiments.cli import main
from tests.experiments.command_line import refusal


def test_figure_writes_the_image_and_refuses_to_replace_it(
    small_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.png"
    assert main(["figure", str(small_trace), "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"figure {out}\n"
    assert "--force" in refusal(capsys, "figure", small_trace, "-o", out)
    assert main(["figure", str(small_trace), "-o", str(out), "--force"]) == 0
