"""The tables of a trace as its file holds them: columns and their names, checked; nothing is computed."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.reading.contents import Contents
from emulator.trace.schema import Table, tables_of

__all__ = ["StoredTables", "Tables"]


class Tables(Protocol):
    """The tables of a trace in the form of the present schema."""

    def columns(self, table: Table) -> list[NDArray[Any]]:
        """Return the columns of ``table`` in the order of the schema; raises ``TraceError`` for damage."""

    def labels(self, table: Table, column: str) -> tuple[str, ...]:
        """Return the names that a ``column`` of ``table`` indexes."""


class StoredTables:
    """Read the tables of ``contents``; those that its version lacks are empty.

    ``verify`` says whether each dataset is compared with its checksum.
    """

    def __init__(self, contents: Contents, verify: bool) -> None:
        self._contents = contents
        self._verify = verify
        self._tables = {table.name: table for table in tables_of(contents.facts.version)}

    def columns(self, table: Table) -> list[NDArray[Any]]:
        """Return the columns that the file's version has of ``table``; raises ``TraceError`` for damage."""
        stored = self._tables.get(table.name)
        if stored is None:
            return [np.empty(0, dtype=column.dtype) for column in table.columns]
        found: list[NDArray[Any]] = []
        for column in stored.columns:
            path = f"/{table.name}/{column.name}"
            values = self._contents.read(path, self._verify)
            names = len(self._contents.seals[path].labels)
            if column.vocabulary and len(values) and int(values.max()) >= names:
                where = f"{self._contents.path}: {path}"
                raise TraceError(f"{where} refers to name {int(values.max())} of {names}")
            found.append(values)
        return found

    def labels(self, table: Table, column: str) -> tuple[str, ...]:
        """Return the names that a ``column`` of ``table`` indexes; none where the file has no such column."""
        seal = self._contents.seals.get(f"/{table.name}/{column}")
        return () if seal is None else seal.labels
