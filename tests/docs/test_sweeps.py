"""The guide to sweeps: its example runs as it stands, and it names every file and column there is."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.cli import main
from experiments.sweep.plan import plan_of
from tests.weights import share_weights

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_example_is_a_program_and_the_page_names_what_it_leaves(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    share_weights(tmp_path, tmp_path_factory)
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("(6,) 0.")
    left = {path.name for path in (tmp_path / "out" / "bits").iterdir()} - {".lock"}
    assert [name for name in left if f"`{Path(name).stem}" not in PAGE] == []
    head = (tmp_path / "out" / "bits" / "results.csv").read_text(encoding="utf-8").partition("\n")[0]
    columns = [name for name in head.split(",")[:11] if name != "chip.dac.bits"]
    assert [name for name in columns if f"`{name}`" not in PAGE] == []


def test_every_command_line_of_the_page_is_a_plan(capsys: pytest.CaptureFixture[str]) -> None:
    lines = re.findall(r"^    lightloop sweep (vowel_recovery .*)$", PAGE, re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        if "--controller" in line:  # a plan with a controller of one's own: sweep/test_own_controller.py
            continue
        axes = [axis.strip('"') for axis in re.findall(r"--sweep (\S+)", line)]
        assert plan_of("vowel_recovery", axes).points == (3 if len(axes) == 1 else 6)
    assert main(["sweep", "--help"]) == 0
    said = capsys.readouterr().out
    assert [name for name in set(re.findall(r"`?(--[a-z][a-z-]+)", PAGE)) if name not in said] == []
