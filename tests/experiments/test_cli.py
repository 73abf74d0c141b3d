"""Tests of the door: what the help says and loads, how a refusal looks, and that a command is one function away."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pytest
import typer

from experiments.cli import COMMANDS, main
from experiments.command import Command
from experiments.output.streams.pulse import Pulse
from tests.experiments.command_line import ROOT, lightloop, refusal


def test_a_refusal_by_a_real_process_is_one_line_and_code_2(tmp_path: Path) -> None:
    done = lightloop("inspect", tmp_path / "nothing.h5")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_help_lists_the_commands_without_any_heavy_import() -> None:
    code = (
        "import sys\nfrom experiments.cli import main\nassert main(['--help']) == 0\n"
        "print([name for name in ('numpy', 'pydantic', 'simpy', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    commands = ("run", "inspect", "presets", "figure", "demo", "bench", "paper", "check")
    assert [name for name in commands if f" {name} " not in done.stdout] == []


def test_one_thread_is_the_default_and_the_environment_has_the_last_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert main(["presets", "host"]) == 0
    assert (os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"]) == ("2", "1")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serve", "vowel_recovery", "--factor", "0,5"], "'0,5'; write 0.5"),
        (["serve", "vowel_recovery", "--port", "99999"], "65535, but it is '99999'"),
        (["sweep", "vowel_recovery", "--seeds", "1.5"], "'1.5'"),
        (["serve", "vowel_recovery", "--pace", "fast"], "'stepped', but it is 'fast'"),
    ],
)
def test_an_option_that_cannot_be_read_is_named_with_its_value(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert said in line


def test_no_command_and_a_wrong_one_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Usage" in capsys.readouterr().out
    assert "No such command 'rum'" in refusal(capsys, "rum")


def test_a_command_that_is_added_to_the_list_is_in_the_help_and_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def blink(times: Annotated[int, typer.Option(help="How often.")] = 1) -> None:
        """Blink with the laser."""
        sys.stdout.write("on off " * times)
        raise typer.Exit(3)

    with_it = (*COMMANDS, Command(blink))
    assert main(["--help"], with_it) == 0
    assert "Blink with the laser." in capsys.readouterr().out
    assert main(["blink", "--times", "2"], with_it) == 3
    assert capsys.readouterr().out == "on off on off "
    assert "No such command 'blink'" in refusal(capsys, "blink")


def test_every_command_says_in_one_line_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        assert main([command.name, "--help"]) == 0
        said = " ".join(capsys.readouterr().out.split())
        assert (command.function.__doc__ or "").splitlines()[0] in said
        assert command.example.startswith(f"lightloop {command.name}")
        assert f"Example: {command.example}" in said


@pytest.mark.parametrize(("tells", "terminal"), [(False, False), (True, False), (False, True)])
def test_a_command_that_lasts_is_told_of_unless_it_tells_itself_or_somebody_watches(
    tells: bool, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []

    def brew() -> None:
        """Brew coffee."""

    class Told(Pulse):
        def __init__(self, line: Callable[[float], str], shown: bool) -> None:
            super().__init__(line, shown=False)
            lines.extend([line(25.0)] * shown)

    monkeypatch.setattr("experiments.cli.Pulse", Told)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert main(["brew"], (*COMMANDS, Command(brew, tells=tells))) == 0
    assert lines == ([] if tells or terminal else ["brew: at work for 25 s"])
