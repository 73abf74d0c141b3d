"""Outputs that read nothing, or the end of their range, whatever is sent: found by one column of a reading."""

import numpy as np
from numpy.typing import NDArray

from controllers.guard.options import GuardConfig
from emulator.commands import Batch

__all__ = ["OutputWatch", "without"]

Floats = NDArray[np.float64]

_SIGMAS = 6.0  # noise that one reading of many entries does not exceed
_FAR_BELOW = 50.0  # activation units by which an output that is left out loses against all others


class OutputWatch:
    """Count for how many readings in a row each output was, or was not, as a broken one is."""

    def __init__(self, options: GuardConfig) -> None:
        self._needed = options.confirm_readings
        self._quiet = options.quiet
        self._bad: dict[int, int] = {}
        self._good: dict[int, int] = {}

    def seen(self, outputs: Floats, saturated: int, noise_square: float) -> set[int]:
        """Take a reading (samples, outputs); return the outputs that were broken often enough in a row."""
        found = set(np.flatnonzero(_broken(outputs, saturated, noise_square, self._quiet)).tolist())
        for output in range(outputs.shape[1]):
            bad = output in found
            self._bad[output] = self._bad.get(output, 0) + 1 if bad else 0
            self._good[output] = 0 if bad else self._good.get(output, 0) + 1
        return {output for output, times in self._bad.items() if times >= self._needed}

    def whole(self, output: int) -> bool:
        """Tell whether ``output`` was as it should be often enough in a row."""
        return self._good.get(output, 0) >= self._needed


def _broken(outputs: Floats, saturated: int, noise_square: float, quiet: float) -> NDArray[np.bool_]:
    """Return which columns hold noise alone, or one value for all samples while as many conversions saturated."""
    samples = len(outputs)
    if samples < 2:
        return np.zeros(outputs.shape[1], dtype=np.bool_)
    most = np.abs(outputs).max(axis=0)
    dark = most <= _SIGMAS * np.sqrt(noise_square / 2.0) + quiet
    stuck = (np.ptp(outputs, axis=0) == 0.0) & (most > 0.0) & (saturated >= samples)
    return np.asarray((dark & ~dark.all()) | stuck)


def without(outputs: Floats, batch: Batch, left_out: set[int]) -> Floats:
    """Return ``outputs`` (samples, outputs) as a loss should see them that knows nothing of those ``left_out``.

    Labels: they lose against all others, and samples of their own classes cost the same whatever is read. Values:
    they read what they should.
    """
    if not left_out:
        return outputs
    seen, columns = outputs.copy(), sorted(left_out)
    if batch.labels.ndim == 2:
        seen[:, columns] = batch.labels[:, columns]
        return seen
    others = np.delete(outputs, columns, axis=1)
    seen[:, columns] = others.min(axis=1, keepdims=True, initial=0.0) - _FAR_BELOW
    seen[np.isin(batch.labels, columns)] = 0.0
    return seen
