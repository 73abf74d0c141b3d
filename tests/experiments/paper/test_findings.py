"""What an experiment found is drawn, printed and written with its label; failures are told after that."""

import json
from pathlib import Path

import pytest

from emulator.errors import TaskError
from experiments.output.statistics import stat
from experiments.output.tables import Column, Table
from experiments.paper.findings import Findings, publish_findings

TABLE = Table("Found", (Column("what"), Column("share %", 1, 100.0)), (("all", stat([0.5, 0.7])),))


def draw(path: Path, label: str) -> None:
    path.write_text(f"drawn: {label}", encoding="utf-8")


def test_everything_bears_the_label(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = Findings(tmp_path, (TABLE,), draw, "made by hand.\n")
    publish_findings("one", found, "Quick run, no result", tmp_path / "mine.json")
    assert (tmp_path / "one.png").read_text(encoding="utf-8") == "drawn: Quick run, no result"
    assert capsys.readouterr().out.startswith("**Quick run, no result**\n\n### Found\n")
    assert (tmp_path / "one.md").read_text(encoding="utf-8").startswith("**Quick run, no result**")
    tree = json.loads((tmp_path / "mine.json").read_text(encoding="utf-8"))
    assert tree == json.loads((tmp_path / "one.json").read_text(encoding="utf-8"))
    assert (tree["name"], tree["label"]) == ("one", "Quick run, no result")
    assert tree["provenance"] == "made by hand."
    ((row,),) = (table["rows"] for table in tree["tables"])
    assert row["what"] == "all"
    assert row["share %"]["mean"] == pytest.approx(60.0)


def test_failures_are_told_after_what_was_found(tmp_path: Path) -> None:
    found = Findings(tmp_path, (TABLE,), draw, "", "one of two runs failed")
    with pytest.raises(TaskError, match="one of two runs failed"):
        publish_findings("one", found)
    assert (tmp_path / "one.md").is_file()
    nothing = Findings(tmp_path / "none", (), draw, "", "both failed")
    with pytest.raises(TaskError, match="both failed"):
        publish_findings("two", nothing, json=tmp_path / "two.json")
    assert not (tmp_path / "two.json").exists()
