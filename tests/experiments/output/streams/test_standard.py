"""Streams that are closed, full, cut off or of another encoding: one line and a code, and never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.experiments.command_line import ROOT

_CALL = f'cd {ROOT} && "{sys.executable}" -m lightloop'


def shell(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            "presets opu full_frame > /dev/full",
            "lightloop: stdout cannot be written: No space left on device\n",
            marks=pytest.mark.slow,
        ),
        ("--help > /dev/full", "lightloop: stdout cannot be written: No space left on device\n"),
        ("presets opu full_frame >&-", "lightloop: stdout is closed: nothing can be printed there\n"),
    ],
)
def test_a_stdout_that_takes_nothing_is_one_line_and_code_2(words: str, said: str) -> None:
    done = shell(f"{_CALL} {words}")
    assert (done.returncode, done.stderr) == (2, said)


def test_a_reader_who_leaves_ends_the_command_without_a_word() -> None:
    done = shell(f"{_CALL} presets opu full_frame | true; echo ${{PIPESTATUS[0]}}")
    assert (done.stdout, done.stderr) == ("141\n", "")


@pytest.mark.parametrize("where", ["2>&-", pytest.param("2> /dev/full", marks=pytest.mark.slow)])
def test_a_refusal_that_cannot_be_said_still_has_its_code(where: str) -> None:
    assert shell(f"{_CALL} inspect nothing.h5 {where}").returncode == 2


def test_a_file_never_gets_the_number_of_a_stream_that_is_closed(small_trace: Path) -> None:
    done = shell(f"{_CALL} inspect {small_trace} --json >&- 2>&-")
    assert done.returncode == 2


def test_signs_that_the_terminal_lacks_are_replaced(small_trace: Path, tmp_path: Path) -> None:
    strange = tmp_path / "caf\u00e9-\u2265.h5"
    strange.write_bytes(small_trace.read_bytes())
    done = shell(f"export PYTHONIOENCODING=ascii; {_CALL} inspect {strange}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "caf?-?.h5" in done.stdout
