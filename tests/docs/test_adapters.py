"""The guide to the adapters: its code runs, and prints what it should."""

from pathlib import Path

import pytest

from tests.docs.test_readme import ROOT, blocks, run

LIGHTONML, ENCODER, SKLEARN, TORCH = blocks((ROOT / "docs" / "adapters.md").read_text(encoding="utf-8"))


def test_the_opu_s_example_tells_type_times_and_joules(tmp_path: Path) -> None:
    first, second = run(LIGHTONML, tmp_path).splitlines()
    assert first.split() == ["uint8", "400.0", "500.0"]
    assert float(second.split()[0]) == pytest.approx(0.151 + 64 * 12 / 2000, abs=0.02)


def test_the_encoder_s_example_shows_half_of_the_numbers(tmp_path: Path) -> None:
    assert run(ENCODER, tmp_path).split() == ["uint8", "0.5", "(100,", "300)"]


def test_the_transformer_s_example_reads_digits(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    accuracy, seconds, joules = (float(word.split()[0]) for word in run(SKLEARN, tmp_path).split(","))
    assert accuracy > 0.9
    assert joules > 30 * seconds > 0


def test_the_layer_s_example_has_a_gradient_behind_the_light(tmp_path: Path) -> None:
    said = run(TORCH, tmp_path)
    assert said.startswith("(32, 10) True 0.256 s")  # 32 vectors of 12 frames at 1.5 kHz
