"""Tests of the fault suite: a fresh run stands it, and the suite would notice if one did not."""

from pathlib import Path

import pytest

from emulator.errors import TaskError
from emulator.streams import stream
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from experiments.check import trace_faults
from experiments.check.trace_faults import DAMAGES, damage_journal, damage_trace, run_faults


def test_a_cut_shortens_and_a_flip_changes_one_bit() -> None:
    whole, rng = bytes(range(200)), stream(0, "test/faults")
    (_, cut), (_, flip) = DAMAGES
    for _ in range(50):
        damaged, intact = cut(whole, rng)
        assert damaged == whole[:intact]
        assert intact < 200
        damaged, intact = flip(whole, rng)
        different = [at for at in range(200) if damaged[at] != whole[at]]
        assert different == [intact]
        assert (damaged[intact] ^ whole[intact]).bit_count() == 1


@pytest.mark.usefixtures("in_room", "small_trace")  # the room's cache then holds the network
def test_a_fresh_run_stands_every_damage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_faults(tmp_path, seeds=1, queries=60, jobs=1, count=4)
    text = (tmp_path / "faults" / "faults.md").read_text()
    assert capsys.readouterr().out == text + "\n"
    for detail in ("full", "commands", "summary"):
        assert f"| trace {detail} | truncations | 4 | 4 | 0 | 0 |" in text
        assert f"| journal {detail} | bit flips | 4 |" in text
    assert [path.name for path in (tmp_path / "faults").iterdir()] == ["faults.md"]


def test_a_reader_that_trusts_everything_is_found_out(
    small_trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def blind(trace: Trace) -> bytes:
        calls.append(trace.status)
        return len(calls).to_bytes(4, "little")

    monkeypatch.setattr(trace_faults, "fingerprint", blind)
    tally = damage_trace(small_trace, DAMAGES[1], 30, tmp_path)
    assert tally.faults
    assert "silently different" in tally.faults[0]
    assert tally.as_written == 0
    assert tally.count == 30


def test_a_reader_that_crashes_is_found_out(
    small_trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def crash_later(path: Path) -> Trace:
        opened.append(path)
        if len(opened) > 1:
            raise RuntimeError("HDF5 said something")
        return open_trace(path)

    monkeypatch.setattr(trace_faults, "open_trace", crash_later)
    tally = damage_trace(small_trace, DAMAGES[0], 5, tmp_path)
    assert (tally.refused, tally.as_written, len(tally.faults)) == (0, 0, 5)
    assert "RuntimeError: HDF5 said something" in tally.faults[0]


@pytest.mark.usefixtures("in_room", "small_trace")
def test_faults_end_the_command_with_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        trace_faults, "damage_journal", lambda path, damage, *rest: damage_journal(path, damage, 0, tmp_path)
    )
    monkeypatch.setattr(
        trace_faults,
        "damage_trace",
        lambda path, damage, *rest: trace_faults.Tally(
            "trace x", damage[0], 1, 0, ("byte 7: silently different",)
        ),
    )
    with pytest.raises(TaskError, match="6 damaged files were not told, first: byte 7"):
        run_faults(tmp_path, seeds=1, queries=60, jobs=1)
    assert "byte 7" in (tmp_path / "faults" / "faults.md").read_text()


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("in_room", "small_trace")
def test_a_thousand_damages_each_way_leave_no_fault(tmp_path: Path) -> None:
    run_faults(tmp_path)
