"""Tests of energy against time: equal to a sum over every picosecond, and honest about what was not recorded."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.trace import Header, Recorder
from emulator.trace.analysis.energy_curve import EnergyCurve, total_energy_j
from emulator.trace.open import open_trace
from emulator.trace.schema import Power
from tests.experiments.report.report_traces import pipelined_trace


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=8), st.integers(0, 40))
def test_the_energy_is_the_sum_of_the_power_of_every_picosecond(
    rows: list[tuple[int, int]], until_ps: int
) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    t, watts = np.array([row[0] for row in rows], np.int64), np.array([row[1] for row in rows], np.float64)
    curve = EnergyCurve.of(Power(np.zeros(len(rows), np.uint8), t, watts), 0)
    level, expected = 0.0, 0.0
    for tick in range(until_ps):
        for when, power in rows:
            level = float(power) if when == tick else level
        expected += level
    assert curve.at_j(np.array([until_ps]))[0] == pytest.approx(1e-12 * expected, rel=1e-12, abs=1e-24)


def test_a_component_that_never_drew_power_has_drawn_no_energy() -> None:
    power = Power(np.ones(1, np.uint8), np.zeros(1, np.int64), np.ones(1))
    assert list(EnergyCurve.of(power, 0).at_j(np.array([0, 10]))) == [0.0, 0.0]


def test_all_components_are_summed(tmp_path: Path) -> None:
    with open_trace(pipelined_trace(tmp_path / "run.h5")) as trace:
        total = total_energy_j(trace, np.array([0, 600_000, 350_000, 6_000_000]))
    each = 30 * 600e-9 + 100 * 350e-9 + 40 * 250e-9
    assert total is not None
    assert total == pytest.approx([0.0, each, 130 * 350e-9, 10 * each])


def test_a_summary_is_read_between_the_totals_that_it_logged(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "run.h5", Header.now("", 0), "summary")
    for t_ps, joules in ((0, 0.0), (1000, 2.0), (3000, 4.0)):
        recorder.metric("energy_j", t_ps, 0, joules)
    recorder.close("complete", "", 3000, 0)
    with open_trace(tmp_path / "run.h5") as trace:
        total = total_energy_j(trace, np.array([500, 1000, 2000]))
    assert total == pytest.approx([1.0, 2.0, 3.0])


def test_a_trace_without_power_and_totals_has_no_energy_to_tell(tmp_path: Path) -> None:
    with open_trace(pipelined_trace(tmp_path / "run.h5", "summary")) as trace:
        assert total_energy_j(trace, np.array([0])) is None
