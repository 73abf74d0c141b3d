"""Tests of the recovery's figure: its panels hold the trace's own numbers."""

from pathlib import Path

import pytest

from emulator.errors import TraceError
from emulator.trace import Header, Recorder
from emulator.trace.open import open_trace
from experiments.figure.recovery import recovery_figure


def test_the_panels_hold_the_traces_numbers_against_queries_and_emulated_time(small_trace: Path) -> None:
    with open_trace(small_trace) as trace:
        figure = recovery_figure(trace)
        series = trace.metrics()
        digest, elapsed_s = trace.digest, trace.elapsed_s
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes]
    assert labels == [
        ("", "Test accuracy (%)"),
        ("", ""),
        ("Queries", "Heater power (W)"),
        ("Emulated time (ms)", ""),
    ]
    accuracy = [line for line in figure.axes[1].lines if "on the chip" in str(line.get_label())]
    power = figure.axes[2].lines[0]
    assert list(accuracy[0].get_ydata()) == list(100 * series["test_accuracy"].value)
    assert accuracy[0].get_xdata()[-1] == pytest.approx(1e3 * elapsed_s)
    assert list(power.get_xdata()) == list(series["heater_power_w"].queries)
    assert list(power.get_ydata()) == list(series["heater_power_w"].value)
    title = figure.get_suptitle()
    assert [fact for fact in ("Vowels", "complete", "seed 0", digest[:12]) if fact not in title] == []


def test_the_ideal_and_the_deployed_level_are_drawn_and_named(small_trace: Path) -> None:
    with open_trace(small_trace) as trace:
        legend = [text.get_text() for text in recovery_figure(trace).legends[0].get_texts()]
    assert [text.split(",")[0] for text in legend[:2]] == ["electronic model", "deployed"]
    assert len(legend) == 4


def test_a_trace_without_a_recovery_is_refused(tmp_path: Path) -> None:
    Recorder.create(tmp_path / "run.h5", Header.now("", 0)).close("complete", "", 0, 0)
    with open_trace(tmp_path / "run.h5") as trace, pytest.raises(TraceError, match="no test_accuracy"):
        recovery_figure(trace)
