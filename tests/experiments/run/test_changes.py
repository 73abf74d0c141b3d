"""Changes as Python values: they mean what the same text means after ``--set``."""

from pathlib import Path

import numpy as np
import pytest

from emulator.config.models import with_overrides
from emulator.errors import ConfigError
from experiments.run.changes import overrides


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (5, 5),
        (1e-6, 1e-6),
        (True, True),
        ("2 us", "2 us"),
        ("5", "5"),
        ('a "b"\n= c', 'a "b"\n= c'),
        ([1, 2], [1, 2]),
        ((0.5, 0.25), [0.5, 0.25]),
        (np.float64(0.1), 0.1),
        (np.int32(7), 7),
        (Path("a/b"), "a/b"),
    ],
)
def test_a_value_arrives_as_it_is(value: object, read: object) -> None:
    tree = with_overrides({}, overrides({"chip.key": value}))
    assert tree == {"chip": {"key": read}}


@pytest.mark.parametrize("value", [None, {"a": 1}, object(), float("nan"), np.zeros(2)])
def test_a_value_that_toml_has_not_is_refused_by_its_key(value: object) -> None:
    with pytest.raises(ConfigError, match=r"^chip\.key = .*refused"):
        with_overrides({}, overrides({"chip.key": value}))


def test_no_changes_are_no_overrides() -> None:
    assert overrides(None) == overrides({}) == ()
