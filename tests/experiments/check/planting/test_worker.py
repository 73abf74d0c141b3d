"""Seeds are tried until one fails, and not beyond."""

import json
import sys
from pathlib import Path

import pytest

import experiments.check.planting.worker as worker


def failing(seed: int, folder: Path) -> list[str]:
    """Stand in for the simulation: seed 3 fails."""
    return ["time: it goes back"] if seed == 3 else []


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [(range(9), (4, ["time: it goes back"])), (range(3), (3, [])), (range(4, 9), (5, []))],
)
def test_the_first_seed_that_fails_is_the_last_one(
    seeds: range, expected: tuple[int, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "faults_of", failing)
    assert worker.caught(seeds, tmp_path) == expected


def test_the_answer_is_a_line_and_a_bug_of_no_name_plants_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker, "faults_of", failing)
    monkeypatch.setattr(sys, "argv", ["worker", "none", str(tmp_path), "0", "9"])
    worker.main()
    assert json.loads(capsys.readouterr().out) == [4, ["time: it goes back"]]
