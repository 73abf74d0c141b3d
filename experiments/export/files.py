"""Tables of a trace as files for other programs: the suffix of a path chooses the format."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError, nearest
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from experiments.export.tables import Exported, Series, exported
from experiments.output.files import check_new, new_file
from experiments.output.fragment import fragment_note

__all__ = ["ExportedFile", "export_table"]

_ARROW: Final = "pyarrow"


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """Say what was written; ``note`` says of which part of a run, where it is not a whole one."""

    path: str
    table: str
    rows: int
    columns: tuple[str, ...]
    note: str

    def __str__(self) -> str:
        """Return one line for people."""
        what = f"{self.rows:,} rows of {', '.join(self.columns)}"
        return f"{self.table} {self.path}: {what}{self.note and f'; {self.note}'}"


def export_table(path: Path, table: str, out: Path, force: bool = False) -> ExportedFile:
    """Write the table ``table`` of the trace at ``path`` to ``out``: .csv, or .parquet with the extra ``analysis``.

    Raises ``ConfigError`` on an unknown table or suffix, without pyarrow, and when ``out`` is there already, unless
    ``force``, or cannot be written; ``TraceError`` for a trace that is damaged or kept no such rows.
    """
    suffix = out.suffix.lower()
    if suffix not in _FORMS:
        hint = nearest(suffix, _FORMS)
        raise ConfigError(
            f"{out}: {out.suffix!r} is no format of tables; allowed: {', '.join(_FORMS)}{hint and f'; {hint}'}"
        )
    if suffix == ".parquet" and find_spec(_ARROW) is None:
        raise ConfigError(
            f"{out}: Parquet needs {_ARROW}, which the extra 'analysis' installs: pip install 'lightloop[analysis]'"
        )
    check_new(out, force, [path])
    with open_trace(path) as trace:
        found = exported(trace, table)
        with new_file(out, force, [path]) as part:
            _FORMS[suffix](trace, found, part)
        note = fragment_note(trace.status, trace.elapsed_s)
    return ExportedFile(str(out), table, found.rows, tuple(one.name for one in found.columns), note)


def _write_csv(trace: Trace, found: Exported, out: Path) -> None:
    del trace
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([one.name for one in found.columns])
        for block in found.blocks():
            cells = [_texts(one, values).tolist() for one, values in zip(found.columns, block, strict=True)]
            writer.writerows(zip(*cells, strict=True))


def _texts(one: Series, values: NDArray[Any]) -> NDArray[Any]:
    return values if one.names is None else np.array(one.names, dtype=object)[values]


def _write_parquet(trace: Trace, found: Exported, out: Path) -> None:
    """Write the columns with their units, and whose they are, in the file's own metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [
        pa.field(
            one.name,
            pa.from_numpy_dtype(one.values.dtype)
            if one.names is None
            else pa.dictionary(pa.int32(), pa.string()),
            metadata={"unit": one.unit},
        )
        for one in found.columns
    ]
    facts = {"trace": str(trace.path), "digest": trace.digest, "status": trace.status, "table": found.name}
    schema = pa.schema(fields, metadata=facts)
    with pq.ParquetWriter(out, schema) as writer:
        for block in found.blocks():
            arrays = [
                pa.array(values)
                if one.names is None
                else pa.DictionaryArray.from_arrays(values.astype(np.int32), list(one.names))
                for one, values in zip(found.columns, block, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


_FORMS: Final[dict[str, Callable[[Trace, Exported, Path], None]]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}
