"""What a sequence is asked to visit, what it tells of its visits, and the checks of what is asked; no state."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError
from emulator.physics.chip.kernels import sequence

__all__ = ["Rule", "Sequenced", "Visits", "check_decidable", "no_events", "targets_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rule = Literal["none", "step_back", "three_point", "best_of_both"]


class Visits(NamedTuple):
    """Say what a sequence visits: heaters (n, k) and the phases (n, k) to try, in radians.

    A rule that decides (not "none") visits one heater at a time (k = 1) and needs where it steps back to and where
    home is, (n,), in radians, and which visits are pruned, (n,).
    """

    heaters: Ints
    try_rad: Floats
    back_rad: Floats = np.empty(0)
    home_rad: Floats = np.empty(0)
    pruned: NDArray[np.bool_] = np.empty(0, dtype=np.bool_)


class Sequenced(NamedTuple):
    """Hold what a sequence did: its events in order, and how its visits ended.

    ``ints`` and ``floats`` (n, 8) are two views of the events. ``outputs`` (n, samples, classes) if they were to be
    kept. ``reference`` is the loss at the end; ``accepted`` counts visits whose loss a comparison lowered, ``tied``
    comparisons of equal losses (which count as failures), and ``pruned`` visits that went home for that reason.
    """

    ints: Ints
    floats: Floats
    outputs: Floats | None
    reference: float
    visited: int
    accepted: int
    tied: int
    pruned: int
    readings: int

    @property
    def events(self) -> NDArray[np.void]:
        """Return the events (n,) by the names of their columns, of type ``sequence.EVENT``."""
        return self.ints.view(sequence.EVENT)[:, 0]


def no_events(count: int) -> tuple[Ints, Floats]:
    """Return room for ``count`` events as a table of ints and, of the same bytes, as one of floats.

    Numba handles these faster than records, and so does numpy.
    """
    ints = np.zeros((count, len(sequence.EVENT.names or ())), dtype=np.int64)
    return ints, ints.view(np.float64)


def targets_of(targets: Ints | Floats | None) -> tuple[Ints, Floats]:
    """Return ``targets`` as labels and as values, of which one is empty, as the kernels take them."""
    labels, values = np.empty(0, dtype=np.int64), np.empty((0, 0))
    if targets is None:
        return labels, values
    if targets.ndim == 1:
        return np.ascontiguousarray(targets, dtype=np.int64), values
    return labels, np.ascontiguousarray(targets, dtype=np.float64)


def check_decidable(visits: Visits, rule: Rule, labels: Ints | Floats, samples: int, most: int) -> None:
    """Raise ``ConfigError`` unless a rule can decide these visits."""
    count, width = visits.heaters.shape
    parts = (visits.back_rad, visits.home_rad, visits.pruned)
    if width != 1 or any(len(part) != count for part in parts):
        raise ConfigError(
            f"sequence: rule {rule!r} needs one heater a visit, and back_rad, home_rad and pruned for each of the "
            f"{count} visits; heaters have shape {visits.heaters.shape}"
        )
    if len(labels) != samples:
        raise ConfigError(f"sequence: rule {rule!r} needs {samples} labels, one a sample; got {len(labels)}")
    if most < 1:
        raise ConfigError(f"sequence: most={most} readings; rule {rule!r} makes at least one")
