"""The command line as tests call it: in a process of its own, or here with its refusals checked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.cli import main

ROOT = Path(__file__).resolve().parents[2]


def lightloop(*words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    code = "import sys\nfrom experiments.cli import main\nsys.exit(main())"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-P", "-c", code, *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def refusal(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """Return the one line that ``words`` are refused with; code 2 and an empty stdout are checked."""
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    assert code == 2, said
    assert said.out == ""
    assert said.err.startswith("lightloop: ")
    assert said.err.count("\n") == 1
    assert said.err.endswith("\n")
    return said.err
