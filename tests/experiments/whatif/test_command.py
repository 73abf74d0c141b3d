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


def test_elasticities_are_tables_json_and_a_figure(
    small_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tornado.png"
    assert main(["whatif", str(small_trace), "--elasticity", "--figure", str(out)]) == 0
    assert "Break-even points" in capsys.readouterr().out
    assert out.read_bytes()[:4] == b"\x89PNG"
    assert main(["whatif", str(small_trace), "--elasticity", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["baseline"]["binds"]
    assert main(["whatif", str(small_trace), "--elasticity", "--csv"]) == 0
    assert capsys.readouterr().out.startswith("parameter,recorded,factor,value,time_s")
    words = ("whatif", small_trace, "--elasticity", "--sweep", "host.overhead_s=0,1us")
    assert "varies every parameter by itself" in refusal(capsys, *words)
