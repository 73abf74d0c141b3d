"""Tests of ``lightloop sweep``: a table and files, refusals in one line, and how it says that it was stopped."""

import json
from pathlib import Path

import pytest

from experiments.cli import main
from experiments.sweep import sweep as module
from experiments.sweep.sweep import Manner
from tests.experiments.command_line import refusal
from tests.experiments.sweep.runs import SHORT, Here

SETTINGS = [word for setting in SHORT for word in ("--set", setting)]
AXIS = ["--sweep", "chip.dac.bits=6,8", *SETTINGS]


@pytest.mark.usefixtures("in_room", "small_trace")
def test_a_sweep_prints_tables_and_names_its_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    overlay = tmp_path / "mine.toml"
    overlay.write_text("[host]\noverhead_s = 1e-6\n", encoding="utf-8")
    monkeypatch.setattr(module, "Manner", lambda *words: Manner(Here(), figures=words[-1]))
    out = tmp_path / "sweep"
    words = [
        "sweep",
        "vowel_recovery",
        *AXIS,
        "--out",
        str(out),
        "--executor",
        "threads",
        "--with",
        str(overlay),
    ]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "accuracy (%)" in said.out
    assert f"{out}: results.csv, summary.csv, summary.md, sweep.png, sweep.svg" in said.out
    assert "2 points x 1 seed = 2 runs" in said.err
    assert main([*words, "--json", "-q", "--no-figures"]) == 0
    said = capsys.readouterr()
    assert len(json.loads(said.out)["rows"]) == 2
    assert "host.overhead_s=" in (out / "sweep.json").read_text(encoding="utf-8")
    assert said.err == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("vowel_recovery",), "nothing is swept"),
        (("vowel_recovery", "--sweep", "chip.dac.bits=99"), "the point chip.dac.bits=99 is refused"),
        (("vowel", "--sweep", "chip.dac.bits=8"), "did you mean 'vowel_recovery'"),
        (("vowel_recovery", *AXIS, "--pareto", "accuracy"), "two or more different names"),
        (("vowel_recovery", *AXIS, "--executor", "dusk"), "did you mean 'dask'"),
    ],
)
def test_what_is_refused_is_one_line_and_nothing_is_written(
    words: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert message in refusal(capsys, "sweep", *words, "--out", out, "-q")
    assert not out.exists()
