"""Tests of the cost of recording: sizes are those of the files; no test looks at how fast anything was."""

import math

import pytest

from experiments.benchmarks.chip.plant import benchmark_study, square_plant
from experiments.benchmarks.recording import RecordingCost, cost_table, measure_recording


@pytest.fixture(scope="module")
def costs() -> tuple[RecordingCost, ...]:
    return measure_recording(square_plant(benchmark_study(), 8), rounds=1, slice_queries=100)


def test_more_detail_takes_more_bytes(costs: tuple[RecordingCost, ...]) -> None:
    full, commands, summary = costs
    assert (full.detail, commands.detail, summary.detail) == ("full", "commands", "summary")
    assert full.file_bytes > commands.file_bytes > summary.file_bytes
    assert commands.journal_bytes > summary.journal_bytes
    # A query is one command of 61 bytes, and for every heater that moves a change of power of 17.
    assert 61 < commands.journal_bytes < 61 + 3 * 17


def test_every_cost_is_a_number_and_its_quartiles_enclose_it(costs: tuple[RecordingCost, ...]) -> None:
    for cost in costs:
        assert all(math.isfinite(value) for value in (cost.ns, cost.share, cost.file_bytes))
        assert cost.ns_low <= cost.ns <= cost.ns_high


def test_the_table_has_a_row_a_detail(costs: tuple[RecordingCost, ...]) -> None:
    lines = cost_table(costs).splitlines()
    assert [line.split()[0] for line in lines[2:5]] == ["full", "commands", "summary"]
