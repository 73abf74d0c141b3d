"""Tests of ``lightloop presets``."""

from pathlib import Path

import pytest

from emulator.config.models import preset
from emulator.config.toml import parse_toml
from experiments.cli import main
from tests.experiments.command_line import refusal


def test_presets_are_listed_by_kind_with_their_key_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets"]) == 0
    both = capsys.readouterr().out
    assert [
        word for word in ("doped_si", "24.77 mW", "1.22 us", "4.59 W", "workstation") if word not in both
    ] == []
    assert main(["presets", "host"]) == 0
    assert "doped_si" not in capsys.readouterr().out


def test_a_preset_is_printed_with_its_sources_and_parses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets", "chip", "doped_si"]) == 0
    text = capsys.readouterr().out
    assert "# paper Harris 2014" in text
    assert parse_toml(text, "stdout") == preset("chip", "doped_si")


def test_unknown_presets_and_kinds_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "allowed: chip, gpu, host" in refusal(capsys, "presets", "chips")
    assert "allowed: chip, gpu, host" in refusal(capsys, "presets", "chips", "doped_si")
    assert "did you mean 'doped_si'?" in refusal(capsys, "presets", "chip", "doped")


def test_a_preset_file_of_ones_own_is_checked_and_printed_with_what_a_trace_will_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('preset = "doped_si"\n[heaters]\ntau_s = "2.4 us"  # measured\n')
    assert main(["presets", "chip", str(mine)]) == 0
    text = capsys.readouterr().out
    assert "# mine.toml: a chip preset, on top of the shipped doped_si" in text
    assert "preset = 'mine.toml#" in text
    assert parse_toml(text, "stdout") == parse_toml(mine.read_text(), "mine")
    mine.write_text('preset = "doped_si"\n[heaters]\ntua_s = 1\n')
    assert "mine.toml: heaters.tua_s = 1 is not a known key" in refusal(capsys, "presets", "chip", str(mine))
