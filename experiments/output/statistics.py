"""Statistics of the study's tables: mean and spread over seeds, and when a recovery crossed a threshold."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Mean",
    "Stat",
    "first_crossing",
    "mean_curve",
    "ratios",
    "recovered_share",
    "stat",
    "t_mean",
    "wilson_interval",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stat:
    """Mean and sample standard deviation of ``n`` values, out of ``tried`` runs.

    ``sd`` is NaN below two values, ``mean`` too without any. ``n < tried`` says that the others never got
    there; ``bound`` says that a true value may be larger, because a run ended first.
    """

    mean: float
    sd: float
    n: int
    tried: int
    bound: bool = False


def stat(values: Iterable[float | None], bound: bool = False) -> Stat:
    """Return the statistics of ``values``; None counts as tried and not reached."""
    everything = list(values)
    known = np.array([value for value in everything if value is not None], dtype=np.float64)
    mean = float(known.mean()) if known.size else math.nan
    sd = float(known.std(ddof=1)) if known.size > 1 else math.nan
    return Stat(mean, sd, known.size, len(everything), bound)


def recovered_share(accuracy: Floats, ideal: float) -> Floats:
    """Return (accuracy - deployed) / (ideal - deployed), deployed being the first accuracy.

    NaN where nothing was lost: a chip that was deployed at its ideal accuracy or above has nothing to recover.
    """
    lost = ideal - accuracy[0]
    return (accuracy - accuracy[0]) / lost if lost > 0 else np.full(accuracy.shape, math.nan)


def first_crossing(
    at: Sequence[float] | Floats | NDArray[np.int64], values: Floats, level: float
) -> float | None:
    """Return where ``values`` first is at or above ``level``; None if it never was (NaN never is)."""
    hits = np.flatnonzero(values >= level)
    return float(at[int(hits[0])]) if hits.size else None


def ratios(base: Sequence[float | None], mine: Sequence[float | None], ends: Sequence[float]) -> Stat:
    """Return base/mine seed by seed: how many times fewer queries ``mine`` needs.

    Where ``base`` never got there, the end of its run (``ends``) stands for it and the result is a lower
    bound; where ``mine`` did not, there is no ratio. A crossing at zero counts as no ratio either.
    """
    quotients: list[float | None] = []
    bound = False
    for reference, own, end in zip(base, mine, ends, strict=True):
        bound = bound or (reference is None and bool(own))
        quotients.append((end if reference is None else reference) / own if own else None)
    return stat(quotients, bound)


def mean_curve(curves: Sequence[tuple[Floats, Floats]], points: int = 400) -> tuple[Floats, Floats, Floats]:
    """Return x, mean and sample standard deviation (0 for one curve) of curves (x, y), up to the shortest end."""
    end = min(float(x[-1]) for x, _ in curves)
    grid = np.linspace(0.0, end, points)
    stacked = np.stack([np.interp(grid, x, y) for x, y in curves])
    spread = stacked.std(axis=0, ddof=1) if len(curves) > 1 else np.zeros(points)
    return grid, stacked.mean(axis=0), spread


@dataclass(frozen=True)
class Mean:
    """Hold the mean of ``n`` values, their sample standard deviation, and the 95 % interval of the mean.

    ``sd``, ``low`` and ``high`` are NaN below two values, ``mean`` too without any.
    """

    mean: float
    sd: float
    low: float
    high: float
    n: int


def t_mean(values: Sequence[float], level: float = 0.95) -> Mean:
    """Return the mean of ``values`` with the interval of Student's t at ``level``."""
    from scipy.special import stdtrit

    n = len(values)
    if n == 0:
        return Mean(math.nan, math.nan, math.nan, math.nan, 0)
    known = np.array(values, dtype=np.float64)
    mean = float(known.mean())
    if n == 1:
        return Mean(mean, math.nan, math.nan, math.nan, 1)
    sd = float(known.std(ddof=1))
    half = float(stdtrit(n - 1, 0.5 + level / 2)) * sd / math.sqrt(n)
    return Mean(mean, sd, mean - half, mean + half, n)


def wilson_interval(share: float, samples: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a ``share`` that was found in ``samples`` trials, in [0, 1]."""
    from scipy.special import ndtri

    z = float(ndtri(0.5 + level / 2))
    middle = (share + z * z / (2 * samples)) / (1 + z * z / samples)
    half = z * math.sqrt(share * (1 - share) / samples + (z / (2 * samples)) ** 2) / (1 + z * z / samples)
    return max(middle - half, 0.0), min(middle + half, 1.0)
