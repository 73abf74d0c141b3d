"""Tests of energy by span and component: against a count of every picosecond, and against both ledgers."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.trace import Detail
from emulator.trace.reading.reader import open_trace
from emulator.trace.schema import Spans
from experiments.inspect.inspection import inspect_trace
from experiments.report import attribution
from experiments.report.attribution import Attribution, attribute_energy, exclusive_segments
from tests.experiments.report.report_traces import hostile_trace, pipelined_trace

Interval = tuple[int, int]


def of_trace(path: Path) -> Attribution:
    found = inspect_trace(path)
    with open_trace(path) as trace:
        return attribute_energy(trace, found)


def innermost(intervals: list[Interval], tick: int) -> int:
    """Return the interval that the instant belongs to, or -1: of those that cover it, the last to start."""
    covering = [row for row, (start, end) in enumerate(intervals) if start <= tick < end]
    return max(covering, key=lambda row: (intervals[row][0], -intervals[row][1], row), default=-1)


@given(
    st.lists(st.tuples(st.integers(0, 25), st.integers(0, 12)), max_size=9).map(
        lambda rows: [(start, start + lasting) for start, lasting in rows]
    ),
    st.integers(0, 40),
)
def test_each_picosecond_belongs_to_the_covering_span_that_started_last(
    intervals: list[Interval], elapsed_ps: int
) -> None:
    count = len(intervals)
    t_start, t_end = (np.array([row[at] for row in intervals], np.int64) for at in (0, 1))
    number = np.arange(count)
    found = exclusive_segments(
        Spans(np.zeros(count, np.uint8), number.astype(np.uint8), t_start, t_end, number), elapsed_ps
    )
    owner = np.full(elapsed_ps, -1)
    for key, start, end in zip(found.key, found.t_start, found.t_end, strict=True):
        assert np.all(owner[start:end] == -1)
        assert 0 <= start < end <= elapsed_ps
        owner[start:end] = key
    assert owner.tolist() == [innermost(intervals, tick) for tick in range(elapsed_ps)]


@pytest.mark.parametrize("detail", ["commands", "full", "summary"])
def test_the_columns_add_up_to_the_energy_ledger(detail: Detail, tmp_path: Path) -> None:
    path = pipelined_trace(tmp_path / "run.h5", detail)
    found, energy = of_trace(path), inspect_trace(path).energy_by_component_j
    assert found.components == tuple(energy)
    assert found.energy_j.sum(axis=0) == pytest.approx(list(energy.values()), rel=1e-9)
    assert found.measured == (detail != "summary")


def test_a_chips_energy_is_split_by_the_power_of_each_span(small_trace: Path) -> None:
    found, ledger = of_trace(small_trace), inspect_trace(small_trace)
    host = found.components.index("host")
    mean_w = dict(zip(found.spans, found.energy_j[:, host] / found.time_s.clip(min=1e-30), strict=True))
    # The preset's host draws 100 W while it computes and 40 W while it waits for the chip.
    assert mean_w["host.compute"] == pytest.approx(100.0, rel=1e-6)
    assert mean_w["heaters.settling"] == pytest.approx(40.0, rel=1e-6)
    assert found.energy_j.sum() == pytest.approx(ledger.energy_j, rel=1e-9)


def test_overlapping_spans_share_the_energy_as_the_latency_ledger_shares_the_time(tmp_path: Path) -> None:
    found = of_trace(pipelined_trace(tmp_path / "run.h5"))
    opu, host = (found.energy_j[:, found.components.index(name)] for name in ("opu", "host"))
    assert opu == pytest.approx(30.0 * found.time_s, rel=1e-9, abs=1e-18)  # constant power: energy is time
    compute = found.spans.index("host.update")
    assert host[compute] == pytest.approx(100.0 * found.time_s[compute], rel=1e-9)


def test_a_long_trace_is_read_in_pieces_with_the_same_result(
    small_trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = of_trace(small_trace)
    monkeypatch.setattr(attribution, "_CHUNK", 50)
    assert of_trace(small_trace).energy_j == pytest.approx(whole.energy_j, rel=1e-12)


def test_time_that_no_span_covers_keeps_its_energy(tmp_path: Path) -> None:
    found = of_trace(hostile_trace(tmp_path / "run.h5"))
    assert found.energy_j.sum() == pytest.approx(10 * 150e-9 * (1.0 + 2.0), rel=1e-9)
    assert found.energy_j[found.spans.index("host.compute")].sum() > 0
