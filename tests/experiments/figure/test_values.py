"""Tests of the numbers that a figure can show."""

import math
from pathlib import Path

import pytest

from emulator.errors import TraceError
from emulator.trace import Header, Recorder
from emulator.trace.open import open_trace
from experiments.figure.values import drawable, finite, needed


def test_points_that_no_axis_holds_are_left_out_and_what_is_missing_is_named(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "run.h5", Header.now("", 0))
    for place, value in enumerate((0.25, math.nan, math.inf, 1e308, 0.5)):
        recorder.metric("loss", place, 0, value)
    recorder.metric("broken", 9, 0, math.nan)
    recorder.close("complete", "", 10, 0)
    with open_trace(tmp_path / "run.h5") as trace:
        series = drawable(trace)
        assert {name: list(one.value) for name, one in series.items()} == {"loss": [0.25, 0.5]}
        assert (finite(series, "loss"), finite(series, "broken")) == (0.5, None)
        needed(trace, series, ("loss",), "loss")
        with pytest.raises(
            TraceError, match=r"no epoch and no rate was recorded, so .* metrics of this trace: loss"
        ):
            needed(trace, series, ("loss", "epoch", "rate"), "learning")
        with pytest.raises(TraceError, match="every value of broken is NaN"):
            needed(trace, series, ("broken",), "learning")
