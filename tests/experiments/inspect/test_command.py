"""Tests of ``lightloop inspect``: tables, or one JSON object, or a refusal."""

import json
from pathlib import Path

import pytest

from experiments.cli import main
from tests.experiments.command_line import refusal


def test_inspect_prints_tables_or_exactly_one_json_object(
    small_trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(small_trace)]) == 0
    assert "Latency ledger" in capsys.readouterr().out
    assert main(["inspect", str(small_trace), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["status"] == "complete"
    assert said.err == ""


def test_inspect_refuses_what_is_no_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.h5").write_text("hello")
    (tmp_path / "folder.h5").mkdir()
    for name in ("text.h5", "folder.h5", "nothing.h5"):
        assert name in refusal(capsys, "inspect", tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.h5", "text.h5"]
