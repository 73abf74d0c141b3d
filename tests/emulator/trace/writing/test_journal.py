"""The journal is always the longest prefix of whole blocks, whatever cuts it short."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import TraceError
from emulator.trace.schema import METRICS, POWER
from emulator.trace.writing.journal import (
    MAX_SEGMENT_ROWS,
    MAX_TEXT_BYTES,
    JournalReader,
    JournalWriter,
    Kind,
    blob_segment,
    journal_path,
    lock,
    rows_segment,
)

ROWS = np.array([(1, 5, 0.25), (2, 7, -1.0)], dtype=POWER.dtype)


def power_block() -> bytes:
    return rows_segment(POWER, len(ROWS), ROWS.tobytes())


def blocks(path: Path) -> list[list[tuple[Kind, bytes]]]:
    with path.open("rb") as file:
        return [
            [(segment.kind, bytes(segment.body)) for segment in block] for block in JournalReader(file, "j")
        ]


def write(path: Path, *payloads: bytes) -> Path:
    writer = JournalWriter(path)
    for payload in payloads:
        writer.append(payload)
    writer.close()
    return path


@given(st.lists(st.lists(st.binary(max_size=50), min_size=1, max_size=4), max_size=5))
def test_what_is_appended_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[bytes]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"
    write(path, *(b"".join(blob_segment(Kind.LABEL, text) for text in block) for block in texts))
    assert blocks(path) == [[(Kind.LABEL, text) for text in block] for block in texts]


def test_rows_come_back_as_records(tmp_path: Path) -> None:
    path = write(tmp_path / "j", power_block())
    with path.open("rb") as file:
        ((segment,),) = list(JournalReader(file, "j"))
    assert segment.table is POWER
    np.testing.assert_array_equal(segment.records(), ROWS)


def test_a_blob_holds_no_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "j", blob_segment(Kind.FOOTER, b"[]"))
    with path.open("rb") as file:
        ((segment,),) = list(JournalReader(file, "j"))
    with pytest.raises(TraceError, match="footer holds no rows"):
        segment.records()


def test_a_tail_torn_at_any_byte_of_the_last_block_loses_only_that_block(tmp_path: Path) -> None:
    whole = write(tmp_path / "j", blob_segment(Kind.LABEL, b"one"), power_block()).read_bytes()
    keep = len(write(tmp_path / "k", blob_segment(Kind.LABEL, b"one")).read_bytes())
    for length in range(keep, len(whole)):
        torn = tmp_path / "torn"
        torn.write_bytes(whole[:length])
        with torn.open("rb") as file:
            reader = JournalReader(file, "torn")
            assert len(list(reader)) == 1
            assert (reader.valid_bytes, reader.torn_bytes) == (keep, length - keep)


def test_a_bit_flipped_anywhere_in_the_last_block_ends_the_log_before_it(tmp_path: Path) -> None:
    whole = write(tmp_path / "j", blob_segment(Kind.LABEL, b"one"), power_block()).read_bytes()
    keep = len(write(tmp_path / "k", blob_segment(Kind.LABEL, b"one")).read_bytes())
    for position in range(keep, len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << (position % 8)
        (tmp_path / "flipped").write_bytes(flipped)
        assert len(blocks(tmp_path / "flipped")) == 1


def test_a_block_out_of_sequence_ends_the_log(tmp_path: Path) -> None:
    block = write(tmp_path / "j", power_block()).read_bytes()
    (tmp_path / "doubled").write_bytes(block + block)
    assert len(blocks(tmp_path / "doubled")) == 1


def test_an_existing_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(b"precious")
    with pytest.raises(TraceError, match="lies here already"):
        JournalWriter(path)
    assert path.read_bytes() == b"precious"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"nowhere.*No such file"):
        JournalWriter(tmp_path / "nowhere" / "j")


def test_the_lock_tells_a_live_writer_from_a_dead_one(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    with (tmp_path / "j").open("rb") as file:
        assert not lock(file.fileno())
        writer.close()
        assert lock(file.fileno())


def test_closing_twice_closes_no_other_file(tmp_path: Path) -> None:
    """The system gives a number that was closed to the next file that is opened."""
    writer = JournalWriter(tmp_path / "j")
    descriptor = writer.descriptor
    writer.close()
    with (tmp_path / "other").open("wb") as other:
        assert other.fileno() == descriptor
        writer.close()
        other.write(b"still open")
    assert (tmp_path / "other").read_bytes() == b"still open"


def test_a_short_write_is_cut_off_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = JournalWriter(tmp_path / "j")
    writer.append(power_block())
    kept = (tmp_path / "j").stat().st_size
    write_all = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, block: write_all(descriptor, block[:7]))
        with pytest.raises(TraceError, match=r"only 7 of \d+ bytes.*bytes are free"):
            writer.append(power_block())
    assert writer.failed
    assert (tmp_path / "j").stat().st_size == kept
    writer.append(power_block())
    assert not writer.failed
    assert len(blocks(tmp_path / "j")) == 2


@pytest.mark.parametrize("failing", range(5))
def test_any_write_that_fails_leaves_the_blocks_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    writer = JournalWriter(tmp_path / "j")
    write_all, calls = os.write, iter(range(10))

    def write_some(descriptor: int, block: bytes) -> int:
        if next(calls) == failing:
            raise OSError(28, "No space left on device")
        return write_all(descriptor, block)

    monkeypatch.setattr(os, "write", write_some)
    for _ in range(failing):
        writer.append(power_block())
    with pytest.raises(TraceError, match="No space left on device"):
        writer.append(power_block())
    assert len(blocks(tmp_path / "j")) == failing


def test_an_append_cut_short_by_ctrl_c_lands_once_when_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(tmp_path / "j")
    write_all = os.write

    def interrupt_after(descriptor: int, block: bytes) -> int:
        write_all(descriptor, block)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", interrupt_after)
        with pytest.raises(KeyboardInterrupt):
            writer.append(power_block())
    writer.append(power_block())
    writer.append(blob_segment(Kind.LABEL, b"next"))
    assert [block[0][0] for block in blocks(tmp_path / "j")] == [Kind.ROWS, Kind.LABEL]


def test_a_text_larger_than_a_reader_accepts_is_refused() -> None:
    with pytest.raises(TraceError, match="too large"):
        blob_segment(Kind.HEADER, b"x" * (MAX_TEXT_BYTES + 1))


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (b"\x00", "cut short"),
        (b"\x07\x00\x00\x00\x00\x00", "unknown segment"),
        (b"\x00\x63\x00\x00\x00\x00", "unknown segment"),
        (rows_segment(METRICS, 2, b"short"), "claims 2"),
        (rows_segment(METRICS, MAX_SEGMENT_ROWS + 1, b""), "allowed"),
        (b"\x01\x00\xff\xff\xff\x7f", "allowed"),
    ],
)
def test_a_right_checksum_over_nonsense_is_reported(tmp_path: Path, payload: bytes, complaint: str) -> None:
    with pytest.raises(TraceError, match=complaint):
        blocks(write(tmp_path / "j", payload))


@given(st.binary(max_size=300))
def test_random_bytes_hold_no_block(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"
    path.write_bytes(data)
    assert blocks(path) == []


def test_the_journal_lies_beside_its_trace() -> None:
    assert journal_path(Path("out/run.h5")) == Path("out/run.h5.journal")
