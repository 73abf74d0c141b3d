"""Tests of the recovery experiment: its figures agree with closed forms, and off-axis keeps its promise."""

import math
from pathlib import Path

import numpy as np
import pytest

from experiments.paper.findings import publish_findings
from experiments.paper.light_in_the_loop import recovery
from experiments.paper.light_in_the_loop.recovery import (
    CASES,
    Case,
    measure,
    opu_of,
    run_recovery,
    vectors_of,
)

OFF_AXIS = Case("off-axis", "off_axis", "error")


@pytest.mark.parametrize("case", [case for case in CASES if case.mode == "off_axis"])
def test_off_axis_recovers_the_projection_to_a_correlation_of_99_per_cent(case: Case) -> None:
    assert measure(case, opu_of(case, "field"), 3, 20).correlation >= 0.99


def test_the_noise_of_an_error_vector_is_that_of_two_holograms() -> None:
    """Two patterns of one lit feature of ten, N = 4 readings: var = 2 v / (2 N R g), signal |e|^2/2 = 1."""
    reference_e, gain_e = 2500.0, 20.0
    step_e = 10_000 / 255
    variance = reference_e + gain_e + 13.0**2 + step_e**2 / 12
    expected = math.sqrt(2 * variance / (2 * 4 * reference_e * gain_e))
    for fidelity in ("field", "statistical"):
        assert measure(OFF_AXIS, opu_of(OFF_AXIS, fidelity), 0, 40).noise == pytest.approx(expected, rel=0.03)


def test_saturation_sets_in_above_the_nominal_exposure_and_only_in_the_field() -> None:
    case = CASES[0]
    nominal, long = (measure(case, opu_of(case, "field", factor), 0, 10) for factor in (1.0, 3.0))
    statistical = measure(case, opu_of(case, "statistical", 3.0), 0, 10)
    assert nominal.saturated < 1e-5
    assert long.saturated > 0.01
    assert long.noise > 2 * statistical.noise
    assert long.bias < -0.05


def test_error_vectors_have_one_entry_of_each_sign() -> None:
    shown = vectors_of(OFF_AXIS, 200, 0)
    assert shown.shape == (200, 10)
    assert (np.sort(shown, axis=1)[:, [0, -1]] == [-1, 1]).all()
    assert (np.count_nonzero(shown, axis=1) == 2).all()
    assert len(np.unique(shown, axis=0)) > 60


def test_tables_and_figure_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "_EXPOSURES", (0.1, 1.0, 3.0))
    publish_findings("recovery", run_recovery(tmp_path, seeds=1, vectors=2, jobs=1))
    said = capsys.readouterr().out
    assert "required: off-axis >= 0.99" in said
    assert "| anchor | 10: one 1, one -1 |" in said
    assert {path.suffix for path in (tmp_path / "recovery").iterdir()} == {".md", ".csv", ".json", ".png"}
