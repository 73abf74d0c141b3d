"""Tests of the pipeline's time line: a bar is a span, and nothing is drawn that was not recorded."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from emulator.errors import TraceError
from emulator.trace.open import open_trace
from experiments.figure.pipeline import pipeline_figure
from tests.experiments.light_traces import record_light


def bars(figure: Figure, row: int) -> np.ndarray:
    """Return (start, end) of the bars of the stage in ``row``, in milliseconds."""
    collections = [c for c in figure.axes[0].collections if isinstance(c, PolyCollection)]
    return np.array(
        [(path.vertices[:, 0].min(), path.vertices[:, 0].max()) for path in collections[row].get_paths()]
    )


def test_the_first_ten_frames_are_drawn_where_they_were_recorded(light_trace: Path) -> None:
    with open_trace(light_trace) as trace:
        figure = pipeline_figure(trace)
        spans, resources = trace.all_spans(), trace.labels("spans.resource")
    exposures = np.flatnonzero(spans.resource == resources.index("camera"))[:10]
    recorded_ms = np.stack([spans.t_start[exposures], spans.t_end[exposures]], axis=1) / 1e9
    assert bars(figure, 1)[:10] == pytest.approx(recorded_ms)
    assert [text.get_text() for text in figure.axes[0].texts] == [str(n) for n in range(1, 11)]
    stages = [label.get_text().split(":")[0] for label in figure.axes[0].get_yticklabels()]
    assert stages == ["uplink", "camera", "sensor", "downlink", "grabber", "host"]
    assert "400 µs each" in figure.axes[0].get_yticklabels()[1].get_text()
    assert figure.legends[0].get_texts()[0].get_text() == "host: forward"


def test_the_same_is_drawn_of_a_trace_of_either_detail(tmp_path: Path) -> None:
    figures = []
    for detail in ("commands", "full"):
        path = record_light(tmp_path / f"{detail}.h5", f"trace.detail={detail}", "controller.epochs=1")
        with open_trace(path) as trace:
            figures.append(pipeline_figure(trace))
    one, other = figures
    for row in range(6):
        np.testing.assert_array_equal(bars(one, row), bars(other, row))
    labels = [[label.get_text() for label in figure.axes[0].get_yticklabels()] for figure in figures]
    assert labels[0] == labels[1]
    assert one.get_suptitle().endswith("the first 10 frames") == other.get_suptitle().endswith("10 frames")


def test_without_single_frames_the_passes_of_commands_are_drawn(light_commands_trace: Path) -> None:
    with open_trace(light_commands_trace) as trace:
        trace.config_text = ""  # of a bench that no study built
        figure = pipeline_figure(trace)
        batch_s = 256 / 1500
    first = bars(figure, 1)[0]
    assert first[1] - first[0] == pytest.approx(1e3 * (batch_s - 1 / 1500 + 400e-6), rel=1e-9)
    assert "4 passes of frames" in figure.get_suptitle()


def test_a_run_without_frames_is_refused(small_trace: Path, tmp_path: Path) -> None:
    with open_trace(small_trace) as trace, pytest.raises(TraceError, match="no frames were recorded"):
        pipeline_figure(trace)
    summary = record_light(tmp_path / "summary.h5", "trace.detail=summary", "controller.epochs=1")
    with open_trace(summary) as trace, pytest.raises(TraceError, match=r"trace\.detail"):
        pipeline_figure(trace)
