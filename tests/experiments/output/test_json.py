"""Tests of JSON for machines: records become mappings, and what JSON has no word for becomes null."""

import json
import math
from dataclasses import dataclass

import pytest

from experiments.output.json import finite, to_json


@dataclass(frozen=True)
class Point:
    """A record with a number that may not be finite."""

    x: float
    tags: tuple[str, ...] = ()


def test_what_is_not_finite_becomes_null_at_any_depth() -> None:
    tree = {"a": [1.5, math.nan, (math.inf, 2)], "b": {"c": -math.inf}, "d": True, "e": None}
    assert finite(tree) == {"a": [1.5, None, [None, 2]], "b": {"c": None}, "d": True, "e": None}


def test_records_become_mappings_wherever_they_stand() -> None:
    text = to_json({"points": [Point(1.0, ("x",)), Point(math.nan)]})
    expected = {"points": [{"x": 1.0, "tags": ["x"]}, {"x": None, "tags": []}]}
    assert json.loads(text, parse_constant=pytest.fail) == expected
    assert "\n" not in to_json(Point(1.0), indent=None)
