"""Real traces and journals, cut short or with a bit flipped: refused or read as written, never different."""

import shutil
from pathlib import Path

import pytest

from emulator.errors import TraceError
from emulator.trace.open import open_trace
from emulator.trace.reading.contents import Contents
from emulator.trace.reading.reader import Trace
from emulator.trace.reading.stored import StoredTables
from emulator.trace.schema import tables_of
from emulator.trace.writing.journal import JournalReader, journal_path
from experiments.check.trace_faults import DAMAGES, Damage, damage_journal, damage_trace

GOLDEN = Path(__file__).parents[2] / "golden"
KILLED = GOLDEN / "v1-killed.h5.journal"


def stored(trace: Trace) -> list[tuple[bytes, tuple[str, ...]]]:
    """Return the bytes and the names of every column as the file holds it, before any upgrade."""
    contents = Contents(trace.path)
    tables = StoredTables(contents, verify=True)
    found = [
        (values.tobytes(), tables.labels(table, column.name))
        for table in tables_of(trace.schema_version)
        for column, values in zip(table.columns, tables.columns(table), strict=True)
    ]
    contents.close()
    return found


def is_prefix(left: Trace, whole: Trace) -> bool:
    """Tell whether every column and every list of names of ``left`` is how that of ``whole`` begins."""
    begins = [
        all_.startswith(mine) and all_names[: len(names)] == names
        for (mine, names), (all_, all_names) in zip(stored(left), stored(whole), strict=True)
    ]
    return all(begins) and left.config_text == whole.config_text and left.seed == whole.seed


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage[0])
@pytest.mark.parametrize("name", ["v1-commands", "v1-full", "v1-summary", "v2-crowd", "v3-commands"])
def test_a_damaged_trace_is_refused_or_reads_as_written(
    tmp_path: Path, damage: tuple[str, Damage], name: str
) -> None:
    count = 40
    tally = damage_trace(GOLDEN / f"{name}.h5", damage, count, tmp_path)
    assert tally.faults == ()
    assert tally.count == count
    assert tally.refused == count or (damage[0] == "bit flips" and tally.refused > count // 2)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage[0])
def test_a_damaged_journal_recovers_to_its_undamaged_blocks(
    tmp_path: Path, damage: tuple[str, Damage]
) -> None:
    tally = damage_journal(KILLED, damage, 15, tmp_path)
    assert tally.faults == ()
    assert tally.as_written > 0


def test_what_is_recovered_is_a_bit_for_bit_prefix(tmp_path: Path) -> None:
    whole = KILLED.read_bytes()
    out = tmp_path / "run.h5"
    with KILLED.open("rb") as file:
        reader = JournalReader(file, KILLED.name)
        ends = [reader.valid_bytes for _ in reader]
    shutil.copy(KILLED, journal_path(tmp_path / "whole.h5"))
    with open_trace(tmp_path / "whole.h5") as complete:
        for end in ends[1:-1]:
            journal_path(out).write_bytes(whole[: end + 1])  # and the first byte of a torn block
            with open_trace(out) as trace:
                assert trace.status == "killed"
                assert is_prefix(trace, complete)
            out.unlink()


def test_a_journal_without_its_header_is_refused_and_kept(tmp_path: Path) -> None:
    journal = journal_path(tmp_path / "run.h5")
    journal.write_bytes(KILLED.read_bytes()[:1000])
    with pytest.raises(TraceError, match="nothing was recorded"):
        open_trace(tmp_path / "run.h5")
    assert journal.stat().st_size == 1000


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage[0])
@pytest.mark.parametrize("name", ["v1-commands", "v1-full", "v1-summary", "v2-crowd", "v3-commands"])
def test_a_thousand_damaged_traces_are_refused_or_read_as_written(
    tmp_path: Path, damage: tuple[str, Damage], name: str
) -> None:
    assert damage_trace(GOLDEN / f"{name}.h5", damage, 1000, tmp_path, seed=1).faults == ()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage[0])
def test_a_thousand_damaged_journals_recover_to_their_undamaged_blocks(
    tmp_path: Path, damage: tuple[str, Damage]
) -> None:
    assert damage_journal(KILLED, damage, 1000, tmp_path, seed=1).faults == ()
