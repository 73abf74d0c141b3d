"""Tests of the recovery's figure: its panels hold the trace's own numbers."""

import math
from itertools import pairwise
from pathlib import Path

import pytest

from emulator.errors import TraceError
from emulator.trace import Header, Recorder
from emulator.trace.analysis.ledger import energy_by_component
from emulator.trace.open import open_trace
from experiments.figure.recovery import recovery_figure
from experiments.output.drawing import drawing


def test_the_panels_hold_the_traces_numbers_against_time_with_queries_and_energy(small_trace: Path) -> None:
    with open_trace(small_trace) as trace:
        figure = recovery_figure(trace)
        series = trace.metrics()
        digest, elapsed_s = trace.digest, trace.elapsed_s
        spent_j = math.fsum(energy_by_component(trace).values())
    panels = [axes for axes in figure.axes if axes.lines]
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in panels]
    assert labels == [
        ("", "Test accuracy (%)"),
        ("", ""),
        ("Emulated time (ms)", "Heater power (W)"),
        ("Energy (mJ)", ""),
    ]
    seconds, joules = (
        next(line for line in axes.lines if "on the chip" in str(line.get_label())) for axes in panels[:2]
    )
    for line in (seconds, joules):
        assert list(line.get_ydata()) == list(100 * series["test_accuracy"].value)
    assert seconds.get_xdata()[-1] == pytest.approx(1e3 * elapsed_s)
    assert joules.get_xdata()[-1] == pytest.approx(1e3 * spent_j)
    power = panels[2].lines[0]
    assert list(power.get_xdata()) == list(1e3 * series["heater_power_w"].t_s)
    assert list(power.get_ydata()) == list(series["heater_power_w"].value)
    title = figure.get_suptitle()
    assert [fact for fact in ("Vowels", "complete", "seed 0", digest[:12]) if fact not in title] == []


def test_the_queries_stand_above_the_time_at_which_they_were_done(small_trace: Path) -> None:
    with open_trace(small_trace) as trace:
        figure = recovery_figure(trace)
        pace = trace.queries / (1e3 * trace.elapsed_s)
    left, right = (axes.child_axes for axes in figure.axes[:2])
    assert (left[0].get_xlabel(), right) == ("Queries", [])
    figure.draw_without_rendering()
    assert left[0].get_xticklabels()[0].get_text() == "0"
    assert left[0].get_xlim()[1] == pytest.approx(pace * figure.axes[0].get_xlim()[1])


def test_the_numbers_of_neighbouring_panels_do_not_touch(small_trace: Path) -> None:
    with open_trace(small_trace) as trace, drawing():
        figure = recovery_figure(trace)
        figure.draw_without_rendering()
        texts = [
            label.get_window_extent()
            for axes in figure.axes[2:4]
            for label in axes.get_xticklabels()
            if axes.get_xlim()[0] <= label.get_position()[0] <= axes.get_xlim()[1]
        ]
    texts.sort(key=lambda box: box.x0)
    assert all(one.x1 + 3 < other.x0 for one, other in pairwise(texts))


def test_every_colour_is_named(small_trace: Path) -> None:
    with open_trace(small_trace) as trace:
        legend = [text.get_text() for text in recovery_figure(trace).legends[0].get_texts()]
    assert [text.split(",")[0] for text in legend if "interval" not in text] == [
        "electronic model", "deployed", "on the chip", "state of least validation loss so far", "heater power",
    ]  # fmt: skip


def test_a_trace_without_a_recovery_is_refused(tmp_path: Path) -> None:
    Recorder.create(tmp_path / "run.h5", Header.now("", 0)).close("complete", "", 0, 0)
    with open_trace(tmp_path / "run.h5") as trace, pytest.raises(TraceError, match="no test_accuracy"):
        recovery_figure(trace)
