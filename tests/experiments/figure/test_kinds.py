"""Tests of figures: they show what the trace holds, name their units, and replace no file unasked."""

import json
import math
from pathlib import Path

import pytest

from emulator.errors import ConfigError, TraceError
from emulator.trace import Header, Recorder
from emulator.trace.open import open_trace
from experiments.figure.kinds import default_kind, draw_figure, figure_kinds
from tests.experiments.light_traces import record_light


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_a_figure_is_written_in_the_type_that_its_name_says(
    suffix: str, small_trace: Path, tmp_path: Path
) -> None:
    starts = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
    out = tmp_path / "new" / f"recovery.{suffix}"
    draw_figure(small_trace, out)
    assert out.read_bytes().startswith(starts[suffix])


def test_the_kind_is_what_the_trace_is_about_unless_one_is_named(small_trace: Path, tmp_path: Path) -> None:
    trained = record_light(tmp_path / "light.h5", "controller.epochs=1")
    with open_trace(small_trace) as recovery, open_trace(trained) as training:
        assert [default_kind(recovery), default_kind(training)] == ["recovery", "learning"]
    for kind in (None, "learning"):
        draw_figure(trained, tmp_path / f"{kind}.png", kind)
    assert (tmp_path / "None.png").read_bytes() == (tmp_path / "learning.png").read_bytes()


def test_an_existing_file_is_replaced_only_by_force(small_trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    out.write_bytes(b"precious")
    with pytest.raises(ConfigError, match="--force"):
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
    assert figure_kinds() == ("recovery", "learning", "pipeline", "speckle")


def test_a_trace_without_a_recovery_is_refused(tmp_path: Path) -> None:
    Recorder.create(tmp_path / "run.h5", Header.now("", 0)).close("complete", "", 0, 0)
    with pytest.raises(TraceError, match="no test_accuracy"):
        draw_figure(tmp_path / "run.h5", tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


def test_a_training_that_ended_before_an_epoch_lacks_its_epoch_and_nothing_else(tmp_path: Path) -> None:
    cut = record_light(tmp_path / "cut.h5", "budget.queries=200")
    with pytest.raises(
        TraceError, match="no epoch was recorded, so there is no learning to draw; metrics of this"
    ):
        draw_figure(cut, tmp_path / "a.png")
    draw_figure(cut, tmp_path / "a.png", "pipeline")


@pytest.mark.parametrize(
    "title", ["Bias of $V_{H$", "costs $5 to $10", r"\$ and \frac{", "[/red] ☃ \x01", "x" * 900]
)
def test_a_title_is_drawn_letter_by_letter(title: str, tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "run.h5", Header.now(f"title = {json.dumps(title)}\n", 0))
    recorder.metric("test_accuracy", 0, 0, 0.5)
    recorder.metric("heater_power_w", 0, 0, 1.0)
    recorder.close("complete", "", 0, 0)
    draw_figure(tmp_path / "run.h5", tmp_path / "a.svg")


@pytest.mark.parametrize("value", [math.nan, -math.inf, 1e308])
def test_numbers_that_no_axis_holds_are_left_out(value: float, tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "run.h5", Header.now("", 0))
    for name in ("test_accuracy", "heater_power_w", "ideal_test_accuracy", "selected_test_accuracy"):
        recorder.metric(name, 0, 0, value)
    recorder.metric("test_accuracy", 5, 0, 0.5)
    recorder.metric("heater_power_w", 5, 0, 1.0)
    recorder.close("complete", "", 10, 0)
    draw_figure(tmp_path / "run.h5", tmp_path / "a.png")
    recorder = Recorder.create(tmp_path / "none.h5", Header.now("", 0))
    recorder.metric("test_accuracy", 0, 0, value)
    recorder.metric("heater_power_w", 0, 0, value)
    recorder.close("complete", "", 0, 0)
    with pytest.raises(TraceError, match="every value of test_accuracy is NaN or beyond"):
        draw_figure(tmp_path / "none.h5", tmp_path / "b.png")


def test_a_folder_that_cannot_be_made_is_refused(small_trace: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        draw_figure(small_trace, tmp_path / "file" / "a.png")
