"""What a function takes besides the setting is read from it, and values are of its types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest

from emulator.errors import ConfigError
from experiments.run.own.arguments import check_call, parameters_of, place_of_function, typed


def typical(
    setting: Any, count: int, rate=0.1, *, mode: Literal["up", "down"] = "up", sizes: tuple[int, ...] = ()
):  # type: ignore[no-untyped-def]
    """Return nothing."""


def test_types_are_annotated_or_those_of_defaults() -> None:
    found = parameters_of(typical)
    assert dict(found.types) == {
        "count": int, "rate": float, "mode": Literal["up", "down"], "sizes": tuple[int, ...],
    }  # fmt: skip
    assert (found.required, found.open, found.takes_setting) == (("count",), False, True)


@pytest.mark.parametrize(
    ("key", "value", "is_"),
    [("count", 3, 3), ("rate", 1, 1.0), ("mode", "down", "down"), ("sizes", [1, 2], (1, 2))],
)
def test_values_become_what_the_function_takes(key: str, value: object, is_: object) -> None:
    found = typed("f", key, value, parameters_of(typical))
    assert (found, type(found)) == (is_, type(is_))


@pytest.mark.parametrize(
    ("key", "value"),
    [("count", 3.5), ("count", True), ("rate", "x"), ("mode", "left"), ("sizes", [1.5]), ("c", 1)],
)
def test_others_are_refused(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"controller\.{key} = "):
        typed("f", key, value, parameters_of(typical))


def test_a_type_that_no_text_can_give_is_refused() -> None:
    def odd(setting: Any, start: np.ndarray, rest: Callable[..., int]) -> None:
        """Return nothing."""

    with pytest.raises(ConfigError, match=r"controller\.start"):
        typed("f", "start", 3, parameters_of(odd))


def test_any_name_is_taken_where_the_function_takes_any() -> None:
    def free(setting: Any, **more: Any) -> None:
        """Return nothing."""

    assert typed("f", "anything", [1], parameters_of(free)) == [1]
    check_call("f", free, {"anything": 1})
    check_call("f", lambda *given: given, {})


def test_a_call_that_python_would_refuse_is_refused_before() -> None:
    with pytest.raises(ConfigError, match=r"it takes count besides .* --set controller\.count="):
        check_call("f", typical, {})
    check_call("f", typical, {"count": 1})
    with pytest.raises(ConfigError, match="takes no argument"):
        check_call("f", lambda: 1, {})
    assert place_of_function(typical).startswith(", test_arguments.py line ")
    assert place_of_function(print) == ""
