"""Child processes: they run our modules wherever they start, and nothing that lies about there."""

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

from emulator import processes
from emulator.processes import child_environment, module_command

ROOT = Path(processes.__file__).resolve().parents[1]


def test_a_child_runs_our_module_and_not_one_that_lies_where_it_starts(tmp_path: Path) -> None:
    (tmp_path / "emulator").mkdir()
    (tmp_path / "emulator" / "__init__.py").write_text("raise SystemExit('the wrong package')")
    done = subprocess.run(
        module_command(processes.__name__),
        env=child_environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_arguments_follow_the_module() -> None:
    assert module_command("a.b", "c", "--d")[2:] == ["-m", "a.b", "c", "--d"]


def test_our_folder_comes_before_the_user_s_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "mine")
    assert child_environment()["PYTHONPATH"] == os.pathsep.join([str(ROOT), "mine"])


def test_changes_are_added_to_the_environment_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLD", "kept")
    environment = child_environment(NEW="added")
    assert (environment["OLD"], environment["NEW"]) == ("kept", "added")
    assert "NEW" not in os.environ


def test_what_is_installed_is_not_put_before_the_standard_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_ROOT", Path(sysconfig.get_path("purelib")).resolve())
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert "PYTHONPATH" not in child_environment()
