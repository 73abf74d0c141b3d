"""Tests of presets fitted to tables of calls: what was put in is found, and a worse fit is called none."""

import json
from pathlib import Path

import numpy as np
import pytest

from emulator.config.toml import parse_toml
from emulator.errors import ConfigError
from emulator.instruments.gpu.config import GpuConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.streams import stream
from experiments.calibrate.tables.fitting import fit_preset
from experiments.calibrate.tables.paces import PACES
from experiments.calibrate.tables.rows import read_rows
from experiments.cli import main
from tests.experiments.command_line import refusal

SIZES = [(v, d, p) for v in (1, 20, 1000, 3000) for d in (1000, 8000, 30_000) for p in (2000, 20_000)]


def calls(path: Path, kind: str, truth: object, noise: float = 0.02, slower: float = 1.0) -> Path:
    """Write what ``truth`` takes for SIZES, with ``noise`` of one relative standard deviation."""
    rng = stream(1, "noise")
    lines = [f"{v},{d},{p},1.0" for v, d, p in SIZES]
    path.write_text("\n".join(["vectors,features,outputs,seconds", *lines]) + "\n", encoding="utf-8")
    seconds = PACES[kind].predict(truth, read_rows(path)[0])
    lasted = slower * np.array(seconds) * np.exp(noise * rng.standard_normal(len(seconds)))
    lines = [f"{v},{d},{p},{s!r},{200 * s!r}" for (v, d, p), s in zip(SIZES, lasted.tolist(), strict=True)]
    path.write_text("\n".join(["vectors,features,outputs,seconds,joules", *lines]) + "\n", encoding="utf-8")
    return path


def test_the_numbers_of_a_card_are_found_from_its_calls(tmp_path: Path) -> None:
    truth = GpuConfig(preset="p100", arithmetic_efficiency=0.5, memory_efficiency=0.4, launch_s=2e-4)
    measured = calls(tmp_path / "a.csv", "gpu", truth)
    found = fit_preset(("gpu", "p100"), measured, measured)
    values = {one.path: one.fitted for one in found.numbers}
    assert values["arithmetic_efficiency"] == pytest.approx(0.5, rel=0.05)
    assert values["memory_efficiency"] == pytest.approx(0.4, rel=0.05)
    assert values["launch_s"] == pytest.approx(2e-4, rel=0.1)
    assert values["busy_power_w"] == pytest.approx(200.0)
    assert found.mape_after < 0.03 < found.mape_before
    assert found.no_fit == ""


def test_a_call_and_a_vector_of_an_optical_unit_are_told_apart(tmp_path: Path) -> None:
    rows = [(n, n / 250 + 0.4) for n in (1, 30, 300, 1000, 3000)]
    path = tmp_path / "opu.csv"
    lines = [f"{n},100,1000,{s}" for n, s in rows]
    path.write_text("\n".join(["vectors,features,outputs,seconds", *lines]) + "\n", encoding="utf-8")
    found = fit_preset(("opu", "opu_gen2"), path, path)
    values = {one.path: one.fitted for one in found.numbers}
    assert values["acquisition_s"] == pytest.approx(0.4, rel=0.05)
    assert values["camera.frame_rate_hz"] == pytest.approx(250.0, rel=0.05)


def test_an_online_call_and_a_byte_of_input_are_told_apart_from_a_batch(tmp_path: Path) -> None:
    truth = OpuConfig(preset="opu_gen2", online_s=2e-3, format_s_per_byte=3e-9)
    path = tmp_path / "opu.csv"
    head = "vectors,features,outputs,seconds,mode"
    rows = [(3000, 100, "batch"), (3000, 800_000, "batch"), (500, 100, "batch"), (40, 9000, "online")]
    path.write_text("\n".join([head, *(f"{n},{f},1000,1,{m}" for n, f, m in rows)]) + "\n", encoding="utf-8")
    took_s = PACES["opu"].predict(truth, read_rows(path)[0])
    lines = [f"{n},{f},1000,{s},{m}" for (n, f, m), s in zip(rows, took_s, strict=True)]
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    found = fit_preset(("opu", "opu_gen2"), path, path, hold=("camera.frame_rate_hz",))
    values = {one.path: one.fitted for one in found.numbers}
    assert values["online_s"] == pytest.approx(2e-3, rel=1e-2)
    assert values["format_s_per_byte"] == pytest.approx(3e-9, rel=1e-2)


def test_a_fit_that_predicts_others_worse_is_none_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = GpuConfig(preset="p100")
    measured = calls(tmp_path / "a.csv", "gpu", card, slower=1.4)
    others = calls(tmp_path / "b.csv", "gpu", card)
    out = tmp_path / "fitted.toml"
    words = ["calibrate", "--preset", "gpu", "p100", "--measured", str(measured), "-o", str(out)]
    assert main([*words, "--holdout", str(others)]) == 5
    assert "no fit: latencies that were not fitted are predicted worse" in capsys.readouterr().err
    assert not out.exists()
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["held_out"] == len(SIZES) // 2
    assert set(parse_toml(out.read_text(), "fitted")) == {"gpu"}


def test_what_cannot_be_fitted_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured = str(calls(tmp_path / "a.csv", "gpu", GpuConfig()))
    said = refusal(capsys, "calibrate", "--preset", "chip", "paper", "--measured", measured)
    assert "allowed: gpu, host, opu" in said
    assert "only one" in refusal(capsys, "calibrate", "--measured", measured)
    with pytest.raises(ConfigError, match=r"'launch' cannot be held.*did you mean 'launch_s'"):
        fit_preset(("gpu", "p100"), Path(measured), hold=("launch",))


def test_a_number_that_is_held_stays(tmp_path: Path) -> None:
    measured = calls(tmp_path / "a.csv", "gpu", GpuConfig(preset="p100", launch_s=1e-4))
    found = fit_preset(("gpu", "p100"), measured, hold=("launch_s",))
    assert {one.path: one.fitted for one in found.numbers}["launch_s"] is None
