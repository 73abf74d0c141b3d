"""Tests of the numbers that a figure can show."""

import math
from pathlib import Path

import pytest

from emulator.errors import TraceError
from emulator.trace import Header, Recorder
from emulator.trace.open import open_trace
from experiments.figure.values import accuracy_band, drawable, finite, needed
from experiments.output.statistics import wilson_interval


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


def test_accuracies_have_the_interval_of_their_samples_where_these_are_known(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "run.h5", Header.now("", 0))
    for place, value in enumerate((0.5, 0.9, 7.0)):
        recorder.metric("test_accuracy", place, 0, value)
    recorder.metric("test_samples", 0, 0, 108.0)
    recorder.close("complete", "", 10, 0)
    with open_trace(tmp_path / "run.h5") as trace:
        series = drawable(trace)
    band = accuracy_band(series)
    assert band is not None
    assert band.label == "95 % interval of 108 test samples"
    assert [band.low[1], band.high[1]] == pytest.approx([100 * end for end in wilson_interval(97.2, 108)])
    assert math.isnan(band.low[2])  # 700 % is no accuracy
    assert accuracy_band({"test_accuracy": series["test_accuracy"]}) is None
