"""Which latencies are no service times, which numbers the rest does not determine, and whether a fit is one."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError
from emulator.streams import stream
from experiments.calibrate.measured import Measured

__all__ = ["MAX_ERROR", "refuse_max_error", "stalled", "too_wide", "why_no_fit"]

Floats = NDArray[np.float64]

MAX_ERROR: Final = 0.5
"""Mean absolute relative error of unseen latencies above which nothing is called a fit, unless asked otherwise."""

_FEWEST: Final = 5
"""Latencies of a type of command below which none of them is told from the others."""

_DEVIATIONS: Final = 10.0
_TIMES: Final = 2.0
_MOST: Final = 0.05
_TO_DEVIATION: Final = 1.4826
"""From the median absolute deviation to the standard deviation, of a normal distribution."""

_RESAMPLES: Final = 200
_LOW: Final = 0.025


def refuse_max_error(max_error: float) -> None:
    """Raise ``ConfigError`` unless ``max_error`` is a number above 0."""
    if not 0 < max_error < math.inf:
        raise ConfigError(f"calibrate: max_error={max_error!r} is refused; allowed: a number above 0")


def stalled(measured: Measured) -> NDArray[np.bool_]:
    """Tell which latencies (n,) are stalls of whoever measured, and no service times.

    The rule, for each type of command with 5 latencies or more: longer than twice its median, and by 10 robust
    standard deviations (1.4826 times the median absolute deviation). Where more than 5 % of a type are, they are
    part of how it behaves, and none is left out.
    """
    found = np.zeros(len(measured.latency_s), dtype=np.bool_)
    order = np.argsort(measured.type_of, kind="stable")
    types, first = np.unique(measured.type_of[order], return_index=True)
    for rows in np.split(order, first[1:]) if len(types) else ():
        latency_s = measured.latency_s[rows]
        median_s = float(np.median(latency_s))
        deviation_s = _TO_DEVIATION * float(np.median(np.abs(latency_s - median_s)))
        beyond = latency_s > max(_TIMES * median_s, median_s + _DEVIATIONS * deviation_s)
        if len(rows) >= _FEWEST and beyond.mean() <= _MOST:
            found[rows] = beyond
    return found


def too_wide(best_s: Floats, low_s: Floats, high_s: Floats, recorded_s: Floats) -> NDArray[np.bool_]:
    """Tell which numbers (parameters,) latencies do not determine: their 95 % interval is wider than they are."""
    return np.asarray(high_s - low_s > np.maximum(best_s, recorded_s))


def why_no_fit(before_s: Floats, after_s: Floats, measured_s: Floats, most: float, seed: int) -> str:
    """Return why predictions ``after_s`` (n,) are no fit, given those ``before_s`` (n,), or nothing.

    None of ``measured_s`` was fitted. They have to be predicted with a mean absolute relative error of ``most`` at
    the most, and not worse than before, beyond what their scatter explains (paired bootstrap, 95 %).
    """
    before, after = (np.abs(seconds - measured_s) / measured_s for seconds in (before_s, after_s))
    if after.mean() > most:
        return (
            f"latencies that were not fitted are predicted with a mean error of {100 * after.mean():.3g} %; up to "
            f"{100 * most:.3g} % is called a fit"
        )
    rng, worse = stream(seed, "calibrate/verdict"), after - before
    drawn = [worse[rng.integers(0, len(worse), len(worse))].mean() for _ in range(_RESAMPLES)]
    if np.quantile(drawn, _LOW) > 0.0:
        return (
            f"latencies that were not fitted are predicted worse than by the recorded configuration: "
            f"{100 * after.mean():.3g} % mean error, and {100 * before.mean():.3g} % before"
        )
    return ""
