"""Heaters that do not answer: whoever moves one heater and reads the same batch sees noise, or an answer.

The statistic is the mean square of the difference of two readings over that of two readings of one state. With n
entries and nothing but noise it scatters about 1 by sqrt(2/n); a heater that light passes lifts it far above. A
move that stays unanswered is no proof, as light may be blind to a small one: quarter turns decide.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from controllers.guard.options import GuardConfig
from emulator.commands import Batch

__all__ = ["HeaterWatch"]

Floats = NDArray[np.float64]


class HeaterWatch:
    """Remember what was driven and read last, and how often each heater stayed silent in a row."""

    def __init__(self, options: GuardConfig, phases: Mapping[int, float]) -> None:
        self._options = options
        self._driven = dict(phases)
        self._batch: Batch | None = None
        self._outputs: Floats | None = None
        self._at: dict[int, float] = {}
        self._squares: list[float] = []
        self._silent: dict[int, int] = {}
        self._patience: dict[int, int] = {}

    @property
    def calibrated(self) -> bool:
        """Return whether it knows the noise."""
        return bool(self._squares)

    @property
    def noise_square(self) -> float:
        """Return the mean square of what two readings of one state differ by, in squared activation units."""
        return float(np.mean(self._squares)) if self._squares else 0.0

    def phase(self, heater: int) -> float:
        """Return what ``heater`` is driven to, as far as it was told."""
        return self._driven[heater]

    def learn(self, first: Floats, second: Floats) -> None:
        """Take two readings of one state, from which noise is known."""
        self._squares.append(_mean_square(first, second))

    def drive(self, heaters: Mapping[int, float]) -> None:
        """Hear what heaters are driven to."""
        for heater, phase in heaters.items():
            if self._driven.get(heater) != phase:
                self._driven[heater] = phase
                self._at[heater] = phase

    def silent(self, first: Floats, second: Floats) -> bool:
        """Tell whether two readings differ by no more than noise."""
        limit = self._options.silent_ratio * self.noise_square + self._options.quiet**2
        return _mean_square(first, second) <= limit

    def seen(self, batch: Batch, outputs: Floats) -> int | None:
        """Take a reading; return the heater that is to be made sure of, if one has stayed silent too often."""
        before, same = self._outputs, self._batch is batch
        moved, self._at = self._at, {}
        self._batch, self._outputs = batch, outputs
        if before is None or not same or len(moved) != 1 or not self.calibrated:
            return None
        [heater] = moved
        if not self.silent(before, outputs):
            self._silent[heater] = 0
            return None
        self._silent[heater] = self._silent.get(heater, 0) + 1
        needed = self._options.suspect_after * self._patience.get(heater, 1)
        return heater if self._silent[heater] >= needed else None

    def answered(self, heater: int) -> None:
        """Hear that a suspect has answered: it will be suspected half as soon."""
        self._silent[heater] = 0
        self._patience[heater] = 2 * self._patience.get(heater, 1)


def _mean_square(first: Floats, second: Floats) -> float:
    return float(np.mean((first - second) ** 2))
