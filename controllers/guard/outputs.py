"""Outputs that read nothing, or the end of their range, whatever is sent: found by one column of a reading."""

import numpy as np
from numpy.typing import NDArray

from controllers.guard.options import GuardConfig
from controllers.health import Health
from emulator.commands import Batch

__all__ = ["OutputWatch", "without"]

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]

_SIGMAS = 6.0  # noise that one reading of many entries does not exceed


class OutputWatch:
    """Count for how many readings in a row each output was, or was not, as a broken one is.

    ``stuck`` holds those whose last broken reading was one value for all samples: they win whatever is sent.
    """

    def __init__(self, options: GuardConfig) -> None:
        self._needed = options.confirm_readings
        self._quiet = options.quiet
        self._bad: dict[int, int] = {}
        self._good: dict[int, int] = {}
        self.stuck: set[int] = set()

    def seen(self, outputs: Floats, saturated: int, noise_square: float) -> set[int]:
        """Take a reading (samples, outputs); return the outputs that were broken often enough in a row."""
        dark, stuck = _broken(outputs, saturated, noise_square, self._quiet)
        found = set(np.flatnonzero(dark | stuck).tolist())
        self.stuck = self.stuck - set(np.flatnonzero(dark).tolist()) | set(np.flatnonzero(stuck).tolist())
        for output in range(outputs.shape[1]):
            bad = output in found
            self._bad[output] = self._bad.get(output, 0) + 1 if bad else 0
            self._good[output] = 0 if bad else self._good.get(output, 0) + 1
        return {output for output, times in self._bad.items() if times >= self._needed}

    def whole(self, output: int) -> bool:
        """Tell whether ``output`` was as it should be often enough in a row."""
        return self._good.get(output, 0) >= self._needed


def _broken(outputs: Floats, saturated: int, noise_square: float, quiet: float) -> tuple[Marks, Marks]:
    """Return which columns hold noise alone, and which one value for all samples, as many conversions saturated."""
    samples = len(outputs)
    if samples < 2:
        none = np.zeros(outputs.shape[1], dtype=np.bool_)
        return none, none
    most = np.abs(outputs).max(axis=0)
    dark = most <= _SIGMAS * np.sqrt(noise_square / 2.0) + quiet
    stuck = (np.ptp(outputs, axis=0) == 0.0) & (most > 0.0) & (saturated >= samples)
    return np.asarray(dark & ~dark.all()), np.asarray(stuck)


def without(outputs: Floats, batch: Batch, health: Health) -> Floats:
    """Return ``outputs`` (samples, outputs) as a loss should see them that knows nothing of those left out.

    Labels: they lose against all others, and samples of their own classes cost the same whatever is read. Values:
    they read what they should.
    """
    if not health.outputs:
        return outputs
    if batch.labels.ndim == 2:
        seen, columns = outputs.copy(), sorted(health.outputs)
        seen[:, columns] = batch.labels[:, columns]
        return seen
    seen = health.decided(outputs)
    seen[~health.judgeable(batch.labels)] = 0.0
    return seen
