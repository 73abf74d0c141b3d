"""The recorder: what happens on the bench goes into the journal, and at the end into HDF5; it reads nothing.

``command`` is called three times per 20 us of emulated time, so a call packs one row and appends it to a
list. Rows reach the file when ``BLOCK_ROWS`` commands have gathered, never by wall time: what a killed run
leaves is a bit-for-bit prefix of the run that was not killed.
"""

import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emulator.commands import FrameCounts
from emulator.errors import TraceError, nearest
from emulator.plan import Step, Work
from emulator.trace.plans import PlanBook
from emulator.trace.schema import (
    BATCHES,
    COMMANDS,
    DETAILS,
    DRAWS,
    FRAMES,
    JOINS,
    MAX_STATES,
    METRICS,
    PATTERNS,
    PLANS,
    POWER,
    SAMPLES,
    SETPOINTS,
    SPANS,
    TABLES,
    TOTALS,
    WORK,
    Detail,
    Status,
    Table,
)
from emulator.trace.writing.closing import footer_of, write_end
from emulator.trace.writing.header import Counts, Footer, Header, Opening, State
from emulator.trace.writing.journal import (
    MAX_SEGMENT_ROWS,
    JournalWriter,
    Kind,
    blob_segment,
    journal_path,
)
from emulator.trace.writing.names import Names, vocabulary_of
from emulator.trace.writing.packing import block_of, checked_until, pattern_rows, power_rows, setpoint_rows
from emulator.trace.writing.recover import finalize_in_child

__all__ = ["BLOCK_ROWS", "Recorder"]

BLOCK_ROWS: Final = 4096
"""Commands in a full block; the pending rows of the other tables go out with them."""

_MAX_PENDING: Final = 16 * BLOCK_ROWS  # rows of another table that call for a block of their own
_pack_command: Final = COMMANDS.row.pack
_pack_power: Final = POWER.row.pack
_POWER: Final = POWER.ident
_COMMAND_BYTES: Final = f"V{COMMANDS.row.size}"


class Recorder:
    """Writer of one trace; make it with ``Recorder.create`` and always end it with ``close``.

    A value that its column cannot hold raises ``TraceError`` at once. Whatever else is wrong with a command
    (time running backwards, a plan that does not fit) and a full disk raise ``TraceError`` when the block
    goes out; from then on nothing more is recorded, and ``close`` still works.
    """

    def __init__(self, out: Path, journal: JournalWriter, detail: Detail) -> None:
        self.path, self.convert = out, finalize_in_child
        self.detail = detail
        self._journal = journal
        self._summary = detail == "summary"
        self._first = 0  # row id of the first pending command
        self._last_done_ps = 0
        self._pending: list[list[bytes]] = [[] for _ in TABLES]
        self._commands = self._pending[COMMANDS.ident]
        self._blobs: list[bytes] = []
        self._ragged = 0  # pending rows of the tables of which one call brings many
        self._in_flight: bytes | None = None
        self._failure: TraceError | None = None
        self._closed = False
        self._names = Names()
        self._states: set[str] = set()
        self._book = PlanBook()
        self._samples = 0

    @classmethod
    def create(cls, out: Path, header: Header, detail: Detail = "commands") -> "Recorder":
        """Begin the trace ``out``: its journal exists from here on, ``out`` itself once ``close`` returns.

        Raises ``TraceError`` when ``out`` or its journal exists already, or the folder cannot be written.
        """
        out = Path(out)
        if detail not in DETAILS:
            raise TraceError(
                f"trace.detail: {detail!r} is none of {DETAILS}; {nearest(str(detail), DETAILS)}"
            )
        if os.path.lexists(out):
            raise TraceError(f"{out}: a file lies here already; remove it or choose another path")
        opening = blob_segment(Kind.HEADER, Opening(header, detail, os.getpid()).encode())
        journal = JournalWriter(journal_path(out))
        try:
            journal.append(opening, times=2)  # without it no row can be read
        except TraceError:
            journal.path.unlink()
            journal.close()
            raise
        return cls(out, journal, detail)

    def command(  # noqa: PLR0913  (the columns of a row; an object of them would cost as much as the row itself)
        self,
        agent: int,
        instrument: int,
        kind: int,
        plan: int,
        cause: int,
        t_issued: int,
        t_started: int,
        t_done: int,
        target: int,
        value: float,
        result: float,
    ) -> int:
        """Record a completed command and return its row id; at detail "summary" it is only counted.

        ``agent``, ``instrument`` and ``kind`` come from ``label``, ``plan`` from ``plan`` (or is
        ``NO_PLAN``); ``cause`` is the row whose reply led to this command (or ``NO_COMMAND``); times are in
        ps.
        """
        if self._summary:
            self._first += 1
            if self._first % BLOCK_ROWS == 0:
                self.commit()
            return self._first - 1
        rows = self._commands
        row = self._first + len(rows)
        try:
            rows.append(
                _pack_command(
                    agent, instrument, kind, plan, cause, t_issued, t_started, t_done, target, value, result
                )
            )
        except struct.error as error:
            raise TraceError(f"commands row {row}: {error}") from error
        if len(rows) >= BLOCK_ROWS:
            self.commit()
        return row

    def command_rows(self, rows: NDArray[np.void]) -> int:
        """Record completed commands, of which each is a row of ``COMMANDS``'s type; return the last one's row id.

        They come in the order of their replies, none before that of the command recorded last, and leave in the
        same blocks as if they had come one by one.
        """
        if self._summary:
            before = self._first
            self._first += len(rows)
            if before // BLOCK_ROWS != self._first // BLOCK_ROWS:
                self.commit()
            return self._first - 1
        left = rows.view(_COMMAND_BYTES).tolist()
        last = self.row_count + len(left) - 1
        while left:
            room = BLOCK_ROWS - len(self._commands)
            self._commands.extend(left[:room])
            left = left[room:]
            if len(self._commands) >= BLOCK_ROWS:
                self.commit()
        return last

    def powers(self, component: int, t: NDArray[np.int64], watts: NDArray[np.float64]) -> None:
        """Record that ``component`` draws each of ``watts`` (n,) from the instant in ``t`` (n,) on."""
        if not self._summary:
            rows = power_rows(component, t, watts)
            for begin in range(0, len(rows), MAX_SEGMENT_ROWS):
                part = rows[begin : begin + MAX_SEGMENT_ROWS]
                self._rows(POWER, part.tobytes(), len(part))

    def power(self, component: int, t: int, watts: float) -> None:
        """Record that ``component`` (from ``label``) draws ``watts`` from ``t`` (ps) on."""
        if self._summary:
            return
        rows = self._pending[_POWER]
        try:
            rows.append(_pack_power(component, t, watts))
        except struct.error as error:
            raise TraceError(f"power of component {component!r} at {t!r} ps: {error}") from error
        if len(rows) >= _MAX_PENDING:
            self.commit()

    def metric(self, name: str, t: int, queries: int, value: float) -> None:
        """Record the number ``value`` under ``name``, at ``t`` (ps) and after ``queries`` queries."""
        self._row(METRICS, self._intern("metric", name), t, queries, value)

    def span(
        self, resource: int, activity: int, t_start: int, t_end: int, command: int | None = None
    ) -> None:
        """Record that ``resource`` did ``activity`` (from ``label``) from ``t_start`` to ``t_end`` (ps).

        The span belongs to the next command to be recorded, unless ``command`` is a row id or ``NO_COMMAND``.
        """
        if not 0 <= t_start <= t_end:
            raise TraceError(f"span of resource {resource}: 0 <= {t_start} <= {t_end} ps does not hold")
        if not self._summary:
            self._row(
                SPANS, resource, activity, t_start, t_end, self.row_count if command is None else command
            )

    def plan(self, steps: Sequence[Step], work: Work = (), owner: str = "") -> int:
        """Return the number of the span template ``steps`` for ``work``, recording it the first time.

        A plan is of one kind of command; kinds that could ask alike name themselves as its ``owner``.
        At most one step lasts ``REMAINDER``. The spans of a command that names the plan follow each other from
        its ``t_started`` to its ``t_done``.
        """
        key = tuple(steps)
        known = self._book.find(key, work, owner)
        if known is not None:
            return known
        named = [
            (self._intern("resource", step.resource), self._intern("activity", step.activity)) for step in key
        ]
        draws = [
            (place, self._intern("component", step.component), step.watts)
            for place, step in enumerate(key)
            if step.watts
        ]
        asked = [(self._intern("quantity", name), amount) for name, amount in work]
        number = self._book.add(key, work, owner)
        if not self._summary:
            for (resource, activity), step in zip(named, key, strict=True):
                self._row(PLANS, number, resource, activity, step.ps, step.held)
            for place, component, watts in draws:
                self._row(DRAWS, number, place, component, watts)
            for quantity, amount in asked:
                self._row(WORK, number, quantity, amount)
        return number

    def batch(self, key: int, samples: ArrayLike) -> None:
        """Record which ``samples`` (indices into the data set) the mini-batch ``key`` holds.

        The next command to be recorded is the first that reads it.
        """
        packed = np.asarray(samples, dtype="<i4").ravel()
        if not self._summary:
            self._rows(SAMPLES, packed.tobytes(), packed.size)
            self._row(BATCHES, key, self._samples, packed.size, self.row_count)
            self._samples += packed.size

    def setpoints(self, heaters: ArrayLike, phases: ArrayLike) -> None:
        """Record the ``phases`` (rad) that the next command to be recorded gives to ``heaters``."""
        if not self._summary:
            rows = setpoint_rows(self.row_count, heaters, phases)
            self._rows(SETPOINTS, rows.tobytes(), rows.size)

    def join(self, cause: int) -> None:
        """Record that the next command to be recorded waited for the reply of row ``cause``, too."""
        if not self._summary:
            self._row(JOINS, self.row_count, cause)

    def frames(self, counts: FrameCounts) -> None:
        """Record what became of the frames of the next command to be recorded."""
        if not self._summary:
            self._row(FRAMES, self.row_count, *counts)

    def patterns(self, vectors: NDArray[np.float32]) -> None:
        """Record the non-zero entries of the ``vectors`` (n, inputs) of the next command; at detail "full" only."""
        if self.detail == "full":
            rows = pattern_rows(self.row_count, vectors)
            self._rows(PATTERNS, rows.tobytes(), rows.size)

    def state(self, name: str, array: NDArray[Any], units: str = "1") -> None:
        """Record a real ``array`` of at most 3 dimensions under ``name`` and commit; the last one stays."""
        blob = blob_segment(Kind.STATE, State.of(name, array, units).encode())
        if len(self._states | {name}) > MAX_STATES:
            raise TraceError(f"state {name}: {MAX_STATES} states are recorded already")
        self._states.add(name)
        self._blobs.append(blob)
        self.commit()

    def counts(self, columns: Mapping[str, str]) -> None:
        """Record which kinds of command are queries, and the column of /commands that says how many ("": one each).

        It tells what a run amounted to that could not say so itself.
        """
        self._blobs.append(blob_segment(Kind.COUNTS, Counts(columns).encode()))

    def total(self, total: str, part: str, value: float) -> None:
        """Record the sum ``total`` of the whole run, such as "energy_j", of one ``part`` of it."""
        self._row(TOTALS, self._intern("total", total), self._intern("part", part), value)

    def label(self, table_column: str, text: str) -> int:
        """Return the index that stands for ``text`` in a column such as ``"commands.agent"``."""
        return self._intern(vocabulary_of(table_column), text)

    def commit(self) -> None:
        """Write what was recorded so far as one block; the death of this process does not take it back.

        Raises ``TraceError`` when the disk is full or a command row is refused, and again at every later
        call.
        """
        if self._failure is not None:
            raise self._failure
        try:
            self._land()
            pending = [b"".join(rows) for rows in self._pending]
            last_done_ps = checked_until(pending[COMMANDS.ident], self._first, self._last_done_ps, self._book)
            # The two sides of a block change hands in one step: Ctrl-C can neither lose nor double its rows.
            fresh: list[list[bytes]] = [[] for _ in TABLES]
            block = block_of(self._blobs, pending)
            first = self.row_count
            self._in_flight, self._pending, self._blobs, self._ragged = block, fresh, [], 0
            self._commands, self._first, self._last_done_ps = fresh[COMMANDS.ident], first, last_done_ps
            self._land()
        except TraceError as error:
            self._failure = error
            raise
        except (ArithmeticError, MemoryError, OSError, ValueError, struct.error) as error:
            self._failure = TraceError(
                f"{self.path}: a block could not be made: {type(error).__name__} {error}"
            )
            raise self._failure from error

    def close(self, status: Status, reason: str, elapsed_ps: int, queries: int) -> None:
        """End the run: write the rest, convert the journal to HDF5 in a child, return when it is in place.

        It may be called after any exception, and once more, which does nothing. A block that found no room is tried
        once more. Raises ``TraceError`` when the rest could not be written or converted; the journal then stays for
        ``open_trace`` to convert. Whatever is raised, the journal's lock is free.
        """
        if self._closed:
            return
        self._closed = True
        try:
            failed_before = self._failure is not None
            footer, refused = footer_of(status, reason, elapsed_ps, queries, self._last_done_ps)
            try:
                self._write_end(footer)
            except KeyboardInterrupt:
                self._write_end(footer)  # what was done is not done again: a block lands once
                raise
            if self._failure is not None and not failed_before:
                raise self._failure
            self.convert(self._journal.path, self.path, self._journal.descriptor)
            if refused is not None:
                raise refused
        finally:
            self._journal.close()

    def _write_end(self, footer: Footer) -> None:
        refused = self._failure is not None and not self._journal.failed
        if not refused:
            self._failure = None
        write_end(self._journal, footer, None if refused else self.commit)

    @property
    def row_count(self) -> int:
        """Return how many commands were recorded, which is the next one's row id."""
        return self._first + len(self._commands)

    def _intern(self, vocabulary: str, text: str) -> int:
        return self._names.intern(vocabulary, text, self._blobs)

    def _row(self, table: Table, *values: float) -> None:
        rows = self._pending[table.ident]
        try:
            rows.append(table.row.pack(*values))
        except struct.error as error:
            raise TraceError(f"{table.name} row {values}: {error}") from error
        if len(rows) >= _MAX_PENDING:
            self.commit()

    def _rows(self, table: Table, packed: bytes, count: int) -> None:
        if count > MAX_SEGMENT_ROWS:
            raise TraceError(
                f"{table.name}: {count} rows in one call; at most {MAX_SEGMENT_ROWS} are recorded"
            )
        if self._ragged + count > MAX_SEGMENT_ROWS:
            self.commit()
        self._pending[table.ident].append(packed)
        self._ragged += count

    def _land(self) -> None:
        if self._in_flight is not None:
            self._journal.append(self._in_flight)
            self._in_flight = None
