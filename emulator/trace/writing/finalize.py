"""The child process that turns a journal into HDF5: ``python -m emulator.trace.writing.finalize JOURNAL OUT``.

It never runs inside the recording process, because HDF5 may crash on a full disk. Its caller holds the lock
of the journal. The trace grows as ``OUT.part`` and takes its name only when it is complete.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import LightloopError, TraceError
from emulator.trace.draws import expand_draws
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
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import (
    COMMANDS,
    DRAWS,
    POWER,
    SPANS,
    Column,
    Commands,
    Draws,
    Plans,
    Power,
    Spans,
    Table,
    tables_of,
)
from emulator.trace.writing.header import Header
from emulator.trace.writing.journal import JournalReader
from emulator.trace.writing.recover import part_path
from emulator.trace.writing.survey import Survey

__all__ = ["finalize", "finalize_here", "main"]

_EX_IOERR: Final = 74
_HELD: Final = ("commands", "plans", "spans", "power", "draws")
"""Tables of a run at detail "full" that are needed whole."""

_Expand = Callable[[Mapping[str, list[NDArray[Any]]]], Spans | Power]


def main() -> None:
    """Convert the journal that the command line names; leave with 74 and one line when that fails."""
    try:
        finalize(Path(sys.argv[1]), Path(sys.argv[2]))
    except (LightloopError, OSError, RuntimeError, ValueError, KeyError, MemoryError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n".replace("\n", " ").strip() + "\n")
        sys.stderr.flush()
        # HDF5 may crash when a file that it could not write is released: leave without releasing it.
        os._exit(_EX_IOERR)


def finalize_here(journal: Path, out: Path, descriptor: int) -> None:
    """Convert in this process, which nobody would miss: one of a kind that runs a single study and ends.

    Raises ``TraceError`` when that fails; the journal, whose lock ``descriptor`` holds, is then untouched.
    """
    del descriptor  # held by the caller
    try:
        finalize(journal, out)
    except (OSError, RuntimeError, ValueError, KeyError, MemoryError) as error:
        part_path(out).unlink(missing_ok=True)
        raise TraceError(
            f"{out}: the conversion failed: {type(error).__name__}: {error}; everything is safe in {journal}"
        ) from error


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
    with Trace(out) as trace:
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
        version=survey.opening.version,
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
        origin=header.origin,
    )
    _write_facts(file, facts, trace_digest(facts, seals))
    file.close()
    with part.open("rb+") as written:
        os.fsync(written.fileno())


def _fill(file: Any, survey: Survey, reader: JournalReader) -> list["_TableWriter"]:
    tables, full = tables_of(survey.opening.version), survey.opening.detail == "full"
    writers = [_TableWriter(file, table, survey) for table in tables]
    held: dict[str, list[NDArray[np.void]]] = {
        table.name: [] for table in tables if full and table.name in _HELD
    }
    expanded: dict[Table, _Expand] = (
        {SPANS: _all_spans, POWER: _all_power} if DRAWS in tables else {SPANS: _all_spans}
    )
    for block in reader:
        for segment in block:
            table = segment.table
            if table is None:
                continue
            rows = survey.kept(table, segment.records())
            if table.name in held:
                held[table.name].append(rows)
            if not (full and table in expanded):
                writers[table.ident].append(rows)
    if full:
        whole = {table.name: _columns(table, held[table.name]) for table in tables if table.name in held}
        for table, expand in expanded.items():
            writers[table.ident].append(_packed(table, expand(whole)))
    return writers


def _columns(table: Table, rows: Sequence[NDArray[np.void]]) -> list[NDArray[Any]]:
    joined = np.concatenate([np.empty(0, dtype=table.dtype), *rows])
    return [np.ascontiguousarray(joined[column.name]) for column in table.columns]


def _all_spans(whole: Mapping[str, list[NDArray[Any]]]) -> Spans:
    return merge_spans(Spans(*whole["spans"]), expand_plans(Commands(*whole["commands"]), _plans(whole)))


def _all_power(whole: Mapping[str, list[NDArray[Any]]]) -> Power:
    return expand_draws(
        Power(*whole["power"]), Commands(*whole["commands"]), _plans(whole), Draws(*whole["draws"])
    )


def _plans(whole: Mapping[str, list[NDArray[Any]]]) -> Plans:
    """Return the plans; until version 3 every step held its instrument."""
    number, resource, activity, duration_ps, *held = whole["plans"]
    return Plans(number, resource, activity, duration_ps, *(held or [np.ones(len(number), dtype=np.uint8)]))


def _packed(table: Table, columns: Spans | Power) -> NDArray[np.void]:
    rows = np.empty(len(getattr(columns, table.columns[0].name)), dtype=table.dtype)
    for column in table.columns:
        rows[column.name] = getattr(columns, column.name)
    return rows


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
    rows = {table.name: count for table, count in zip(tables_of(facts.version), facts.rows, strict=True)}
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
    if facts.version >= 3:
        texts["origin"] = json.dumps(facts.origin)
    for name, text in texts.items():
        _write_text(file, name, text)
    numbers = {
        "schema_version": facts.version,
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
