"""The front of points: the same as comparing all pairs by hand, with ties and unknown values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import ConfigError
from experiments.output.pareto import Goal, front, goals_of

VALUES = st.one_of(st.integers(0, 4).map(float), st.just(math.nan), st.just(math.inf))


def beats(one: list[float], other: list[float], more: list[bool]) -> bool:
    better = worse = False
    for mine, theirs, large in zip(one, other, more, strict=True):
        if math.isnan(mine) or math.isnan(theirs):
            return False
        better |= (mine > theirs) if large else (mine < theirs)
        worse |= (mine < theirs) if large else (mine > theirs)
    return better and not worse


@given(
    st.lists(st.lists(VALUES, min_size=3, max_size=3), min_size=1, max_size=12),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_the_front_is_what_no_other_point_beats(rows: list[list[float]], more: list[bool]) -> None:
    expected = [
        not any(map(math.isnan, row)) and not any(beats(other, row, more) for other in rows) for row in rows
    ]
    goals = [Goal(str(number), large) for number, large in enumerate(more)]
    assert front(np.array(rows), goals).tolist() == expected


def test_equal_points_are_both_on_the_front() -> None:
    goals = goals_of("accuracy,energy_j")
    values = np.array([[0.9, 1.0], [0.9, 1.0], [0.9, 2.0], [math.nan, 0.0]])
    assert front(values, goals).tolist() == [True, True, False, False]


def test_accuracies_are_better_when_larger_and_all_else_when_smaller() -> None:
    assert goals_of("accuracy, energy_j") == (Goal("accuracy", True), Goal("energy_j", False))
    assert goals_of("accuracy:min,queries:max") == (Goal("accuracy", False), Goal("queries", True))


@pytest.mark.parametrize(
    "text", ["", "accuracy", "accuracy,accuracy", "accuracy,,energy_j", "accuracy:most,energy_j"]
)
def test_goals_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--pareto .* is refused"):
        goals_of(text)
