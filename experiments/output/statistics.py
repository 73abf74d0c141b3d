"""Statistics of tables: spread over seeds, when a recovery crossed a threshold, intervals of accuracies."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError

__all__ = [
    "CONFIDENCE",
    "Interval",
    "Mean",
    "Stat",
    "accuracy_interval",
    "first_crossing",
    "mean_curve",
    "recovered_share",
    "running_mean",
    "share_interval",
    "stat",
    "t_mean",
    "wilson_interval",
]

Floats = NDArray[np.float64]

CONFIDENCE: Final = 0.95
"""Share of such intervals that hold the true accuracy, where nothing else is said."""


class Interval(NamedTuple):
    """Hold both ends of an interval of an accuracy, fractions in [0, 1]."""

    low: float
    high: float


def wilson_interval(hits: float, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Return the score interval of the probability of a hit, of which ``hits`` were found in ``n`` samples.

    ``confidence`` lies in (0, 1). It covers the choice of the samples, and neither seeds nor noise. Raises
    ``ConfigError`` unless 0 <= ``hits`` <= ``n`` and ``n`` >= 1.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209, without correction for continuity.
    """
    if n < 1 or not 0 <= hits <= n or not 0 < confidence < 1:
        raise ConfigError(
            f"wilson_interval: hits={hits!r}, n={n!r}, confidence={confidence!r} is refused; allowed: n >= 1, "
            "hits in [0, n], confidence in (0, 1)"
        )
    z = NormalDist().inv_cdf((1.0 + confidence) / 2.0)
    share, weight = hits / n, z * z / n
    middle = (share + weight / 2.0) / (1.0 + weight)
    half = z / (1.0 + weight) * math.sqrt(share * (1.0 - share) / n + weight / (4.0 * n))
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    return Interval(low, 1.0 if hits == n else min(1.0, middle + half))


def share_interval(share: float, samples: int) -> Interval:
    """Return the 95 % interval of a ``share``, in [0, 1], of ``samples``; raises as ``wilson_interval`` does."""
    return wilson_interval(min(share * samples, samples) if share <= 1.0 else math.nan, samples)


def accuracy_interval(accuracy: float | None, samples: int | None) -> Interval | None:
    """Return the 95 % interval of ``accuracy``, measured on ``samples``; None where one of them is not known."""
    if accuracy is None or samples is None or not 0.0 <= accuracy <= 1.0:
        return None
    return share_interval(accuracy, samples)


@dataclass(frozen=True)
class Stat:
    """Mean and sample standard deviation of ``n`` values, out of ``tried`` runs.

    ``sd`` is NaN below two values, ``mean`` too without any. ``n < tried`` says that the others never got
    there. ``low`` and ``high`` are the ends of the mean's 95 % interval, NaN where none is told.
    """

    mean: float
    sd: float
    n: int
    tried: int
    low: float = math.nan
    high: float = math.nan


def accuracy_stat(values: Iterable[float], samples: int = 0) -> Stat:
    """Return the statistics of accuracies, fractions, one a seed, with the 95 % interval of their mean.

    Student's t over seeds, cut to [0, 1]; of one seed Wilson's for its ``samples``, where they are known (> 0).
    """
    found = list(values)
    mean = t_mean(found)
    if mean.n == 1:
        low, high = accuracy_interval(found[0], samples or None) or (math.nan, math.nan)
    else:
        low, high = max(mean.low, 0.0), min(mean.high, 1.0)
    return Stat(mean.mean, mean.sd, mean.n, len(found), low=low, high=high)


def stat(values: Iterable[float | None]) -> Stat:
    """Return the statistics of ``values``; None counts as tried and not reached."""
    everything = list(values)
    known = np.array([value for value in everything if value is not None], dtype=np.float64)
    mean = float(known.mean()) if known.size else math.nan
    sd = float(known.std(ddof=1)) if known.size > 1 else math.nan
    return Stat(mean, sd, known.size, len(everything))


def recovered_share(accuracy: Floats, ideal: float) -> Floats:
    """Return (accuracy - deployed) / (ideal - deployed), deployed being the first accuracy.

    NaN where nothing was lost: a chip that was deployed at its ideal accuracy or above has nothing to recover.
    """
    lost = ideal - accuracy[0]
    return (accuracy - accuracy[0]) / lost if lost > 0 else np.full(accuracy.shape, math.nan)


def running_mean(values: Floats, width: int = 3) -> Floats:
    """Return the mean of each of ``values`` (n,) and its neighbours, ``width`` (odd) of them, fewer near the ends.

    The window is always as wide to both sides: the first and the last value stay as they are.
    """
    n, half = len(values), width // 2
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(n)
    reach = np.minimum(np.minimum(places, n - 1 - places), half)
    return np.asarray((sums[places + reach + 1] - sums[places - reach]) / (2 * reach + 1))


def first_crossing(
    at: Sequence[float] | Floats | NDArray[np.int64], values: Floats, level: float
) -> float | None:
    """Return where ``values`` first is at or above ``level``; None if it never was (NaN never is)."""
    hits = np.flatnonzero(values >= level)
    return float(at[int(hits[0])]) if hits.size else None


def mean_curve(
    curves: Sequence[tuple[Floats, Floats]], points: int = 400, log: bool = False
) -> tuple[Floats, Floats, Floats]:
    """Return x, mean and sample standard deviation (0 for one curve) of curves (x, y), up to the shortest end.

    x is equally spaced from 0 on; with ``log`` in its logarithm, from where every curve has an x above 0.
    """
    end = min(float(x[-1]) for x, _ in curves)
    grid = np.linspace(0.0, end, points)
    if log:
        grid = np.geomspace(min(end, max(float(x[x > 0.0][0]) for x, _ in curves)), end, points)
    stacked = np.stack([np.interp(grid, x, y) for x, y in curves])
    spread = stacked.std(axis=0, ddof=1) if len(curves) > 1 else np.zeros(points)
    return grid, stacked.mean(axis=0), spread


def mean_band(values: Floats, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Return mean, low and high end of ``values`` (samples >= 2, points), point by point, by Student's t."""
    from scipy.special import stdtrit

    n = len(values)
    mean, sd = values.mean(axis=0), values.std(axis=0, ddof=1)
    half = float(stdtrit(n - 1, 0.5 + level / 2)) * sd / math.sqrt(n)
    return mean, mean - half, mean + half


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
