"""The child process that turns a journal into HDF5: ``python -m emulator.trace.writing.finalize JOURNAL OUT``.

It never runs inside the recording process, because HDF5 may crash on a full disk. Its caller holds the lock
of the journal. The trace grows as ``OUT.part`` and takes its name only when it is complete.
"""

import json
import os
import sys
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import LightloopError, TraceError
from emulator.trace.layout import (
    CONFIG,
    FORMAT,
    LIBVER,
    MAX_CHUNK,
    ROW,
    STATES,
    Facts,
    Seal,
    checksum,
    chunk_rows,
    h5py,
    trace_digest,
)
from emulator.trace.plans import expand_plans, merge_spans
from emulator.trace.reading.reader import open_trace
from emulator.trace.schema import (
    COMMANDS,
    PLANS,
    SCHEMA_VERSION,
    SPANS,
    TABLES,
    Column,
    Commands,
    Plans,
    Spans,
    Table,
)
from emulator.trace.writing.header import Header
from emulator.trace.writing.journal import JournalReader
from emulator.trace.writing.recover import part_path
from emulator.trace.writing.survey import Survey

__all__ = ["finalize", "main"]

_EX_IOERR: Final = 74


def main() -> None:
    """Convert the journal that the command line names; leave with 74 and one line when that fails."""
    try:
        finalize(Path(sys.argv[1]), Path(sys.argv[2]))
    except (LightloopError, OSError, RuntimeError, ValueError, KeyError, MemoryError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n".replace("\n", " ").strip() + "\n")
        sys.stderr.flush()
        # HDF5 may crash when a file that it could not write is released: leave without releasing it.
        os._exit(_EX_IOERR)


def finalize(journal: Path, out: Path) -> None:
    """Write the trace ``out`` from ``journal``, whose lock the caller holds, and delete ``journal``.

    When ``out`` is there already and came from this journal (an earlier child died in between), only the
    journal is deleted. Raises ``TraceError`` when ``out`` is something else, or the journal holds no whole
    header.
    """
    with journal.open("rb") as file:
        reader = JournalReader(file, journal.name)
        survey = Survey.of(reader, journal.name)
        if os.path.lexists(out):
            _check_origin(out, survey.opening.header)
        else:
            part = part_path(out)
            part.unlink(missing_ok=True)
            _write(part, survey, reader)
            if os.path.lexists(out):
                raise TraceError(
                    f"{out}: a file has appeared here during the run; move it away and open the trace again"
                )
            part.replace(out)
    journal.unlink()


def _check_origin(out: Path, header: Header) -> None:
    with open_trace(out) as trace:
        found = (trace.created, trace.seed, trace.config_text)
        if found != (header.created, header.seed, header.config_text):
            raise TraceError(f"{out}: another trace lies here; move it away to recover the journal beside it")


def _write(part: Path, survey: Survey, reader: JournalReader) -> None:
    header, ending = survey.opening.header, survey.ending()
    file = h5py.File(part, "x", libver=LIBVER, track_order=False, locking="best-effort")
    seals = [_write_config(file, header), *_write_states(file.create_group(STATES), survey)]
    counts = []
    for writer in _fill(file, survey, reader):
        seals += writer.finish()
        counts.append(writer.rows)
    facts = Facts(
        version=SCHEMA_VERSION,
        created=header.created,
        status=ending.status,
        reason=ending.reason,
        seed=header.seed,
        versions=header.versions,
        detail=survey.opening.detail,
        elapsed_ps=ending.elapsed_ps,
        queries=ending.queries,
        config_digest=header.config_digest,
        rows=tuple(counts),
        states=tuple(sorted(survey.states)),
    )
    _write_facts(file, facts, trace_digest(facts, seals))
    file.close()
    with part.open("rb+") as written:
        os.fsync(written.fileno())


def _fill(file: Any, survey: Survey, reader: JournalReader) -> list["_TableWriter"]:
    full = survey.opening.detail == "full"
    writers = [_TableWriter(file, table, survey) for table in TABLES]
    held: dict[Table, list[NDArray[np.void]]] = {table: [] for table in (COMMANDS, PLANS, SPANS)}
    for block in reader:
        for segment in block:
            if segment.table is None:
                continue
            rows = survey.kept(segment.table, segment.records())
            if full and segment.table in held:
                held[segment.table].append(rows)
            if not (full and segment.table is SPANS):
                writers[segment.table.ident].append(rows)
    if full:
        commands, plans, spans = (_columns(table, rows) for table, rows in held.items())
        merged = merge_spans(Spans(*spans), expand_plans(Commands(*commands), Plans(*plans)))
        rows = np.empty(len(merged.t_start), dtype=SPANS.dtype)
        for column in SPANS.columns:
            rows[column.name] = getattr(merged, column.name)
        writers[SPANS.ident].append(rows)
    return writers


def _columns(table: Table, rows: Sequence[NDArray[np.void]]) -> list[NDArray[Any]]:
    joined = np.concatenate([np.empty(0, dtype=table.dtype), *rows])
    return [np.ascontiguousarray(joined[column.name]) for column in table.columns]


def _expected_rows(table: Table, survey: Survey) -> int:
    if table is SPANS and survey.opening.detail == "full":
        return 4 * survey.rows[COMMANDS.ident] + survey.rows[SPANS.ident]
    return survey.rows[table.ident]


class _TableWriter:
    """Writer of one table: a group with a dataset a column, appended in pieces of whole chunks."""

    def __init__(self, file: Any, table: Table, survey: Survey) -> None:
        self.rows = 0
        self._table = table
        self._group = file.create_group(table.name)
        self._chunk = chunk_rows(_expected_rows(table, survey))
        self._names = survey.names
        self._pending: list[NDArray[np.void]] = []
        self._pending_rows = 0
        self._columns = [(column, self._create(column), blake2b(digest_size=16)) for column in table.columns]

    def _create(self, column: Column) -> Any:
        return self._group.create_dataset(
            column.name,
            shape=(0,),
            maxshape=(None,),
            dtype=column.dtype,
            chunks=(self._chunk,),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
            fletcher32=True,
            track_times=False,
        )

    def append(self, rows: NDArray[np.void]) -> None:
        """Take ``rows``; they reach the file when enough have gathered."""
        self._pending.append(rows)
        self._pending_rows += len(rows)
        if self._pending_rows >= MAX_CHUNK:
            self._flush()

    def _flush(self) -> None:
        if not self._pending_rows:
            return
        rows = np.concatenate(self._pending)
        # Whole chunks only, so that none is compressed twice; ``finish`` writes the rest.
        for column, dataset, digest in self._columns:
            values = np.ascontiguousarray(rows[column.name])
            dataset.resize((self.rows + len(values),))
            dataset[self.rows :] = values
            digest.update(values.tobytes())
        self.rows += len(rows)
        self._pending, self._pending_rows = [], 0

    def finish(self) -> list[Seal]:
        """Write the rest and the row numbers, and return what the digest covers."""
        self._flush()
        scale = self._create(ROW)
        numbers = np.arange(self.rows, dtype=np.int64)
        scale.resize((self.rows,))
        scale[...] = numbers
        scale.make_scale(ROW.name)
        seals = [_seal(scale, ROW.units, (), checksum(numbers))]
        for column, dataset, digest in self._columns:
            dataset.dims[0].attach_scale(scale)
            labels = tuple(self._names[column.vocabulary]) if column.vocabulary else ()
            if column.vocabulary:
                _write_text(dataset, "labels", json.dumps(labels, ensure_ascii=False))
            seals.append(_seal(dataset, column.units, labels, digest.hexdigest()))
        return seals


def _seal(dataset: Any, units: str, labels: tuple[str, ...], digest: str) -> Seal:
    _write_text(dataset, "units", units)
    _write_text(dataset, "checksum", digest)
    return Seal(dataset.name, dataset.dtype.str, dataset.shape, units, labels, digest)


def _write_config(file: Any, header: Header) -> Seal:
    text = header.config_text.encode()
    dataset = file.create_dataset(
        CONFIG, data=np.array(text or b"\0", dtype=f"S{max(1, len(text))}"), track_times=False
    )
    _write_text(dataset, "digest", header.config_digest)
    return _seal(dataset, "1", (), checksum(text))


def _write_states(group: Any, survey: Survey) -> list[Seal]:
    seals = []
    for name, state in sorted(survey.states.items()):
        filtered = state.array.size > 0 and state.array.ndim > 0
        options = (
            {"compression": "gzip", "compression_opts": 1, "shuffle": True, "fletcher32": True}
            if filtered
            else {}
        )
        dataset = group.create_dataset(name, data=state.array, track_times=False, **options)
        seals.append(_seal(dataset, state.units, (), checksum(state.array)))
    return seals


def _write_facts(file: Any, facts: Facts, digest: str) -> None:
    rows = {table.name: count for table, count in zip(TABLES, facts.rows, strict=True)}
    texts = {
        "format": FORMAT,
        "created": facts.created,
        "status": facts.status,
        "reason": facts.reason,
        "detail": facts.detail,
        "versions": json.dumps(dict(facts.versions), ensure_ascii=False),
        "rows": json.dumps(rows),
        "states": json.dumps(facts.states),
        "digest": digest,
    }
    for name, text in texts.items():
        _write_text(file, name, text)
    numbers = {
        "schema_version": SCHEMA_VERSION,
        "seed": facts.seed,
        "elapsed_ps": facts.elapsed_ps,
        "queries": facts.queries,
    }
    for name, number in numbers.items():
        file.attrs.create(name, number, dtype=np.dtype("<i8"))


def _write_text(item: Any, name: str, text: str) -> None:
    # Fixed length: the text then lies in metadata with a checksum, not in HDF5's global heap, which has none.
    data = text.encode()
    item.attrs.create(name, np.array(data or b"\0", dtype=h5py.string_dtype("utf-8", max(1, len(data)))))


if __name__ == "__main__":
    main()
