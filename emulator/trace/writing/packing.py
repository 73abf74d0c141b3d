"""Rows packed as their table has them, and blocks of rows that were checked; nothing is recorded here."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emulator.trace.plans import PlanBook, check_commands
from emulator.trace.schema import COMMANDS, PATTERNS, POWER, SETPOINTS, TABLES
from emulator.trace.writing.journal import rows_segment

__all__ = ["block_of", "checked_until", "pattern_rows", "power_rows", "setpoint_rows"]


def power_rows(component: int, t: NDArray[np.int64], watts: NDArray[np.float64]) -> NDArray[np.void]:
    """Return the rows in which ``component`` draws each of ``watts`` (n,) from the instant in ``t`` (n,) on."""
    rows = np.empty(len(t), dtype=POWER.dtype)
    rows["component"], rows["t"], rows["watts"] = component, t, watts
    return rows


def setpoint_rows(command: int, heaters: ArrayLike, phases: ArrayLike) -> NDArray[np.void]:
    """Return the rows in which ``command`` gives the ``phases`` (rad) to ``heaters``."""
    rows = np.empty(np.size(heaters), dtype=SETPOINTS.dtype)
    rows["command"], rows["heater"], rows["phase_rad"] = command, heaters, phases
    return rows


def pattern_rows(command: int, vectors: NDArray[np.float32]) -> NDArray[np.void]:
    """Return the rows of the non-zero entries of the ``vectors`` (n, inputs) that ``command`` projects."""
    vector, entry = np.nonzero(vectors)
    rows = np.empty(len(vector), dtype=PATTERNS.dtype)
    rows["command"], rows["vector"], rows["input"] = command, vector, entry
    rows["value"] = vectors[vector, entry]
    return rows


def checked_until(packed: bytes, first: int, last_done_ps: int, book: PlanBook) -> int:
    """Return when the last of the ``packed`` commands was done, of which the first is row ``first``.

    ``last_done_ps`` is when the one before them was done, and the answer where there are none. Raises
    ``TraceError`` for a row that cannot be.
    """
    if not packed:
        return last_done_ps
    rows = np.frombuffer(packed, dtype=COMMANDS.dtype)
    check_commands(rows, first, last_done_ps, book)
    return int(rows["t_done"][-1])


def block_of(blobs: list[bytes], pending: list[bytes]) -> bytes | None:
    """Return the block of ``blobs`` and of the ``pending`` rows of every table, or None when there are none."""
    tables = zip(TABLES, pending, strict=True)
    segments = [rows_segment(table, len(rows) // table.row.size, rows) for table, rows in tables if rows]
    return b"".join(blobs + segments) or None
