"""A scattering medium that drifts, frames that do not add up, pairs that are wrong: by looking again.

The same vectors are projected now and then. What comes back is compared with the first look, vector by vector: the
mean correlation is that of the medium then and now, and each must look like its own first look and no other's.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from controllers.guard.options import GuardConfig
from emulator.commands import FrameCounts, Projection

__all__ = ["Look", "ProjectionWatch", "correlations"]

Singles = NDArray[np.float32]


class Look(NamedTuple):
    """Say what a look at the medium has found: its correlation with the first, and how many pairs are wrong."""

    correlation: float
    mispaired: int


class ProjectionWatch:
    """Keep the vectors of the looks, what they were at first, and how many projections there were."""

    def __init__(self, options: GuardConfig, rng: np.random.Generator) -> None:
        self._options = options
        self._rng = rng
        self._vectors: Singles | None = None
        self._first: Singles | None = None
        self._since = 0

    def vectors(self, features: int) -> Singles:
        """Return the vectors of a look, of 0 and 1, which every encoding can show."""
        if self._vectors is None:
            lit = self._rng.random((self._options.check_vectors, features)) < 0.5
            lit[:, 0] |= ~lit.any(axis=1)  # a dark vector sends no frame
            self._vectors = lit.astype(np.float32)
        return self._vectors

    def due(self) -> bool:
        """Count a projection, and tell whether it is time to look at the medium."""
        due = self._since % self._options.check_every == 0
        self._since += 1
        return due

    def look(self, found: Projection) -> Look:
        """Compare what the vectors of a look came to with the first look, which this may be."""
        if self._first is None:
            self._first = found.outputs.astype(np.float32)
            return Look(1.0, 0)
        table = correlations(found.outputs, self._first)
        own = np.diag(table)
        usable = found.valid & (~np.isnan(own))
        if not usable.any():
            return Look(0.0, 0)
        best = np.argmax(np.nan_to_num(table, nan=-1.0), axis=1)
        known = usable & (np.nanmax(table, axis=1, initial=-1.0) > 0.5)  # else it looks like none of them
        return Look(float(own[usable].mean()), int((best != np.arange(len(best)))[known].sum()))

    def start_anew(self, found: Projection) -> None:
        """Take a look for the first one from now on."""
        self._first = found.outputs.astype(np.float32)

    @staticmethod
    def adds_up(frames: FrameCounts, vectors: int) -> bool:
        """Tell whether every frame that was sent is accounted for, and every vector."""
        return frames.sent == frames.used + frames.dropped + frames.late and frames.vectors == vectors


def correlations(now: NDArray[np.floating], then: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the correlations of each row of ``now`` (n, outputs) with each of ``then`` (m, outputs), (n, m).

    Vectors of 0 and 1 share a mean, which would make all look alike: the mean row is taken off first.
    """
    a, b = (each.astype(np.float64) - each.mean(axis=0, dtype=np.float64) for each in (now, then))
    norms = np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(a @ b.T / norms)
