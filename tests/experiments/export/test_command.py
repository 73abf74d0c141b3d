"""``lightloop export``: one line about what was written, and refusals before anything is."""

import json
from pathlib import Path

import pytest

from experiments.cli import main
from tests.experiments.command_line import refusal


def test_it_says_what_it_wrote(small_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "tables" / "metrics.csv"
    assert main(["export", str(small_trace), "--table", "metrics", "-o", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["rows"], said["note"]) == (len(out.read_text(encoding="utf-8").splitlines()) - 1, "")
    assert "a file lies here already" in refusal(
        capsys, "export", small_trace, "--table", "metrics", "-o", out
    )


@pytest.mark.parametrize(
    ("table", "name", "said"),
    [
        ("comands", "x.csv", "did you mean 'commands'?"),
        ("commands", "x.xlsx", "'.xlsx' is no format of tables; allowed: .csv, .parquet"),
        ("patterns", "x.csv", "patterns has no rows; at detail 'commands' the run kept commands"),
    ],
)
def test_what_cannot_be_exported_is_refused(
    table: str, name: str, said: str, small_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refusal(capsys, "export", small_trace, "--table", table, "-o", tmp_path / name)
    assert list(tmp_path.iterdir()) == []
