"""Tests of ``lightloop calibrate``: numbers in tables or JSON, and a snippet that replaces nothing it reads."""

import json
from pathlib import Path

import pytest

from emulator.config.toml import parse_toml
from experiments.cli import main
from experiments.run.study import Study
from tests.experiments.calibrate.calibration_lab import done, measured_csv, record_done
from tests.experiments.command_line import refusal


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory, small_study: Study) -> list[str]:
    folder = tmp_path_factory.mktemp("lab")
    trace = record_done(folder / "run.h5", small_study, done(4))
    measured = measured_csv(folder / "stopwatch.csv", small_study.chip, done(4), 0.01)
    return ["calibrate", str(trace), "--measured", str(measured)]


def test_the_fit_is_shown_and_its_snippet_written(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "fitted.toml"
    assert main([*words, "-o", str(out)]) == 0
    said = capsys.readouterr()
    assert "chip.heaters.settle_s" in said.out
    assert said.err == f"snippet {out}\n"
    assert "chip" in parse_toml(out.read_text(), "snippet")
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["latencies"] > 0


def test_a_snippet_replaces_neither_the_trace_nor_the_measurements(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for read in (words[1], words[3]):
        before = Path(read).read_bytes()
        assert "read by the same command" in refusal(capsys, *words, "-o", read, "--force")
        assert Path(read).read_bytes() == before
