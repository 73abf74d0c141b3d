"""The append-only journal of a running experiment: checksummed blocks, each an atomic commit; it is not HDF5.

A block is magic, CRC-32, payload length, sequence number and payload, and reaches the file in one ``write``.
Its payload is a row of segments: packed rows of a table, or a blob (header, name, state, footer). What a
killed writer left is the longest prefix of whole blocks. Only the death of the process is survived: nothing
is synced, so a power cut may lose the tail that the operating system still held.
"""

import contextlib
import fcntl
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.schema import TABLES, Table, tables_of
from emulator.trace.writing.header import Opening

__all__ = [
    "MAX_BLOB_BYTES",
    "MAX_SEGMENT_ROWS",
    "MAX_TEXT_BYTES",
    "JournalReader",
    "JournalWriter",
    "Kind",
    "Segment",
    "blob_segment",
    "journal_path",
    "lock",
    "rows_segment",
    "wait_for_lock",
]

MAX_TEXT_BYTES: Final = 64 * 1024
"""Largest JSON text (header, name, footer) in a journal."""

MAX_SEGMENT_ROWS: Final = 2**20
"""Most rows of one table in one block."""

MAX_BLOB_BYTES: Final = 2**28
"""Largest recorded state."""

_MAGIC: Final = b"LLJ1"
_BLOCK: Final = struct.Struct("<4sIII")  # magic, CRC-32 of all that follows, payload bytes, sequence number
_CHECKED: Final = struct.Struct("<II")  # the part of the block's head that the CRC covers
_SEGMENT: Final = struct.Struct("<BBI")  # kind, table, rows (of a table) or bytes (of a blob)


class Kind(IntEnum):
    """What a segment holds."""

    ROWS = 0
    HEADER = 1
    LABEL = 2
    STATE = 3
    FOOTER = 4
    COUNTS = 5


@dataclass(frozen=True)
class Segment:
    """One segment of a block: ``rows`` packed rows of ``table``, or a blob (``table`` is None)."""

    kind: Kind
    table: Table | None
    rows: int
    body: memoryview

    def records(self) -> NDArray[np.void]:
        """Return the rows as a structured array, without copying; raises ``TraceError`` for a blob."""
        if self.table is None:
            raise TraceError(f"journal: a {self.kind.name.lower()} holds no rows")
        return np.frombuffer(self.body, dtype=self.table.dtype)


def journal_path(out: Path) -> Path:
    """Return where the journal of the trace ``out`` lies: beside it."""
    return out.with_name(out.name + ".journal")


def rows_segment(table: Table, rows: int, packed: bytes) -> bytes:
    """Return the segment that holds ``rows`` packed rows of ``table``."""
    return _SEGMENT.pack(Kind.ROWS, table.ident, rows) + packed


def blob_segment(kind: Kind, body: bytes) -> bytes:
    """Return the segment that holds a blob.

    Raises ``TraceError`` when the blob is larger than a reader would accept.
    """
    limit = MAX_BLOB_BYTES if kind is Kind.STATE else MAX_TEXT_BYTES
    if len(body) > limit:
        raise TraceError(
            f"trace: a {kind.name.lower()} of {len(body)} bytes is too large; at most {limit} fit"
        )
    return _SEGMENT.pack(kind, 0, len(body)) + body


def lock(descriptor: int) -> bool:
    """Take the lock that marks a journal as in use; return False when another process holds it.

    The lock belongs to the open file: a child that inherits the descriptor keeps it alive.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for_lock(descriptor: int) -> None:
    """Take the lock as soon as the process that holds it gives it back or ends; signals are obeyed meanwhile."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)


class JournalWriter:
    """Append-only writer of a new journal; holds its lock until ``close``.

    Raises ``TraceError`` when the file exists already or cannot be created. ``failed`` tells whether the last
    ``append`` did not find room.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failed = False
        self._committed = 0
        self._sequence = 0
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        try:
            self.descriptor = os.open(path, flags, 0o644)
        except FileExistsError as error:
            raise TraceError(
                f"{path}: a journal lies here already; open it, or choose another path"
            ) from error
        except (OSError, ValueError) as error:  # a name with a NUL, or that is no Unicode, is a ValueError
            why = error.strerror if isinstance(error, OSError) else error
            raise TraceError(f"{str(path)!r}: cannot create the journal: {why}") from error
        if not lock(self.descriptor):
            raise TraceError(f"{path}: another process took the lock of the new journal")

    def append(self, payload: bytes, times: int = 1) -> None:
        """Commit ``payload`` as the next block, or the next ``times`` blocks, in one write.

        A call that an exception (Ctrl-C) cut short may be repeated with the same payload: it lands once.
        Raises ``TraceError`` naming the path and the free bytes when the block did not fit; the journal then
        ends with the block before.
        """
        blocks = b"".join(_block_of(payload, self._sequence + number) for number in range(times))
        self.failed = True
        try:
            if os.fstat(self.descriptor).st_size != self._committed + len(blocks):
                self._write(blocks)
        except OSError as error:
            self._truncate()
            message = f"{self.path}: cannot append {len(blocks)} bytes: {error.strerror}; {self._free()}"
            raise TraceError(message) from error
        self.failed = False
        self._committed, self._sequence = self._committed + len(blocks), self._sequence + times

    def _write(self, block: bytes) -> None:
        if os.fstat(self.descriptor).st_size != self._committed:
            os.ftruncate(self.descriptor, self._committed)
        written = os.write(self.descriptor, block)
        if written != len(block):
            self._truncate()
            raise TraceError(
                f"{self.path}: only {written} of {len(block)} bytes could be appended; {self._free()}; "
                f"the journal keeps its first {self._committed} bytes"
            )

    def _truncate(self) -> None:
        # A torn tail that cannot be cut off does no harm: a reader stops in front of it.
        with contextlib.suppress(OSError):
            os.ftruncate(self.descriptor, self._committed)

    def _free(self) -> str:
        try:
            disk = os.fstatvfs(self.descriptor)
        except OSError:
            return "the free space is unknown"
        return f"{disk.f_bavail * disk.f_frsize} bytes are free on its disk"

    def close(self) -> None:
        """Release the lock; further appends fail. A second call does nothing."""
        if self.descriptor >= 0:
            descriptor, self.descriptor = self.descriptor, -1
            os.close(descriptor)

    def __del__(self) -> None:
        """Release the lock of a writer that nobody has closed and nobody holds any more."""
        if getattr(self, "descriptor", -1) >= 0:
            self.close()


def _block_of(payload: bytes, sequence: int) -> bytes:
    checked = _CHECKED.pack(len(payload), sequence)
    return _MAGIC + struct.pack("<I", zlib.crc32(payload, zlib.crc32(checked))) + checked + payload


class JournalReader:
    """The longest prefix of whole blocks of an open journal, one list of segments a block.

    Attributes
    ----------
    valid_bytes : int
        Where the last whole block that was read ends.
    torn_bytes : int
        What lies behind the last whole block, once all of them have been read.
    tables : tuple of Table
        The tables of the version that wrote it; today's until the header has been read.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self.valid_bytes = 0
        self.torn_bytes = 0
        self.tables: tuple[Table, ...] = TABLES

    def __iter__(self) -> Iterator[list[Segment]]:
        """Yield the segments of each block, from the first on; memory holds one block at a time.

        Raises ``TraceError`` when a block with a right checksum has contents that this version does not know.
        """
        size = os.fstat(self._file.fileno()).st_size
        self._file.seek(0)
        self.valid_bytes = 0
        for sequence in range(1 << 32):
            payload = self._block(sequence, size - self.valid_bytes)
            if payload is None and sequence == 0:
                self.valid_bytes = self._second_block()
                continue
            if payload is None:
                break
            self.valid_bytes += _BLOCK.size + len(payload)
            yield self._segments(payload)
        self.torn_bytes = size - self.valid_bytes

    def _second_block(self) -> int:
        """Go to where the second block may begin, which repeats the header; return that place, or 0."""
        self._file.seek(0)
        at = self._file.read(_BLOCK.size + MAX_TEXT_BYTES + len(_MAGIC)).find(_MAGIC, 1)
        self._file.seek(max(at, 0))
        return max(at, 0)

    def _block(self, sequence: int, left: int) -> bytes | None:
        head = self._file.read(_BLOCK.size)
        if len(head) < _BLOCK.size:
            return None
        magic, crc, length, number = _BLOCK.unpack(head)
        if magic != _MAGIC or number != sequence or length > left - _BLOCK.size:
            return None
        payload = self._file.read(length)
        if len(payload) < length or zlib.crc32(payload, zlib.crc32(head[8:])) != crc:
            return None
        return payload

    def _segments(self, payload: bytes) -> list[Segment]:
        segments = []
        view = memoryview(payload)
        at = 0
        while at < len(payload):
            if len(payload) - at < _SEGMENT.size:
                raise TraceError(f"{self._name}: a segment is cut short before byte {self.valid_bytes}")
            kind, ident, count = _SEGMENT.unpack_from(payload, at)
            start = at + _SEGMENT.size
            segment = self._segment(kind, ident, count, view[start:])
            segments.append(segment)
            if segment.kind is Kind.HEADER:
                self.tables = tables_of(Opening.decode(segment.body, self._name).version)
            at = start + len(segment.body)
        return segments

    def _segment(self, kind: int, ident: int, count: int, rest: memoryview) -> Segment:
        known = kind <= max(Kind) and (kind != Kind.ROWS or ident < len(self.tables))
        if not known:
            raise TraceError(f"{self._name}: unknown segment {kind}/{ident}; is it of a newer version?")
        table = self.tables[ident] if kind == Kind.ROWS else None
        text = kind not in (Kind.ROWS, Kind.STATE)
        limit = MAX_SEGMENT_ROWS if table else MAX_TEXT_BYTES if text else MAX_BLOB_BYTES
        length = count * table.row.size if table else count
        if count > limit or length > len(rest):
            raise TraceError(f"{self._name}: a segment claims {count} rows or bytes; {limit} are allowed")
        return Segment(Kind(kind), table, count if table else 0, rest[:length])
