"""Tests of the speckle figure: its images obey the laws of speckle, and its recovery is the unit's own."""

from pathlib import Path

import numpy as np
import pytest

from emulator.config.models import build
from emulator.errors import TraceError
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign
from emulator.trace.open import open_trace
from experiments.figure.speckle import scene_of, speckle_figure
from tests.experiments.light_traces import record_light


def unit(mode: str, encoding: str = "ternary") -> OpuConfig:
    return build(OpuConfig, {"recovery": {"mode": mode}, "dmd": {"encoding": encoding}}, "test")


def test_speckle_has_the_contrast_of_an_exponential_law() -> None:
    scene = scene_of(unit("phase_shifting"), OpuDesign(10, 128), 0)
    intensity = np.asarray(scene.speckle_e)
    assert intensity.std() / intensity.mean() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("mode", ["off_axis", "phase_shifting", "anchor"])
def test_what_is_recovered_follows_the_true_projection(mode: str) -> None:
    scene = scene_of(unit(mode), OpuDesign(10, 128), 1)
    assert scene.correlation > 0.98
    slope = np.polyfit(scene.true.ravel(), scene.recovered.ravel(), 1)[0]
    assert slope == pytest.approx(1.0, abs=0.02)


def test_intensities_are_compared_in_the_units_of_the_medium() -> None:
    scene = scene_of(unit("intensity", "binary"), OpuDesign(10, 128), 0)
    assert scene.recovered.mean() == pytest.approx(scene.true.mean(), rel=0.02)


def test_the_sideband_and_the_noise_level_are_drawn_where_the_spectrum_has_them(light_trace: Path) -> None:
    with open_trace(light_trace) as trace:
        figure = speckle_figure(trace)
    spectrum = next(axes for axes in figure.axes if axes.get_xlabel() == "Cycles a row")
    power = np.asarray(spectrum.lines[0].get_ydata())
    floor = float(np.asarray(spectrum.lines[1].get_ydata())[0])
    carrier = int(np.asarray(spectrum.lines[2].get_xdata())[0])
    sideband = power[carrier - 200 : carrier + 200]
    assert sideband.mean() > 100 * floor  # the object beats with the reference here
    assert power[1020] == pytest.approx(floor, rel=0.6)  # beyond the sideband there is noise alone
    labels = [text.get_text() for text in spectrum.get_legend().get_texts()]
    assert labels == ["|O|² and |R|²", "sideband", "noise, as computed", "carrier"]


def test_pixels_are_square_and_projections_are_those_of_the_run(light_trace: Path) -> None:
    with open_trace(light_trace) as trace:
        figure = speckle_figure(trace)
    images = [axes for axes in figure.axes if axes.images and axes.get_xlabel() == "Camera column"]
    assert [axes.get_aspect() for axes in images] == [1.0, 1.0]
    assert figure.axes[3].get_title() == "16 vectors × 20 outputs"  # hidden layers of 12 and 8


def test_without_an_off_axis_reference_counts_stand_for_the_spectrum(tmp_path: Path) -> None:
    trained = record_light(
        tmp_path / "anchor.h5", "opu.recovery.mode=anchor", "trace.detail=summary", "controller.epochs=1"
    )
    with open_trace(trained) as trace:
        figure = speckle_figure(trace)
    titles = [axes.get_title() for axes in figure.axes]
    assert "Counts of the first frame" in titles
    assert not any("Hologram" in title for title in titles)


def test_without_light_there_is_no_speckle(small_trace: Path, tmp_path: Path) -> None:
    with open_trace(small_trace) as trace, pytest.raises(TraceError, match="no speckle"):
        speckle_figure(trace)
    exact = record_light(tmp_path / "exact.h5", "controller.feedback=exact", "controller.epochs=1")
    with open_trace(exact) as trace, pytest.raises(TraceError, match=r"controller\.feedback = 'optical'"):
        speckle_figure(trace)
