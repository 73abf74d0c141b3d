"""Every bug that is planted takes the place of something that is there, and is something else."""

from collections.abc import Callable
from typing import Any

import pytest

import experiments.check.planting.bugs as bugs
from experiments.check.planting.bugs import BUGS


def test_there_are_twenty_bugs_under_their_own_names() -> None:
    assert len(BUGS) == 20
    assert [name for name, bug in BUGS.items() if name != bug.name or not bug.wrong] == []
    assert len({bug.wrong for bug in BUGS.values()}) == 20


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_takes_the_place_of_what_there_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planted: list[tuple[object, str]] = []

    def note(owner: Any, attribute: str, made: Callable[[Any], Any]) -> None:
        true = vars(owner)[attribute]
        assert made(true) is not true
        planted.append((owner, attribute))

    monkeypatch.setattr(bugs, "_wrap", note)
    BUGS[name].plant()
    assert planted
