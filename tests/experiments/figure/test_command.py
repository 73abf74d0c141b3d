"""Tests of ``lightloop figure``."""

from pathlib import Path

import pytest

from experiments.cli import main
from tests.experiments.command_line import refusal
from tests.experiments.compare.seed_traces import seed_trace


def test_figure_writes_the_image_and_refuses_to_replace_it(
    small_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.png"
    assert main(["figure", str(small_trace), "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"figure {out}\n"
    assert "--force" in refusal(capsys, "figure", small_trace, "-o", out)
    assert main(["figure", str(small_trace), "-o", str(out), "--force"]) == 0


def test_several_traces_are_one_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [seed_trace(tmp_path, 6, seed, 0.7) for seed in (0, 1)]
    assert main(["figure", *map(str, paths), "-o", str(tmp_path / "a.svg")]) == 0
    assert capsys.readouterr().out == f"figure {tmp_path / 'a.svg'}\n"
    assert "give --out FILE" in refusal(capsys, "figure", *paths)


def test_what_belongs_to_a_sweep_needs_its_folder(
    small_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ("-o", tmp_path / "a.png")
    assert "--pareto needs the folder" in refusal(capsys, "figure", small_trace, *out, "--pareto", "a,b")
    assert "--kind sweep needs the folder" in refusal(capsys, "figure", small_trace, *out, "--kind", "sweep")
    assert "is a folder" in refusal(capsys, "figure", tmp_path, small_trace, *out)
    assert "no folder of a sweep" in refusal(capsys, "figure", tmp_path)
    assert list(tmp_path.iterdir()) == []
