"""What has been found broken on a bench while a controller works; whoever finds it says so here."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Health"]


class Health:
    """Hold the ``heaters`` (indices of devices) and ``outputs`` that a controller had better leave out.

    A guard fills it; a controller that looks into it drops them from its active set. Without one it stays empty.
    """

    def __init__(self) -> None:
        self.heaters: set[int] = set()
        self.outputs: set[int] = set()

    def usable(self, heaters: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of ``heaters`` (n,) are not among the broken ones."""
        if not self.heaters:
            return np.ones(heaters.size, dtype=np.bool_)
        return ~np.isin(heaters, list(self.heaters))
