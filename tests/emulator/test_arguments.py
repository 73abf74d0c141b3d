"""What a public function is given is returned as it should be, or refused in one line."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from emulator.arguments import (
    checked_array,
    checked_choice,
    checked_flag,
    checked_kind,
    checked_number,
    checked_whole,
)
from emulator.errors import CommandError, ConfigError


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3)])
def test_whole_numbers_of_every_kind_are_ints(value: Any) -> None:
    found = checked_whole("here", value, 3, 3)
    assert (found, type(found)) == (3, int)


@pytest.mark.parametrize("value", [3.0, True, "3", None, np.array(3), 2, 5, [3]])
def test_what_is_no_whole_number_or_out_of_range_is_refused(value: Any) -> None:
    with pytest.raises(CommandError, match=r"^here = .* is refused; allowed: a whole number, 3\.\.4$"):
        checked_whole("here", value, 3, 4, CommandError)


@pytest.mark.parametrize("value", [True, "1", None, float("nan"), float("inf"), 10**400, np.zeros(1), 1j])
def test_what_is_no_finite_number_is_refused(value: Any) -> None:
    assert checked_number("here", np.float32(0.5)) == 0.5
    with pytest.raises(ConfigError, match="allowed: a finite number"):
        checked_number("here", value)


@pytest.mark.parametrize(
    ("judge", "good", "wrong"),
    [
        (lambda v: checked_flag("here", v), True, 1),
        (lambda v: checked_choice("here", v, ("left", "right")), "left", ["left"]),
        (lambda v: checked_kind("here", v, dict, "a dict"), {}, []),
        (lambda v: checked_array("here", v, "numbers"), np.ones(2), ["text"]),
        (lambda v: checked_array("here", v, "numbers"), np.ones(2), [[1], [1, 2]]),
    ],
)
def test_others_are_returned_or_refused(judge: Callable[[Any], Any], good: Any, wrong: Any) -> None:
    assert judge(good) is good
    with pytest.raises(ConfigError, match=r"^here = .*allowed: "):
        judge(wrong)


def test_a_message_is_short_and_has_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'left'") as caught:
        checked_choice("here", "lefft", ("left", "right"))
    assert len(str(caught.value)) < 100
    with pytest.raises(ConfigError) as caught:
        checked_whole("here", "x" * 10_000, 1)
    assert len(str(caught.value)) < 150
