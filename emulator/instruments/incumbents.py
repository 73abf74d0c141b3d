"""What an agent names as its incumbent, read into arrays of its own."""

import numpy as np
from numpy.typing import NDArray

from emulator.commands import Incumbent
from emulator.errors import CommandError

__all__ = ["phases_of"]

_SHAPE = (
    "allowed: radians (n,), one finite number each, and heaters (n,), whole numbers, or None for all active"
)


def phases_of(command: Incumbent, active: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return heaters (n,) and phases (n,), in radians, of ``command``: copies, which nobody else changes.

    Of the devices (devices,) the ``active`` ones have a heater. Raises ``CommandError`` for what is no row of
    numbers, and where there is not one phase each.
    """
    try:
        radians = np.array(command.radians, dtype=np.float64)
        named = np.flatnonzero(active) if command.heaters is None else np.array(command.heaters)
    except (TypeError, ValueError) as error:
        raise CommandError(f"Incumbent: {error}; {_SHAPE}") from error
    heaters = named.astype(np.int64) if named.size == 0 or named.dtype.kind in "iu" else None
    if heaters is None or heaters.ndim != 1 or radians.ndim != 1:
        raise CommandError(
            f"Incumbent: radians have shape {radians.shape}, heaters {named.shape} of {named.dtype}; {_SHAPE}"
        )
    if radians.size != heaters.size:
        whose = "active heaters" if command.heaters is None else "heaters named"
        raise CommandError(f"Incumbent: {radians.size} phases for {heaters.size} {whose}; {_SHAPE}")
    return heaters, radians
