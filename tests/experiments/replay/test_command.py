"""Tests of ``lightloop replay``: what came out, in words or as JSON."""

import json
from pathlib import Path

import pytest

from experiments.cli import main
from experiments.replay import modes
from experiments.replay.command import DIFFERS
from experiments.replay.rerun import Difference, Rerun
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


def test_a_rerun_that_differs_has_a_code_of_its_own(
    small_trace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(identical: bool) -> Rerun:
        difference = None if identical else Difference("commands", 3, "value", "1.0", "2.0")
        return Rerun("rerun", str(small_trace), "0" * 32, None, identical, difference, ())

    for identical, code in ((True, 0), (False, DIFFERS)):
        monkeypatch.setattr(modes, "replay", lambda *_, identical=identical: found(identical))
        assert main(["replay", str(small_trace), "--mode", "rerun"]) == code
        assert main(["replay", str(small_trace), "--mode", "rerun", "--json"]) == code
        capsys.readouterr()
    assert DIFFERS == 4
