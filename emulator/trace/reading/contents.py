"""An opened trace whose form has been checked: its facts and its datasets; it interprets no table."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.layout import (
    CONFIG,
    FORMAT,
    MAX_CHUNK,
    ROW,
    STATES,
    Facts,
    Seal,
    checksum,
    h5py,
    new_checksum,
    trace_digest,
)
from emulator.trace.reading.guard import (
    check_members,
    mapped_errors,
    open_dataset,
    open_group,
    read_number,
    read_text,
)
from emulator.trace.schema import (
    DETAILS,
    MAX_STATES,
    READABLE,
    STATUSES,
    Column,
    tables_of,
)
from emulator.trace.writing.journal import MAX_TEXT_BYTES

__all__ = ["CONFIG_PATH", "Contents"]

CONFIG_PATH: Final = f"/{CONFIG}"

_STATE_DTYPES: Final = ("|u1", "<i8", "<f8")

_SLAB: Final = 4 * MAX_CHUNK
"""Rows that are read at once: whole chunks of our writer's, some 2 MB, hashed while a cache still has them."""


class Contents:
    """The facts of a trace and its datasets; the digest of the file has been checked, no data has been read.

    Raises ``TraceError`` when ``path`` is missing, damaged, of another version or not a trace.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise TraceError(f"{path}: there is no trace here, nor a journal of one")
        self._bytes = path.stat().st_size
        self._datasets: dict[str, Any] = {}
        self._seals: dict[str, Seal] = {}
        with mapped_errors(f"{path} ({self._bytes} bytes)"):
            self._file = h5py.File(path, "r", locking="best-effort", rdcc_nbytes=0)  # no chunk is read twice
        try:
            self.facts = self._read_facts()
            self._survey()
            self.digest = read_text(self._file, "digest", str(path))
            if trace_digest(self.facts, list(self._seals.values())) != self.digest:
                raise TraceError(f"{path}: its digest does not match its contents; the file is damaged")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Release the file."""
        with mapped_errors(str(self.path)):
            self._file.close()

    @property
    def seals(self) -> Mapping[str, Seal]:
        """What is known of each dataset, by its path in the file."""
        return self._seals

    def read(self, path: str, verify: bool) -> NDArray[Any]:
        """Return all values of the dataset at ``path``.

        Raises ``TraceError`` naming it when it cannot be read or, if ``verify``, differs from its checksum.
        """
        dataset = self._datasets[path]
        with mapped_errors(f"{self.path}: {path}"):
            if verify and dataset.ndim == 1 and len(dataset) > _SLAB:
                values, found = _read_and_hash(dataset)
            else:
                values = np.asarray(dataset[()])
                content = values.tobytes().rstrip(b"\0") if path == CONFIG_PATH else values
                found = checksum(content) if verify else ""
        if verify and found != self._seals[path].checksum:
            raise TraceError(f"{self.path}: {path} does not match its checksum; the file is damaged")
        return values

    def _read_facts(self) -> Facts:
        where = str(self.path)
        if read_text(self._file, "format", where) != FORMAT:
            raise TraceError(f"{where}: it is an HDF5 file, but not a Lightloop trace")
        version = read_number(self._file, "schema_version", where)
        if version not in READABLE:
            readable = ", ".join(map(str, READABLE))
            raise TraceError(f"{where}: schema version {version}; this Lightloop reads {readable}")
        tables = tables_of(version)
        check_members(self._file, [CONFIG, STATES, *(table.name for table in tables)], where)
        with mapped_errors(f"{where}: attributes"):
            rows = self._decoded("rows", dict)
            versions = self._decoded("versions", dict)
            states = self._decoded("states", list)
            origin = self._decoded("origin", list, type(None)) if version >= 3 else None
            mode, digest = ("", "") if origin is None else origin
            status, detail = read_text(self._file, "status", where), read_text(self._file, "detail", where)
            if status not in STATUSES or detail not in DETAILS:
                raise ValueError(f"status {status!r} or detail {detail!r} is unknown")
            return Facts(
                version=version,
                created=read_text(self._file, "created", where),
                status=status,
                reason=read_text(self._file, "reason", where),
                seed=read_number(self._file, "seed", where),
                versions=tuple((str(name), str(text)) for name, text in versions.items()),
                detail=detail,
                elapsed_ps=read_number(self._file, "elapsed_ps", where),
                queries=read_number(self._file, "queries", where),
                config_digest=read_text(self._file[CONFIG], "digest", where),
                rows=tuple(int(rows[table.name]) for table in tables),
                states=tuple(str(name) for name in states),
                origin=None if origin is None else (str(mode), str(digest)),
            )

    def _decoded(self, name: str, *kinds: type) -> Any:
        """Return what the attribute ``name`` says in JSON; raises ``ValueError`` unless it is one of ``kinds``."""
        found = json.loads(read_text(self._file, name, str(self.path)))
        if not isinstance(found, kinds):
            raise ValueError(f"{name!r} is {str(found)[:40]!r} in JSON, not {kinds[0].__name__}")
        return found

    def _survey(self) -> None:
        """Open every dataset that a trace has, check its form, and collect what the digest covers."""
        where = str(self.path)
        self._open(self._file, Column(CONFIG, "B"), CONFIG_PATH)
        for table, rows in zip(tables_of(self.facts.version), self.facts.rows, strict=True):
            group = open_group(self._file, table.name, where)
            columns = (ROW, *table.columns)
            check_members(group, [column.name for column in columns], f"{where}/{table.name}")
            for column in columns:
                self._open(group, column, f"/{table.name}/{column.name}", rows)
        if len(self.facts.states) > MAX_STATES:
            raise TraceError(f"{where}: {len(self.facts.states)} states; at most {MAX_STATES} are read")
        group = open_group(self._file, STATES, where)
        check_members(group, self.facts.states, f"{where}/{STATES}")
        for name in self.facts.states:
            self._open(group, None, f"/{STATES}/{name}")

    def _open(self, group: Any, column: Column | None, path: str, rows: int | None = None) -> None:
        name, where = path.rsplit("/", 1)[1], f"{self.path}: {path}"
        dataset = open_dataset(group, name, where, self._bytes)
        with mapped_errors(where):
            dtype = dataset.dtype
            if path == CONFIG_PATH:
                fits = dtype.kind == "S" and dataset.shape == () and dtype.itemsize <= MAX_TEXT_BYTES
            elif column is None:
                fits = dtype in _STATE_DTYPES
            else:
                fits = dtype == column.dtype and dataset.shape == (rows,)
            if not fits:
                raise TraceError(f"{where}: {dtype} {dataset.shape} is not what the schema asks for")
            labels: list[str] = []
            if column is not None and column.vocabulary:
                labels = json.loads(read_text(dataset, "labels", where))
                if not isinstance(labels, list):
                    raise ValueError(f"labels are {str(labels)[:40]!r} in JSON, not a list")
            units, stated = read_text(dataset, "units", where), read_text(dataset, "checksum", where)
            texts = tuple(str(text) for text in labels)
            self._seals[path] = Seal(path, dtype.str, dataset.shape, units, texts, stated)
            self._datasets[path] = dataset


def _read_and_hash(dataset: Any) -> tuple[NDArray[Any], str]:
    """Return all values of a long column and their checksum; one piece is hashed while the next one is read.

    HDF5 undoes its filters on one core, faster than we could on two; a thread beside it takes the hash off its way.
    """
    values, state = np.empty(dataset.shape, dtype=dataset.dtype), new_checksum()
    with ThreadPoolExecutor(1) as beside:
        pieces = []
        for first in range(0, len(values), _SLAB):
            rows = np.s_[first : first + _SLAB]
            dataset.read_direct(values, rows, rows)
            pieces.append(beside.submit(state.update, values[rows].data))
        for piece in pieces:
            piece.result()
    return values, state.hexdigest()
