"""How a trace lies in HDF5: attributes, chunks and the digest; it neither writes nor reads a file.

Nothing in a trace depends on the machine's clock but the attribute ``created``, which the digest leaves out.
"""

import json
import os
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Final

from emulator.trace.schema import Column, Detail, Status, tables_of

# Before the first import of h5py: HDF5 must not look for filter plug-ins when it meets an unknown filter.
os.environ.setdefault("HDF5_PLUGIN_PRELOAD", "::")

import h5py
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CONFIG",
    "FORMAT",
    "LIBVER",
    "MAX_CHUNK",
    "MIN_CHUNK",
    "ROW",
    "STATES",
    "Facts",
    "Seal",
    "checksum",
    "chunk_rows",
    "h5py",
    "new_checksum",
    "trace_digest",
]

FORMAT: Final = "lightloop-trace"

LIBVER: Final = ("v110", "v110")
"""File format of HDF5 1.10: every block of metadata carries a checksum, and older tools can still read it."""

CONFIG: Final = "config"
STATES: Final = "states"

ROW: Final = Column("row", "q")
"""The dimension scale of every table: the row id."""

MIN_CHUNK: Final = 1024
MAX_CHUNK: Final = 65_536


def chunk_rows(rows: int) -> int:
    """Return the rows of a chunk in a table of about ``rows`` rows: a power of two, at least 1024."""
    return min(max(MIN_CHUNK, 1 << (rows // 32).bit_length()), MAX_CHUNK)


@dataclass(frozen=True)
class Facts:
    """The attributes of the file itself, apart from its format, version and digest.

    ``rows`` has the length of each table, in the order of ``tables_of(version)``; ``states`` the sorted names of
    the states; ``origin`` says in which mode, and of the trace of which digest, this one is a replay.
    """

    version: int
    created: str
    status: Status
    reason: str
    seed: int
    versions: tuple[tuple[str, str], ...]
    detail: Detail
    elapsed_ps: int
    queries: int
    config_digest: str
    rows: tuple[int, ...]
    states: tuple[str, ...]
    origin: tuple[str, str] | None = None


@dataclass(frozen=True)
class Seal:
    """What the digest covers of one dataset."""

    path: str
    dtype: str
    shape: tuple[int, ...]
    units: str
    labels: tuple[str, ...]
    checksum: str


def new_checksum() -> blake2b:
    """Return the state of a checksum that has seen nothing yet; its ``hexdigest`` is what ``checksum`` returns."""
    return blake2b(digest_size=16)


def checksum(*arrays: NDArray[np.generic] | bytes) -> str:
    """Return the BLAKE2b digest of the bytes of ``arrays``, one after the other, as 32 hexadecimal digits."""
    state = new_checksum()
    for array in arrays:
        state.update(array if isinstance(array, bytes) else np.ascontiguousarray(array).data)
    return state.hexdigest()


def trace_digest(facts: Facts, seals: list[Seal]) -> str:
    """Return the digest of a trace: equal for two runs with the same configuration, seed and versions.

    It covers every dataset and every attribute but ``created``, which it leaves to the checksums of HDF5.
    """
    left_out = ("created", "version") if facts.version >= 3 else ("created", "version", "origin")
    said = {name: value for name, value in asdict(facts).items() if name not in left_out}
    ordered = [asdict(seal) for seal in sorted(seals, key=lambda seal: seal.path)]
    names = [table.name for table in tables_of(facts.version)]
    text = json.dumps([FORMAT, facts.version, names, said, ordered], sort_keys=True, ensure_ascii=True)
    return checksum(text.encode())
