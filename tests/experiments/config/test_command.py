"""``lightloop config``: what it prints, ``lightloop run`` takes, and the same study comes of it."""

import json
from pathlib import Path

import pytest

from emulator.config.models import digest
from emulator.trace.open import open_trace
from experiments.cli import main
from experiments.run.study import Study, load_study
from tests.experiments.command_line import refusal


def test_the_study_of_a_trace_is_a_study_again(
    small_trace: Path, small_study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", str(small_trace)]) == 0
    (tmp_path / "again.toml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert load_study(tmp_path / "again.toml") == small_study
    with open_trace(small_trace) as trace:
        assert digest(load_study(tmp_path / "again.toml")) == trace.config_digest


def test_programs_get_it_as_json(small_trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", str(small_trace), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["controller"]["queries"] == 200


def test_what_is_no_trace_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no trace here" in refusal(capsys, "config", tmp_path / "x.h5")
