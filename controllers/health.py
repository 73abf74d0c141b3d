"""What has been found broken on a bench while a controller works; whoever finds it says so here."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Health"]

_FAR_BELOW = 50.0  # activation units by which an output that is left out loses against all others


class Health:
    """Hold the ``heaters`` (indices of devices) and ``outputs`` that a controller had better leave out.

    A guard fills it; a controller that looks into it drops them from its active set, and a host that classifies
    leaves the outputs out. Without a guard it stays empty.
    """

    def __init__(self) -> None:
        self.heaters: set[int] = set()
        self.outputs: set[int] = set()

    def usable(self, heaters: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of ``heaters`` (n,) are not among the broken ones."""
        if not self.heaters:
            return np.ones(heaters.size, dtype=np.bool_)
        return ~np.isin(heaters, list(self.heaters))

    def decided(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``outputs`` (samples, outputs) of a classifier with the broken ones below all others."""
        if not self.outputs:
            return outputs
        seen, columns = outputs.copy(), sorted(self.outputs)
        others = np.delete(outputs, columns, axis=1)
        seen[:, columns] = others.min(axis=1, keepdims=True, initial=0.0) - _FAR_BELOW
        return seen

    def judgeable(self, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which samples, by their ``labels`` (samples,), are of a class whose output works."""
        return ~np.isin(labels, sorted(self.outputs))
