"""Tests of ``lightloop check --seeds``: which seeds, what is said of them, what is kept, and a sample of them."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import experiments.check.endurance.seeds as seeds
from emulator.errors import ConfigError, TaskError
from experiments.check.endurance.laps import faults_of
from experiments.check.endurance.seeds import Verdict, check_seeds, seeds_of, verdicts
from experiments.cli import main
from tests.experiments.command_line import refusal

SAMPLE = (*range(40), 54, 61, 64, 65, 66, 68, 78, 92, 127, 145, 445, 498, 1343, 1602, 1782, 1801)
"""The first ones, and those that failed once: lasers, receivers, media and frames that agents change, budgets,
and commands that nobody heard of."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3", range(3)), ("0-4", range(5)), ("7-7", range(7, 8)), (" 20-22 ", range(20, 23))],
)
def test_a_number_is_so_many_seeds_and_a_range_has_both_its_ends(text: str, expected: range) -> None:
    assert seeds_of(text) == expected


@pytest.mark.parametrize("text", ["", "0", "-3", "5-4", "a-b", "1-2-3", "1.5", "0-99999999999"])
def test_what_names_no_seeds_is_refused_and_says_what_would(text: str) -> None:
    with pytest.raises(ConfigError, match="a single one is A-A"):
        seeds_of(text)


@pytest.mark.parametrize("seed", SAMPLE)
def test_every_invariant_holds_of_a_sample_of_seeds(seed: int, tmp_path: Path) -> None:
    assert faults_of(seed, tmp_path) == []


@pytest.mark.slow
def test_every_invariant_holds_of_five_hundred_seeds(tmp_path: Path) -> None:
    assert [each for each in verdicts(range(500), 2) if each.found] == []


def told(found: dict[int, tuple[str, ...]]) -> object:
    """Return a stand-in for the processes, in which the seeds of ``found`` fail."""

    def verdicts(wanted: Sequence[int], jobs: int) -> Iterator[Verdict]:
        del jobs
        yield from (Verdict(seed, found.get(seed, ())) for seed in wanted)

    return verdicts


def test_a_seed_that_fails_is_one_line_with_what_repeats_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(seeds, "verdicts", told({5: ("energy of\nhost: off", "time: back")}))
    with pytest.raises(TaskError, match="1 of 3 seeds failed"):
        check_seeds(range(4, 7), 1, tmp_path, quiet=True)
    line, closing = capsys.readouterr().out.splitlines()
    assert line.startswith("seed 5 (")
    assert "source " in line
    assert line.endswith("energy of host: off (and 1 more); repeat: lightloop check --seeds 5-5")
    assert closing == "2 passed, 1 failed"


def test_what_has_passed_is_not_done_again_and_what_has_failed_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(seeds, "verdicts", told({1: ("time",)}))
    with pytest.raises(TaskError):
        check_seeds(range(3), 1, tmp_path, quiet=True)
    asked: list[int] = []

    def noting(wanted: Sequence[int], jobs: int) -> Iterator[Verdict]:
        del jobs
        asked.extend(wanted)
        yield from (Verdict(seed, ()) for seed in wanted)

    monkeypatch.setattr(seeds, "verdicts", noting)
    check_seeds(range(5), 1, tmp_path, quiet=True)
    assert asked == [1, 3, 4]
    assert capsys.readouterr().out.splitlines()[-1] == "5 passed, 0 failed"


def test_a_process_that_dies_costs_the_seed_that_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import json, sys\nfor seed in sys.stdin:\n    assert seed != '1\\n'\n    print('[]', flush=True)"
    monkeypatch.setattr(seeds, "module_command", lambda *_: [sys.executable, "-c", code])
    found = {each.seed: each.found for each in verdicts(range(4), 1)}
    assert sorted(found) == [0, 1, 2, 3]
    assert [seed for seed, faults in found.items() if faults] == [1]
    assert "its process ended with" in found[1][0]


def test_the_command_runs_two_seeds_in_processes_and_closes_with_their_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--seeds", "0-1", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 passed, 0 failed"


@pytest.mark.parametrize(
    "words", [("--seeds", "5-4"), ("--seeds", "2", "--jobs", "0"), ("views", "--seeds", "1-2")]
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert "allowed" in refusal(capsys, "check", "--out", out, *words)
    assert not out.exists()
