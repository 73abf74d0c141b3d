"""A journal becomes a trace and is deleted; whatever stands in its way leaves it whole, and says so in one line."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.errors import TraceError
from emulator.trace import Header, Recorder
from emulator.trace.open import open_trace
from emulator.trace.writing import finalize as finalizing
from emulator.trace.writing.finalize import finalize
from emulator.trace.writing.journal import journal_path


@pytest.fixture
def journal(tmp_path: Path, record: Callable[..., Recorder]) -> Path:
    """Return the journal of a run of 100 commands whose writer is gone."""
    recorder = record(tmp_path / "run.h5")
    recorder.commit()
    recorder._journal.close()
    return journal_path(tmp_path / "run.h5")


def test_a_journal_becomes_a_trace_beside_which_nothing_is_left(journal: Path, tmp_path: Path) -> None:
    finalize(journal, tmp_path / "run.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["run.h5"]
    with open_trace(tmp_path / "run.h5") as trace:
        assert (trace.status, len(trace.commands.t_done)) == ("killed", 100)


def test_a_trace_of_the_same_journal_stays_and_the_journal_goes(journal: Path, tmp_path: Path) -> None:
    whole = journal.read_bytes()
    finalize(journal, tmp_path / "run.h5")
    before = (tmp_path / "run.h5").read_bytes()
    journal.write_bytes(whole)
    finalize(journal, tmp_path / "run.h5")
    assert (tmp_path / "run.h5").read_bytes() == before
    assert not journal.exists()


def test_another_runs_trace_is_never_replaced(journal: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    Recorder.create(other, Header("b = 2", 8, "", (), "")).close("complete", "", 0, 0)
    before, whole = other.read_bytes(), journal.read_bytes()
    with pytest.raises(TraceError, match="another trace lies here"):
        finalize(journal, other)
    assert (other.read_bytes(), journal.read_bytes()) == (before, whole)


class LeftError(Exception):
    """Raised in place of leaving the process."""


def test_a_failure_leaves_with_74_and_one_line(
    journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def leave(code: int) -> None:
        raise LeftError(code)

    journal.write_bytes(b"LLJ1")
    monkeypatch.setattr(finalizing.os, "_exit", leave)
    monkeypatch.setattr(sys, "argv", ["finalize", str(journal), str(tmp_path / "run.h5")])
    with pytest.raises(LeftError, match="74"):
        finalizing.main()
    said = capsys.readouterr().err
    assert said.startswith("TraceError: ")
    assert said.count("\n") == 1
    assert "nothing was recorded" in said
