"""Tests of JSON for machines: records become mappings, and what JSON has no word for becomes null."""

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import ConfigError
from experiments.output.json import to_json

LEAVES = st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False) | st.text()
TREES = st.recursive(LEAVES, lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts))


@dataclass(frozen=True, slots=True)
class Point:
    """A record with a number that may not be finite."""

    x: float
    tags: tuple[str, ...] = ()


def read(record: object) -> object:
    """Return what a strict reader of JSON finds."""
    return json.loads(to_json(record), parse_constant=pytest.fail)


def test_what_is_not_finite_becomes_null_at_any_depth() -> None:
    tree = {"a": [1.5, math.nan, (math.inf, 2)], "b": {"c": -math.inf}, "d": True, "e": None}
    assert read(tree) == {"a": [1.5, None, [None, 2]], "b": {"c": None}, "d": True, "e": None}
    assert read([np.float64(0.1), np.float64(math.nan)]) == [0.1, None]


def test_records_become_mappings_wherever_they_stand() -> None:
    expected = {"points": [{"x": 1.0, "tags": ["x"]}, {"x": None, "tags": []}]}
    assert read({"points": [Point(1.0, ("x",)), Point(math.nan)]}) == expected
    assert "\n" not in to_json(Point(1.0), indent=None)


@given(TREES)
def test_every_number_and_text_is_read_back_as_it_was(tree: object) -> None:
    def finite(part: object) -> object:
        if isinstance(part, float):
            return part if math.isfinite(part) else None
        if isinstance(part, dict):
            return {key: finite(value) for key, value in part.items()}
        return list(map(finite, part)) if isinstance(part, list) else part

    assert read(tree) == finite(tree)


def test_a_name_that_is_no_unicode_is_refused() -> None:
    assert to_json("µ") == '"\\u00b5"'
    with pytest.raises(ConfigError, match="surrogates not allowed"):
        to_json({"path": "run\udcff.h5"})
