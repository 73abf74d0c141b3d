"""Tests of ``lightloop compare``: tables or JSON about two traces or more."""

import json
from pathlib import Path

import pytest

from experiments.cli import main
from tests.experiments.command_line import refusal
from tests.experiments.compare.seed_traces import seed_trace


def test_two_traces_are_compared_in_tables_or_json(
    small_trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", str(small_trace), str(small_trace)]
    assert main(words) == 0
    assert "Energy by component" in capsys.readouterr().out
    assert main([*words, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["traces"]) == 2


def test_one_trace_is_refused(small_trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "two or more" in refusal(capsys, "compare", small_trace)


def test_traces_that_differ_in_their_seeds_alone_are_one_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", *(str(seed_trace(tmp_path, 6, seed, 0.7)) for seed in (0, 1, 2))]
    assert main(words) == 0
    assert "differ in their seeds alone" in capsys.readouterr().out
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (len(told["traces"]), [group["seeds"] for group in told["groups"]]) == (3, [[0, 1, 2]])
