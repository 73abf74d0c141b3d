"""Tests of what is compared of two runs: the first difference is told, of whatever kind it is."""

from dataclasses import replace
from pathlib import Path

import pytest

from experiments.check.endurance.outing import Outing, draw, go
from experiments.check.endurance.rows import read_rows
from experiments.check.endurance.twice import same_commands, same_results, same_talk


@pytest.fixture(scope="module")
def outing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outing, Path]:
    path = tmp_path_factory.mktemp("twice") / "run.h5"
    return go(draw(7), path), path


def test_a_run_is_itself(outing: tuple[Outing, Path]) -> None:
    run, path = outing
    rows = read_rows(path)
    assert [
        *same_results(run.result, run.result),
        *same_talk(run.heard, run.heard),
        *same_commands(rows, rows),
    ] == []


def test_another_result_is_told(outing: tuple[Outing, Path]) -> None:
    run, _ = outing
    assert len([*same_results(run.result, replace(run.result, queries=99))]) == 1


def test_another_instant_another_reply_and_another_number_of_commands_are_told(
    outing: tuple[Outing, Path],
) -> None:
    heard = outing[0].heard
    late, told = replace(heard[0], done_ps=1), replace(heard[0], reply="nothing")
    assert "went otherwise" in next(same_talk(heard, (late, *heard[1:])))
    assert "was told otherwise" in next(same_talk(heard, (told, *heard[1:])))
    assert "commands, not" in next(same_talk(heard, heard[1:]))


def test_another_row_is_told(outing: tuple[Outing, Path]) -> None:
    rows = read_rows(outing[1])
    fewer = rows._replace(tables={**rows.tables, "commands": rows.tables["commands"][:-1]})
    assert [*same_commands(rows, fewer)] == ["detail: /commands differs between full and commands"]
