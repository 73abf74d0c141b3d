"""Tests of the waterfall's order: as the run meets its spans, idle time last."""

from pathlib import Path

import numpy as np
import pytest

from emulator.trace import Detail
from emulator.trace.open import open_trace
from experiments.inspect.inspection import inspect_trace
from experiments.report.panels.waterfall import _label_places, service_order
from tests.experiments.report.report_traces import pipelined_trace


@pytest.mark.parametrize("detail", ["commands", "full"])
def test_the_order_is_that_of_service(detail: Detail, tmp_path: Path) -> None:
    path = pipelined_trace(tmp_path / "run.h5", detail)
    latency_s = inspect_trace(path).latency_by_span_s
    with open_trace(path) as trace:
        order = service_order(trace, latency_s)
    steps = ["host.update", "dmd.load", "camera.exposure", "link.readout"]
    assert order == (*steps, "idle")
    assert set(order) == set(latency_s)


def test_without_an_order_the_longest_comes_first(tmp_path: Path) -> None:
    path = pipelined_trace(tmp_path / "run.h5", "summary")
    with open_trace(path) as trace:
        assert service_order(trace, {"idle": 5.0, "a.b": 1.0, "c.d": 2.0}) == ("c.d", "a.b", "idle")


def test_labels_stay_within_the_axis_that_ends_where_the_run_does() -> None:
    left, right = np.array([0.0, 2.0, 9.0]), np.array([2.0, 9.0, 10.0])
    places = _label_places(left, right, [False, False, True], 10.0)
    assert places["at"] == [2.0, 9.0, 9.0]
    assert places["align"] == ["left", "right", "right"]
    assert places["ink"][1] == "#ffffff"  # inside its bar
    whole = _label_places(np.array([0.0]), np.array([10.0]), [True], 10.0)
    assert (whole["at"], whole["align"], whole["ink"]) == ([10.0], ["right"], ["#1d2733"])
