"""Tests of ``lightloop paper``: names and sizes that are wrong are refused before anything is written."""

from pathlib import Path

import pytest

from experiments.cli import main
from experiments.paper.registry import EXPERIMENTS
from tests.experiments.command_line import refusal


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("alhpa",), "did you mean 'alpha'"),
        (("kills",), "kills is a check: lightloop check kills"),
        (("light", "--queries", "3"), "its size is --epochs N, epochs of a training (10 unless given)"),
        (("alpha", "--seeds", "0"), "seeds=0 is not allowed"),
        ((), "Missing argument"),
    ],
)
def test_a_wrong_name_or_size_is_one_line_and_nothing_is_written(
    words: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert message in refusal(capsys, "paper", *words, "--out", out)
    assert not out.exists()


def test_the_help_lists_every_experiment_with_its_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paper", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert [name for name, one in EXPERIMENTS.items() if f"{name}: {one.about}; {one.size}" not in said] == []
