"""Tests of ``lightloop replay``: what came out, in words or as JSON."""

import json
from pathlib import Path

import pytest

from experiments.cli import main
from tests.experiments.command_line import refusal


def test_a_closed_replay_is_told_in_words_or_as_json(
    small_trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["replay", str(small_trace), "--mode", "closed"]
    assert main(words) == 0
    assert "Latency, re-timed" in capsys.readouterr().out
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["mode"] == "closed"


def test_an_unknown_mode_is_refused(small_trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean 'closed'" in refusal(capsys, "replay", small_trace, "--mode", "close")
