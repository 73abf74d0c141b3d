"""Dialects are read from TOML, and what is wrong in one is said in a line."""

from pathlib import Path

import numpy as np
import pytest

from emulator.commands import Probe, Settle
from emulator.errors import ConfigError
from emulator.remote.client.dialect import load_dialect, shipped_dialects
from emulator.remote.client.phrases import PHRASES

HEAD = 'title = "a test"\nsource = "none"\n'


def refusal(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_dialect(str(path))
    said = str(refused.value)
    assert said.startswith("mine.toml")
    assert "\n" not in said
    return said


@pytest.mark.parametrize("name", shipped_dialects())
def test_every_shipped_dialect_reads_and_names_its_source(name: str) -> None:
    dialect = load_dialect(name)
    assert dialect.config.source
    assert dialect.commands


def test_our_own_dialect_has_words_for_every_command() -> None:
    assert set(load_dialect().commands) == set(PHRASES)


def test_words_are_filled_with_exact_decimals_and_blocks() -> None:
    dialect = load_dialect()
    said = dialect.commands[Probe].say.fill(
        {"channels": [1, 3], "radians": np.array([0.1, 1 / 3])}, dialect.form
    )
    block = b"#216" + np.array([0.1, 1 / 3], dtype=">f8").tobytes()
    assert said.startswith(b"CHIP:PROB? (@1,3)," + block + b";:CHIP:PROB:SAT?")
    settle = dialect.commands[Settle].say
    assert settle.fill({"seconds": None}, dialect.form) == b"CHIP:SETT?"
    assert settle.fill({"seconds": 1e-12}, dialect.form) == b"CHIP:SETT? 1e-12"


def test_what_is_wrong_is_named_with_what_is_allowed_and_the_nearest(tmp_path: Path) -> None:
    assert "did you mean 'identity'?" in refusal(tmp_path, 'identiti = "x"')
    assert "did you mean 'Probe'?" in refusal(tmp_path, '[commands.Probes]\nsay = "X"')
    assert "did you mean 'radians'?" in refusal(tmp_path, '[commands.SetPhases]\nsay = "X {radian}"')
    assert "unknown form; allowed: 'list', 'block'" in refusal(
        tmp_path, '[commands.SetPhases]\nsay = "X {radians:pickle}"'
    )
    assert "did you mean 'block'?" in refusal(
        tmp_path, '[commands.Forward]\nsay = "X?"\ngives = ["outputs:blocks"]'
    )
    assert "did you mean 'outputs'?" in refusal(
        tmp_path, '[commands.Forward]\nsay = "X?"\ngives = ["output:list"]'
    )
    assert "lacks 'outputs'" in refusal(tmp_path, '[commands.Forward]\nsay = "X?"')
    assert "has no partner" in refusal(tmp_path, '[commands.Settle]\nsay = "X[ {seconds}"')
    assert "printable" in refusal(tmp_path, '[commands.Settle]\nsay = "X\\nY"')


def test_an_unknown_dialect_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match="did you mean 'lightloop'"):
        load_dialect("lightlop")


def test_what_is_said_for_each_is_refused_where_it_means_nothing(tmp_path: Path) -> None:
    each = 'say = "X{channel}"\neach = "heater"\n'
    assert "each = 'heater' is refused; allowed here: 'output'" in refusal(
        tmp_path, f"[commands.Forward]\n{each}"
    )
    assert "each = 'heater' is refused; allowed here: none" in refusal(tmp_path, f"[commands.Probe]\n{each}")
    assert "each = 'heater' is refused; allowed here: none" in refusal(tmp_path, f"[heaters]\n{each}")
    assert "each = 'output' is refused; allowed here: 'heater'" in refusal(
        tmp_path, '[phases]\nsay = "X?"\neach = "output"'
    )
    assert "outputs:list of one output; allowed: number, whole" in refusal(
        tmp_path, '[commands.Forward]\nsay = "X{output}?"\neach = "output"\ngives = ["outputs:list"]'
    )


def test_volts_need_a_law_and_a_law_its_limit(tmp_path: Path) -> None:
    volts = '[commands.SetPhases]\nsay = "V {volts}"\n'
    assert "volts need a law; allowed: [law]" in refusal(tmp_path, volts)
    assert "law.most_volts" in refusal(tmp_path, f"[law]\nvolts_for_pi = 5\n{volts}")
    assert "law.volts_for_pi" in refusal(tmp_path, f"[law]\nvolts_for_pi = [5, -1]\nmost_volts = 9\n{volts}")
