"""What is said of bugs that were planted, when too many live, and the whole hunt."""

from collections.abc import Callable
from pathlib import Path

import pytest

import experiments.check.planting.mutants as mutants
from emulator.errors import TaskError
from experiments.check.planting.bugs import BUGS
from experiments.check.planting.mutants import Hunt, judge, run_mutants

WHOLE = Hunt("none", 60, ())


def hunts(living: int) -> list[Hunt]:
    return [Hunt(bug, 3, () if number < living else ("time: back",)) for number, bug in enumerate(BUGS)]


def test_eighteen_of_twenty_are_enough_and_one_less_is_not() -> None:
    judge(WHOLE, hunts(2))
    with pytest.raises(TaskError, match="3 of 20 bugs live: wrong_sign, forgotten_heater, gain"):
        judge(WHOLE, hunts(3))


def test_seeds_that_fail_without_a_bug_prove_nothing() -> None:
    with pytest.raises(TaskError, match="without any bug a seed fails: time: back"):
        judge(Hunt("none", 4, ("time: back",)), hunts(0))


def stand_in(found: dict[str, Hunt]) -> Callable[[str, int], Hunt]:
    return lambda bug, tries: found.get(bug, Hunt(bug, 2, ("energy of\nhost | off", "time: back")))


def test_the_table_says_of_every_bug_what_found_it_and_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mutants, "hunt", stand_in({"none": WHOLE, "gain": Hunt("gain", 60, ())}))
    run_mutants(tmp_path, 1, 60, 2)
    said = (tmp_path / "mutants" / "mutants.md").read_text(encoding="utf-8")
    assert said in capsys.readouterr().out
    rows = [
        line for line in said.splitlines() if line.startswith("| ") and line.split("|")[1].strip() in BUGS
    ]
    assert len(rows) == 20
    assert sum("energy of host / off (and 1 more)" in row for row in rows) == 19
    assert sum("not found" in row for row in rows) == 1
    assert "19 of 20 bugs were found" in said


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_simulation_finds_eighteen_of_the_twenty_bugs(tmp_path: Path) -> None:
    run_mutants(tmp_path, 1, 60, 2)
