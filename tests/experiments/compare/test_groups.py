"""Groups of seeds: means, intervals and paired differences are those that one computes by hand."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from experiments.compare.comparison import Comparison, compare_traces
from experiments.compare.groups import numbers_of
from experiments.output.statistics import share_interval
from tests.experiments.compare.seed_traces import seed_trace

SIX, EIGHT = (0.70, 0.74, 0.81), (0.75, 0.80, 0.84)


@pytest.fixture
def found(tmp_path: Path) -> Comparison:
    runs = [(6, seed, value) for seed, value in enumerate(SIX)]
    runs += [(8, seed, value) for seed, value in enumerate(EIGHT, start=1)]
    return compare_traces([seed_trace(tmp_path, *run, watts=1.0 + run[1]) for run in runs])


def test_a_mean_over_seeds_has_the_interval_of_students_t(found: Comparison) -> None:
    assert [(one.name, one.seeds) for one in found.groups] == [
        ("bits = 6", (0, 1, 2)), ("bits = 8", (1, 2, 3))
    ]  # fmt: skip
    for group, values in zip(found.groups, (SIX, EIGHT), strict=True):
        mean = group.numbers["accuracy.selected"]
        half = stats.t.ppf(0.975, 2) * np.std(values, ddof=1) / math.sqrt(3)
        assert (mean.n, mean.mean) == (3, pytest.approx(np.mean(values)))
        assert (mean.low, mean.high) == (
            pytest.approx(np.mean(values) - half),
            pytest.approx(min(1.0, np.mean(values) + half)),
        )


def test_differences_are_taken_where_seeds_match(found: Comparison) -> None:
    moved = found.groups[1].to_first["accuracy.selected"]
    assert (moved.n, moved.mean) == (2, pytest.approx(np.mean([0.75 - 0.74, 0.80 - 0.81])))
    drawn = found.groups[1].to_first["energy_j"]
    assert (drawn.n, drawn.mean, drawn.sd) == (2, 0.0, 0.0)
    itself = found.groups[0].to_first["accuracy.selected"]
    assert (itself.n, itself.mean, itself.high) == (3, 0.0, 0.0)


def test_no_interval_leaves_what_its_number_can_be(tmp_path: Path) -> None:
    found = compare_traces([seed_trace(tmp_path, 6, 0, 0.05), seed_trace(tmp_path, 6, 1, 0.99)])
    mean = found.groups[0].numbers["accuracy.last"]
    assert (mean.low, mean.high) == (0.0, 1.0)
    assert found.groups[0].numbers["energy_j"].low == found.groups[0].numbers["energy_j"].high == 2.0


def test_one_trace_a_group_has_wilsons_interval_and_every_key_as_before(tmp_path: Path) -> None:
    found = compare_traces([seed_trace(tmp_path, 6, 0, 0.7), seed_trace(tmp_path, 8, 0, 0.8)])
    assert not found.seeds_are_grouped
    alone = found.groups[0].numbers["accuracy.last"]
    assert (alone.low, alone.high) == share_interval(0.7, 100)
    assert math.isnan(found.groups[0].numbers["energy_j"].low)
    told = json.loads(found.to_json())
    assert list(told) == ["common_accuracy", "common_quality", "traces", "differences", "ratios", "groups"]
    assert told["groups"][0]["numbers"]["energy_j"] == {
        "mean": 2.0, "sd": None, "low": None, "high": None, "n": 1
    }  # fmt: skip


def test_numbers_stand_where_they_do_in_the_entry_of_a_trace(found: Comparison) -> None:
    one, told = found.traces[0], json.loads(found.to_json())["traces"][0]
    for path, value in numbers_of(one).items():
        part = told
        for name in path.split(".", 1):
            part = part[name]
        assert part == value
