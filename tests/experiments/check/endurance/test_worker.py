"""Tests of the worker: a seed is a line, and so is its answer."""

import json
import subprocess
from pathlib import Path

import experiments.check.endurance.worker as worker
from emulator.processes import child_environment, module_command


def test_each_seed_is_answered_in_a_line_until_there_are_no_more(tmp_path: Path) -> None:
    done = subprocess.run(
        module_command(worker.__name__, str(tmp_path)),
        input="1\n3\n",
        env=child_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert [json.loads(line) for line in done.stdout.splitlines()] == [[], []]
