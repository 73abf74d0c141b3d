"""The example of docs/bring-your-own.md under Controller: its file, its lines, its Python, and its tables."""

import re
import runpy
import shlex
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import lightloop
from controllers.kind import Setting
from emulator.commands import Command, Disturb
from experiments.cli import main
from tests.experiments.conftest import in_room, room

__all__ = ["in_room", "room"]

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "spsa.py"
PAGE = (ROOT / "docs" / "bring-your-own.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## Controller\n")[2].partition("\n## ")[0]
CODE, PYTHON = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
SMALL = ("--set", "controller.queries=20", "--quiet")


def test_the_example_is_short() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == CODE
    code = [line for line in CODE.splitlines() if line.strip() and not line.strip().startswith('"""')]
    assert len(code) <= 12
    assert len([line for line in PYTHON.splitlines() if line.strip()]) <= 10


@pytest.mark.slow  # test_command_lines.py runs the same lines one by one
def test_the_lines_run_as_they_stand(
    in_room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIGHTLOOP_CACHE", str(in_room / ".cache"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("spsa.py").write_text(CODE, encoding="utf-8")
    lines = [line for block in re.findall(r"```bash\n(.*?)```", SECTION, re.S) for line in block.splitlines()]
    assert len(lines) == 5
    for line in lines:
        command, *words = shlex.split(line)
        small = SMALL if words[0] in {"run", "sweep"} else ()
        assert (command, main([*words, *small])) == ("lightloop", 0)
    assert "identical: true" in capsys.readouterr().out
    Path("ten_lines.py").write_text(PYTHON.replace("500", "20"), encoding="utf-8")
    runpy.run_path("ten_lines.py")
    assert re.search(r"0\.\d+ before, 0\.\d+ after 20 queries", capsys.readouterr().out)
    sys.modules.pop("spsa", None)


@pytest.mark.slow
def test_the_example_recovers_most_of_what_was_lost(in_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLE.parent))
    from spsa import spsa

    lost, regained = [], []
    for seed in range(3):
        out = in_room / f"spsa{seed}.h5"
        lightloop.run("vowel_recovery", out, {"evaluation.every_queries": 5000}, seed, controller=spsa)
        with lightloop.open_trace(out) as trace:
            found = {name: series.value for name, series in trace.metrics().items()}
        lost.append(found["ideal_test_accuracy"][0] - found["test_accuracy"][0])
        regained.append(found["test_accuracy"][-1] - found["test_accuracy"][0])
    assert np.mean(regained) > 0.7 * np.mean(lost) > 0.05


def test_the_example_lowers_the_loss_within_a_few_hundred_queries(
    in_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLE.parent))
    from spsa import spsa

    out, changes = in_room / "short_spsa.h5", {"controller.queries": 600, "evaluation.every_queries": 600}
    lightloop.run("vowel_recovery", out, changes, 2, controller=spsa)
    with lightloop.open_trace(out) as trace:
        loss = trace.metrics()["val_loss"].value
    assert loss[-1] < 0.8 * loss[0]


def test_the_tables_name_every_attribute_and_every_command_with_its_reply() -> None:
    tables = "\n".join(line for line in SECTION.splitlines() if line.startswith("|"))
    for field in fields(Setting):
        assert f"`{field.name}`" in tables or f".{field.name}" in tables or field.name == "batch_size"
    for command in get_args(Command):
        assert command is Disturb or f"`{command.__name__}" in tables, command
