"""Tests of the learning curves: epochs, seconds and joules are the trace's own."""

import math
from pathlib import Path

import numpy as np
import pytest

from emulator.errors import TraceError
from emulator.trace import Header, Recorder
from emulator.trace.analysis.energy_curve import total_energy_j
from emulator.trace.analysis.ledger import energy_by_component
from emulator.trace.open import open_trace
from experiments.figure.learning import learning_figure
from experiments.figure.progress import Steps, progress_of
from experiments.figure.seeds import seeds_figure
from tests.experiments.light_traces import record_light


def test_accuracy_is_drawn_against_seconds_with_epochs_and_joules(light_trace: Path) -> None:
    with open_trace(light_trace) as trace:
        figure = learning_figure(trace)
        accuracy = trace.metrics()["test_accuracy"]
        spent_j = energy_by_component(trace)
        elapsed_s = trace.elapsed_s
    curves = [axes.lines[0] for axes in figure.axes[:2]]
    assert [list(curve.get_ydata()) for curve in curves] == 2 * [list(100 * accuracy.value)]
    seconds, joules = (np.asarray(curve.get_xdata()) for curve in curves)
    assert seconds[-1] == pytest.approx(elapsed_s)
    assert joules[-1] == pytest.approx(math.fsum(spent_j.values()))
    assert [axes.get_xlabel() for axes in figure.axes[2:]] == ["Emulated time (s)", "Energy (J)"]
    (epochs,) = figure.axes[0].child_axes
    figure.draw_without_rendering()
    assert epochs.get_xlabel() == "Epochs"
    assert epochs.get_xlim()[1] == pytest.approx(2 * figure.axes[0].get_xlim()[1] / elapsed_s, rel=0.01)


def test_every_hidden_layers_alignment_lies_within_the_run(light_trace: Path) -> None:
    with open_trace(light_trace) as trace:
        figure = learning_figure(trace)
        cosines = trace.metrics()
        elapsed_s = trace.elapsed_s
    lines = [line for line in figure.axes[2].lines if "layer" in str(line.get_label())]
    assert [line.get_label() for line in lines] == ["hidden layer 1", "hidden layer 2"]
    for line, name in zip(lines, ("alignment_1", "alignment_2"), strict=True):
        assert list(line.get_ydata()) == list(cosines[name].value)
        x = np.asarray(line.get_xdata())
        assert 0 < x[0] < x[-1] < elapsed_s
        assert (np.diff(x) > 0).all()


def test_an_unfinished_epoch_counts_in_proportion_and_energy_is_known_without_recorded_power(
    tmp_path: Path,
) -> None:
    trained = record_light(tmp_path / "cut.h5", "trace.detail=summary", "budget.queries=2000")
    with open_trace(trained) as trace:
        figure = learning_figure(trace)
        assert trace.status == "budget"
        metrics = trace.metrics()
        begun_s = metrics["alignment_1"].t_s[-1]
        epoch_s = metrics["epoch"].t_s[0]
        spent_j = sum(trace.totals()["energy_j"].values())
        assert total_energy_j(trace, np.array([trace.elapsed_ps])) == pytest.approx(spent_j)
    assert len(metrics["epoch"].value) == 1
    assert [axes.get_xlabel() for axes in figure.axes[2:]] == ["Emulated time (s)", "Energy (J)"]
    (epochs,) = figure.axes[0].child_axes
    figure.draw_without_rendering()
    assert epochs.get_xlim()[1] / figure.axes[0].get_xlim()[1] == pytest.approx(1 / epoch_s)
    assert begun_s > epoch_s


def test_steps_that_do_not_keep_time_have_an_axis_of_their_own(light_trace: Path) -> None:
    with open_trace(light_trace) as trace:
        t_s = trace.metrics()["epoch"].t_s
        axes = progress_of(trace, Steps("Epochs", np.sqrt), t_s)
    assert [(axis.label, axis.above) for axis in axes] == [
        ("Epochs", ""), ("Emulated time (s)", ""), ("Energy (J)", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(("metric", "label", "end"), [("r2", "R²", "0.618"), ("rmse", "RMSE", "0.6180")])
def test_a_regression_is_drawn_by_its_own_metric(tmp_path: Path, metric: str, label: str, end: str) -> None:
    paths = [tmp_path / f"{seed}.h5" for seed in (0, 1)]
    for seed, path in enumerate(paths):
        recorder = Recorder.create(path, Header.now(f"seed = {seed}\n", seed))
        recorder.metric("epoch", 10**12, 10, 1.0)
        recorder.metric(f"test_{metric}", 0, 0, -0.1)
        recorder.metric(f"test_{metric}", 10**12, 10, 0.618)
        recorder.close("complete", "", 10**12, 10)
    with open_trace(paths[0]) as one, open_trace(paths[1]) as other:
        alone, both = learning_figure(one), seeds_figure([one, other], "learning")
    assert alone.axes[0].get_ylabel().startswith(f"Test {label}")
    assert both.axes[0].get_ylabel() == alone.axes[0].get_ylabel()
    assert alone.axes[0].get_legend_handles_labels()[1] == [f"at the end {end}"]
    assert list(np.asarray(alone.axes[0].lines[0].get_ydata())) == [-0.1, 0.618]


def test_a_recovery_has_no_learning_to_draw(small_trace: Path) -> None:
    with open_trace(small_trace) as trace, pytest.raises(TraceError, match="no epoch"):
        learning_figure(trace)
