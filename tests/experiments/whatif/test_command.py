"""Tests of ``lightloop whatif``: a table, JSON or CSV, and a figure that is refused before anything is computed."""

import csv
import io
import json
from pathlib import Path

import pytest

from experiments.cli import main
from tests.experiments.command_line import refusal


def test_whatif_prints_a_table_json_or_csv(small_trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["whatif", str(small_trace), "--set", "host.overhead_s=1 us"]
    assert main(words) == 0
    assert "0: as recorded" in capsys.readouterr().out
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][1]["elapsed_ratio"] < 1
    assert main([*words, "--csv"]) == 0
    assert len(list(csv.reader(io.StringIO(capsys.readouterr().out)))) == 3


def test_a_figure_that_lies_there_is_refused_at_once(
    small_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "whatif.png"
    out.write_text("precious")
    words = ("whatif", small_trace, "--set", "host.overhead_s=1 us", "--figure", out)
    assert "--force" in refusal(capsys, *words)
    assert out.read_text() == "precious"
    assert main([*map(str, words), "--force"]) == 0
    assert out.read_bytes().startswith(b"\x89PNG")


def test_an_unknown_parameter_is_refused(small_trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "host.overhead_s" in refusal(capsys, "whatif", small_trace, "--set", "host.overhed_s=1")
