"""Rows of which one call brings many, packed as their table has them; nothing is recorded here."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emulator.trace.schema import PATTERNS, POWER, SETPOINTS

__all__ = ["pattern_rows", "power_rows", "setpoint_rows"]


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
