"""Tests of the learning curves: epochs, seconds and joules are the trace's own."""

import math
from pathlib import Path

import numpy as np
import pytest

from emulator.errors import TraceError
from emulator.trace.analysis.ledger import energy_by_component
from emulator.trace.open import open_trace
from experiments.figure.learning import learning_figure
from tests.experiments.light_traces import record_light


def test_accuracy_is_drawn_against_epochs_seconds_and_joules(light_trace: Path) -> None:
    with open_trace(light_trace) as trace:
        figure = learning_figure(trace)
        accuracy = trace.metrics()["test_accuracy"]
        spent_j = energy_by_component(trace)
        elapsed_s = trace.elapsed_s
    curves = [axes.lines[0] for axes in figure.axes[:3]]
    assert [list(curve.get_ydata()) for curve in curves] == 3 * [list(100 * accuracy.value)]
    epochs, seconds, joules = (np.asarray(curve.get_xdata()) for curve in curves)
    assert list(epochs) == [0, 1, 2]
    assert seconds[-1] == pytest.approx(elapsed_s)
    assert joules[-1] == pytest.approx(math.fsum(spent_j.values()))
    assert [axes.get_xlabel() for axes in figure.axes[3:]] == ["Epochs", "Emulated time (s)", "Energy (J)"]


def test_every_hidden_layers_alignment_lies_within_the_epochs(light_trace: Path) -> None:
    with open_trace(light_trace) as trace:
        figure = learning_figure(trace)
        cosines = trace.metrics()
    lines = [line for line in figure.axes[3].lines if "layer" in str(line.get_label())]
    assert [line.get_label() for line in lines] == ["hidden layer 1", "hidden layer 2"]
    for line, name in zip(lines, ("alignment_1", "alignment_2"), strict=True):
        assert list(line.get_ydata()) == list(cosines[name].value)
        x = np.asarray(line.get_xdata())
        assert 0 < x[0] < x[-1] < 2
        assert (np.diff(x) > 0).all()


def test_an_unfinished_epoch_counts_in_proportion_and_missing_energy_is_left_out(tmp_path: Path) -> None:
    trained = record_light(tmp_path / "cut.h5", "trace.detail=summary", "budget.queries=2000")
    with open_trace(trained) as trace:
        figure = learning_figure(trace)
        assert trace.status == "budget"
        metrics = trace.metrics()
        begun_s = metrics["alignment_1"].t_s[-1]
        epoch_s = metrics["epoch"].t_s[0]
    assert len(metrics["epoch"].value) == 1
    x = np.asarray(figure.axes[2].lines[-1].get_xdata())
    assert x[-1] == pytest.approx(begun_s / epoch_s)
    assert 1 < x[-1] < 2
    assert [axes.get_xlabel() for axes in figure.axes[2:]] == ["Epochs", "Emulated time (s)"]


def test_a_recovery_has_no_learning_to_draw(small_trace: Path) -> None:
    with open_trace(small_trace) as trace, pytest.raises(TraceError, match="no epoch"):
        learning_figure(trace)
