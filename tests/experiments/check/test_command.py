"""Tests of ``lightloop check``: it lists the checks, and refuses what is none."""

from pathlib import Path

import pytest

from experiments.check.registry import CHECKS
from experiments.cli import main
from tests.experiments.command_line import refusal


def test_without_a_name_every_check_is_listed_with_its_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{name}: {one.about}; {one.size}" for name, one in CHECKS.items()
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("kill",), "did you mean 'kills'"),
        (("alpha",), "alpha is an experiment of a paper: lightloop paper alpha"),
        (
            ("retiming", "--queries", "3"),
            "its size is --sets N, parameter sets for each study (20 unless given)",
        ),
        (("--sed", "3"), "did you mean '--seeds'"),
    ],
)
def test_a_wrong_name_or_size_is_one_line_and_nothing_is_written(
    words: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert message in refusal(capsys, "check", "--out", out, *words)
    assert not out.exists()
