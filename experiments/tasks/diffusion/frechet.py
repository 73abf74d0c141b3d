"""How like real pictures drawn ones are: the Fréchet distance of features, as of two normal distributions.

Source: M. Heusel et al., GANs Trained by a Two Time-Scale Update Rule (2017), Eq. 6; the features are those of a
classifier of the same data instead of Inception's, so that distances compare only among themselves.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["frechet_distance"]

Floats = NDArray[np.float64]


def frechet_distance(left: Floats, right: Floats) -> float:
    """Return |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^1/2) of features (samples >= 2, features)."""
    means, spreads = zip(
        *((part.mean(axis=0), np.atleast_2d(np.cov(part.T))) for part in (left, right)), strict=True
    )
    values, vectors = np.linalg.eigh(spreads[0])
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    # (C1 C2)^1/2 has the trace of (C1^1/2 C2 C1^1/2)^1/2, which is symmetric.
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ spreads[1] @ root), 0.0)).sum()
    apart = float(((means[0] - means[1]) ** 2).sum())
    return apart + float(np.trace(spreads[0]) + np.trace(spreads[1]) - 2.0 * shared)
