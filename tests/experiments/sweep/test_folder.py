"""A sweep's folder: records come back as they were or not at all, and only one sweep works in it."""

import math
from pathlib import Path

import pytest

from emulator.errors import ConfigError
from experiments.sweep.folder import locked
from experiments.sweep.worker import FAILED, Outcome

DONE = Outcome("complete", "", (("energy_j", 0.1 + 0.2), ("accuracy", math.nan)))


def test_a_record_comes_back_bit_for_bit(tmp_path: Path) -> None:
    with locked(tmp_path / "new" / "folder") as folder:
        folder.write("a", DONE, 2)
        record = folder.read("a", with_trace=False)
        assert record is not None
        assert (record.status, record.attempts, record.finished) == ("complete", 2, True)
        assert record.numbers["energy_j"] == 0.1 + 0.2
        assert math.isnan(record.numbers["accuracy"])


def test_a_finished_record_without_its_trace_counts_only_where_none_is_kept(tmp_path: Path) -> None:
    with locked(tmp_path) as folder:
        folder.write("a", DONE, 1)
        folder.write("b", Outcome(FAILED, "x"), 1)
        assert folder.read("a", with_trace=True) is None
        assert folder.read("a", with_trace=False) is not None
        assert folder.read("b", with_trace=True) is not None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"status": "complete"}', "[" * 2000, '{"numbers": {}, "status": "x"}']
)
def test_a_damaged_record_is_none(text: str, tmp_path: Path) -> None:
    with locked(tmp_path) as folder:
        assert folder.read("a", with_trace=False) is None
        folder.write_text("points/a.json", text)
        assert folder.read("a", with_trace=False) is None


def test_a_second_sweep_is_told_who_works_there(tmp_path: Path) -> None:
    with (
        locked(tmp_path),
        pytest.raises(ConfigError, match=r"another sweep works here \(process \d+\)"),
        locked(tmp_path),
    ):
        pass
    with locked(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="no folder that takes files"), locked(tmp_path / "file" / "below"):
        pass
