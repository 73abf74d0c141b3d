"""A run that is still being recorded, followed through its journal; it writes nothing and never sleeps.

``LiveTrace.poll`` reads on from where it stopped, so that following costs what the news costs. The caller decides
how long to wait between two looks. What a finished trace holds is read through ``emulator.trace.open``.
"""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from emulator.arguments import checked_path
from emulator.errors import TraceError
from emulator.trace.schema import TABLES, VOCABULARIES, Detail, Status, Table
from emulator.trace.writing.header import Footer, Header, Label, Opening, State
from emulator.trace.writing.journal import JournalReader, Kind, Segment, journal_path
from emulator.trace.writing.survey import Survey

__all__ = ["LiveTrace", "News", "Phase"]

Phase = Literal["recording", "converting", "over"]
"""``converting``: the run has ended, and its journal is being made a trace. ``over``: nothing more will come."""

_NO_ROWS: Final = tuple(np.empty(0, dtype=table.dtype) for table in TABLES)


@dataclass(frozen=True, eq=False)
class News:
    """What a journal has brought since the look before.

    ``status`` is ``running`` until the run is over, and ``killed`` when its writer died. A name is
    (vocabulary, text), in the order in which numbers were given; ``states`` are the names of the states kept.
    """

    phase: Phase
    status: Status
    tables: tuple[NDArray[np.void], ...] = _NO_ROWS
    names: tuple[tuple[str, str], ...] = ()
    states: tuple[str, ...] = ()

    def rows(self, table: Table) -> NDArray[np.void]:
        """Return the new rows of ``table`` as a structured array."""
        return self.tables[table.ident]

    @property
    def count(self) -> int:
        """Return how many rows came, of all tables together."""
        return sum(map(len, self.tables))


class LiveTrace:
    """Follow the run that writes, or wrote, the trace ``path``; use it as a context manager or call ``close``.

    A run that is over already is followed to its end like any other as long as its journal lies there; where only
    the finished trace is left, the first ``poll`` says "over" and brings no rows. Raises ``TraceError`` when there
    is neither.

    Whether the writer lives is asked of the lock on its journal: a shared lock is tried and given back at once.
    That cannot disturb a writer, which takes its lock before the first block and never again; and it succeeds at
    most once a run, after the writer's death.
    """

    def __init__(self, path: Path) -> None:
        self.path = checked_path("LiveTrace: path", path, TraceError)
        self._tail: _Tail | None = None
        self._survey: Survey | None = None
        self._news = News("recording", "running")
        self._empty_before = False
        journal = journal_path(self.path)
        try:
            self._tail = _Tail(journal)
        except FileNotFoundError as error:
            if not self.path.exists():
                raise TraceError(f"{path}: there is no trace, nor a journal of one") from error
            self._news = News("over", _status_of(self.path))
        except OSError as error:
            raise TraceError(f"{journal}: cannot be read: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the journal; a second call does nothing."""
        if self._tail is not None:
            self._tail.close()

    def __iter__(self) -> Iterator[News]:
        """Yield the news of one look after the other, the last being "over"; wait between them yourself."""
        while True:
            news = self.poll()
            yield news
            if news.phase == "over":
                return

    def poll(self) -> News:
        """Return what has come since the last call; once the run is over, nothing more comes.

        Only whole blocks count: what is half written comes at a later call. Raises ``TraceError`` when a block
        with a right checksum has contents that this version does not know, or when the writer died before its
        first block was whole.
        """
        if self._tail is None or self._news.phase == "over":
            return News("over", self._news.status)
        arrived = _Arrivals()
        self._read(self._tail, arrived)
        over = self._is_over(self._tail)
        if over:  # the last blocks and the writer's end may have come between the two
            self._read(self._tail, arrived)
        self._news = arrived.news(*self._standing(over))
        return self._news

    @property
    def begun(self) -> bool:
        """Tell whether the first block has been read; before, nothing is known of the run."""
        return self._survey is not None

    @property
    def header(self) -> Header:
        """What was known when the run began; raises ``TraceError`` before ``begun``."""
        return self._known.opening.header

    @property
    def detail(self) -> Detail:
        """How much is recorded; raises ``TraceError`` before ``begun``."""
        return self._known.opening.detail

    @property
    def pid(self) -> int:
        """Number of the writing process; raises ``TraceError`` before ``begun``."""
        return self._known.opening.pid

    def names(self, vocabulary: str) -> tuple[str, ...]:
        """Return the names known so far, in the order of their numbers; none before ``begun``."""
        if vocabulary not in VOCABULARIES:
            raise TraceError(
                f"{self.path}: {vocabulary!r} is none of the vocabularies {', '.join(VOCABULARIES)}"
            )
        return () if self._survey is None else tuple(self._survey.names[vocabulary])

    @property
    def ending(self) -> Footer:
        """How the run ended, or its time and queries so far; raises ``TraceError`` before ``begun``."""
        return self._known.ending()

    @property
    def _known(self) -> Survey:
        if self._survey is None:
            raise TraceError(f"{self.path}: its first block has not been read yet")
        return self._survey

    def _read(self, tail: "_Tail", arrived: "_Arrivals") -> None:
        where = journal_path(self.path).name
        for block in tail.more():
            if self._survey is None:
                self._survey = Survey(_opening(block, where))
            for segment in block:
                self._survey.add(segment, where)
                arrived.add(segment, where)

    def _is_over(self, tail: "_Tail") -> bool:
        if tail.deleted:
            return True
        if self._survey is None and not self._empty_before:
            # Its writer may be about to take the lock; by the next look it has.
            self._empty_before = True
            return False
        return not tail.locked()

    def _standing(self, over: bool) -> tuple[Phase, Status]:
        if over and self._survey is None:
            raise TraceError(
                f"{self.path}: the writer died before the header was whole; nothing was recorded"
            )
        footer = None if self._survey is None else self._survey.footer
        if not over:
            return "converting" if footer else "recording", "running"
        return "over", "killed" if footer is None else footer.status


class _Tail(JournalReader):
    """The blocks of a journal that grows."""

    def __init__(self, path: Path) -> None:
        # Without a buffer: a torn block that its writer takes back and writes anew is read anew, too.
        file = path.open("rb", buffering=0)
        super().__init__(file, path.name)
        self._path = path
        self._sequence = 0

    def more(self) -> Iterator[list[Segment]]:
        """Yield the segments of the blocks that have become whole since the last call."""
        size = os.fstat(self._file.fileno()).st_size
        self._file.seek(self.valid_bytes)
        while (payload := self._block(self._sequence, size - self.valid_bytes)) is not None:
            segments = self._segments(payload)
            self._sequence += 1
            self.valid_bytes = self._file.tell()
            yield segments

    @property
    def deleted(self) -> bool:
        """Tell whether the journal has been converted, or removed by somebody."""
        return os.fstat(self._file.fileno()).st_nlink == 0

    def locked(self) -> bool:
        """Tell whether a writer or its converting child holds the journal."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return False

    def close(self) -> None:
        """Release the file."""
        self._file.close()


@dataclass
class _Arrivals:
    """What one look gathers."""

    pieces: list[list[NDArray[np.void]]] = field(default_factory=lambda: [[] for _ in TABLES])
    names: list[tuple[str, str]] = field(default_factory=list)
    states: list[str] = field(default_factory=list)

    def add(self, segment: Segment, where: str) -> None:
        """Take ``segment``; raises ``TraceError`` when it is damaged."""
        if segment.table is not None:
            self.pieces[segment.table.ident].append(segment.records())
        elif segment.kind is Kind.LABEL:
            label = Label.decode(segment.body, where)
            self.names.append((label.vocabulary, label.text))
        elif segment.kind is Kind.STATE:
            self.states.append(State.decode(segment.body, where).name)

    def news(self, phase: Phase, status: Status) -> News:
        """Return what was gathered."""
        tables = tuple(
            np.concatenate(rows) if rows else empty for empty, rows in zip(_NO_ROWS, self.pieces, strict=True)
        )
        return News(phase, status, tables, tuple(self.names), tuple(self.states))


def _opening(block: list[Segment], where: str) -> Opening:
    for segment in block:
        if segment.kind is Kind.HEADER:
            return Opening.decode(segment.body, where)
    raise TraceError(f"{where}: the first block holds no header")


def _status_of(path: Path) -> Status:
    from emulator.trace.reading.reader import Trace  # HDF5 is needed for a finished trace only

    with Trace(path) as trace:
        return trace.status
