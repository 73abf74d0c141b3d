"""Tests of figures: they show what the trace holds, name their units, and replace no file unasked."""

from pathlib import Path

import pytest

from emulator.errors import ConfigError, TraceError
from emulator.trace import Header, Recorder
from emulator.trace.reader import open_trace
from experiments.figures import draw_figure, figure_kinds, recovery_figure


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_a_figure_is_written_in_the_type_that_its_name_says(
    suffix: str, small_trace: Path, tmp_path: Path
) -> None:
    starts = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
    out = tmp_path / "new" / f"recovery.{suffix}"
    draw_figure(small_trace, out)
    assert out.read_bytes().startswith(starts[suffix])


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


def test_an_existing_file_is_replaced_only_by_force(small_trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    out.write_bytes(b"precious")
    with pytest.raises(TraceError, match="--force"):
        draw_figure(small_trace, out)
    assert out.read_bytes() == b"precious"
    draw_figure(small_trace, out, force=True)
    assert out.read_bytes() != b"precious"


def test_unknown_kinds_and_types_are_refused(small_trace: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'recovery'"):
        draw_figure(small_trace, tmp_path / "a.png", "recovry")
    with pytest.raises(ConfigError, match=r"\.png, \.pdf, \.svg"):
        draw_figure(small_trace, tmp_path / "a.h5")
    assert list(tmp_path.iterdir()) == []
    assert figure_kinds() == ("recovery",)


def test_a_trace_without_a_recovery_is_refused(tmp_path: Path) -> None:
    Recorder.create(tmp_path / "run.h5", Header.now("", 0)).close("complete", "", 0, 0)
    with pytest.raises(TraceError, match="no test_accuracy"):
        draw_figure(tmp_path / "run.h5", tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


def test_a_folder_that_cannot_be_made_is_refused(small_trace: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TraceError, match="cannot be written"):
        draw_figure(small_trace, tmp_path / "file" / "a.png")
