"""The example of docs/bring-your-own.md under Chip: its files and its command lines, as they stand."""

import re
import shlex
from pathlib import Path

import pytest

from experiments.cli import main
from tests.experiments.conftest import in_room, room

__all__ = ["in_room", "room"]

PAGE = (Path(__file__).parents[2] / "docs" / "bring-your-own.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## Chip\n")[2].partition("\n## ")[0]
NAMES = ("my_chip.toml", "fitted.toml")


def test_the_examples_lines_run_as_they_stand_and_leave_what_they_say(
    in_room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIGHTLOOP_CACHE", str(in_room / ".cache"))
    monkeypatch.chdir(tmp_path)
    files = re.findall(r"```toml\n(.*?)```", SECTION, re.DOTALL)
    for name, text in zip(NAMES, files, strict=True):
        Path(name).write_text(text, encoding="utf-8")
    lines = [
        line for block in re.findall(r"```bash\n(.*?)```", SECTION, re.DOTALL) for line in block.splitlines()
    ]
    assert len(lines) == 4
    for line in lines:
        command, *arguments = shlex.split(line)
        assert (command, main([*arguments, *(["--quiet"] if arguments[0] == "run" else [])])) == (
            "lightloop",
            0,
        )
    assert "my_chip.toml#" in capsys.readouterr().out
    assert {"mine.h5", "fitted.h5", *NAMES} <= {path.name for path in tmp_path.iterdir()}
