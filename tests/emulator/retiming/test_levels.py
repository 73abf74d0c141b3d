"""Levels read off a recorded power, and their integral when they are set at other times."""

import numpy as np
import pytest

from emulator.retiming.levels import Levels, integral_w_ps, recorded_levels


def ps(*instants: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(instants, dtype=np.int64)


def test_each_command_has_the_level_that_was_drawn_from_its_instant_on() -> None:
    """The second command sets what is there already, which leaves no row of power."""
    found = recorded_levels(ps(5, 9, 12), ps(0, 5, 12), np.array([1.0, 2.0, 4.0]))
    assert found.initial_w == 1.0
    assert found.watts.tolist() == [2.0, 2.0, 4.0]


def test_nothing_is_drawn_before_the_first_row_of_power() -> None:
    found = recorded_levels(ps(5), ps(5), np.array([2.0]))
    assert (found.initial_w, found.watts.tolist()) == (0.0, [2.0])


def test_what_changes_at_once_may_come_before_what_was_asked_for_earlier() -> None:
    found = recorded_levels(ps(12, 7), ps(0, 7, 12), np.array([1.0, 2.0, 4.0]))
    assert found.watts.tolist() == [4.0, 2.0]
    assert integral_w_ps(found, ps(12, 7), 20) == 7 * 1.0 + 5 * 2.0 + 8 * 4.0


@pytest.mark.parametrize(
    ("elapsed", "expected"), [(20, 10 * 1.0 + 5 * 3.0 + 5 * 2.0), (12, 10 + 2 * 3.0), (4, 4.0)]
)
def test_levels_hold_until_the_next_or_the_end(elapsed: int, expected: float) -> None:
    assert integral_w_ps(Levels(1.0, np.array([3.0, 2.0])), ps(10, 15), elapsed) == expected
