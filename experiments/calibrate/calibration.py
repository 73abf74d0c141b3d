"""``lightloop calibrate``: fit the timing of a configuration to latencies that were measured on the real thing.

Service times are linear in the times of the configuration (``experiments.calibrate.model``), so the fit is a
non-negative least-squares problem. Numbers that no measured command tells apart are named, not guessed: they keep
their proportions, and only their combination is fitted. Errors are judged on latencies that the fit has not seen.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError, nearest
from emulator.streams import stream
from emulator.trace.open import open_trace
from experiments.calibrate.fit import Problem, confounded, fit
from experiments.calibrate.measured import Measured, read_measured
from experiments.calibrate.model import LatencyModel, latency_model

__all__ = ["Accuracy", "Calibration", "Confounded", "Estimate", "Fitted", "KindMeans", "calibrate"]

Floats = NDArray[np.float64]

_RESAMPLES: Final = 200
_INTERVAL: Final = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and its 95 % interval, by resampling the latencies (percentile bootstrap)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How far predicted latencies are from measured ones, as fractions of the measured ones.

    ``mape`` is the mean of the absolute error, ``bias`` the mean of the signed one (positive: predicted too slow);
    the others are percentiles of the absolute error.
    """

    mape: Estimate
    bias: Estimate
    p50: Estimate
    p90: Estimate
    p99: Estimate


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted number of the configuration: recorded, fitted to all latencies, and the interval of that.

    ``alone`` is False where only a combination with others is measured; see ``Calibration.confounded``. An infinite
    rate means that the transfer took no time that could be told from none; it is None in ``value``.
    """

    path: str
    recorded: float
    value: float | None
    low: float
    high: float | None
    alone: bool


@dataclass(frozen=True, slots=True)
class Confounded:
    """Numbers that only appear together: ``combinations`` of them are measured, which is fewer than they are."""

    paths: tuple[str, ...]
    combinations: int


@dataclass(frozen=True, slots=True)
class KindMeans:
    """Mean latencies of one kind of command among the held-out ones, in seconds."""

    kind: str
    count: int
    measured_s: float
    before_s: float
    after_s: float


@dataclass(frozen=True)
class Calibration:
    """What ``lightloop calibrate`` tells.

    ``before`` and ``after`` judge the ``held_out`` latencies: with the recorded configuration, and with one fitted
    to the others alone. ``left_out`` latencies belong to commands that no number of the configuration explains.
    """

    trace: str
    measured: str
    latencies: int
    left_out: int
    held_out: int
    held: tuple[str, ...]
    parameters: tuple[Fitted, ...]
    confounded: tuple[Confounded, ...]
    before: Accuracy
    after: Accuracy
    kinds: tuple[KindMeans, ...]

    def to_json(self) -> str:
        """Return the calibration as one JSON object."""
        return json.dumps(asdict(self), indent=2, allow_nan=False)


def calibrate(trace: Path, measured: Path, hold: Sequence[str] = (), seed: int = 0) -> Calibration:
    """Fit the configuration of ``trace`` to the latencies in the CSV file ``measured``.

    Numbers whose dotted paths are in ``hold`` keep their recorded value: name those that are known, where several
    only appear together. ``seed`` draws which half of the latencies is held out, and the resamples. Raises
    ``TraceError`` and ``ConfigError`` when one of the files is not what it should be, or too little is measured.
    """
    with open_trace(trace) as opened:
        model = latency_model(opened)
    found = read_measured(measured, model)
    _check_hold(hold, model)
    free = np.array([p.path not in hold for p in model.parameters], dtype=np.bool_)
    known = np.asarray((model.design[:, free] > 0).any(axis=1))[found.type_of]
    if not known.any():
        raise ConfigError(f"{measured}: no number that may be fitted explains any of these latencies")
    kept = Measured(found.type_of[known], found.latency_s[known])
    train, test = _halves(kept, seed)
    if len(test.latency_s) == 0:
        raise ConfigError(
            f"{measured}: {len(kept.latency_s)} latencies are too few; give each command twice or more"
        )
    problem = Problem.of(model, free)
    after_s, before_s = problem.predict(fit(problem, train), test), problem.predict(problem.start_s, test)
    return Calibration(
        trace=str(trace),
        measured=str(measured),
        latencies=len(kept.latency_s),
        left_out=int(len(known) - known.sum()),
        held_out=len(test.latency_s),
        held=tuple(hold),
        parameters=_fitted(problem, kept, seed),
        confounded=_confounded(problem, kept),
        before=_accuracy(before_s, test.latency_s, seed),
        after=_accuracy(after_s, test.latency_s, seed),
        kinds=_kind_means(model, test, before_s, after_s),
    )


def _check_hold(hold: Sequence[str], model: LatencyModel) -> None:
    paths = [parameter.path for parameter in model.parameters]
    for path in hold:
        if path not in paths:
            raise ConfigError(
                f"calibrate: {path!r} cannot be held; the trace's latencies depend on {', '.join(paths)}; "
                f"{nearest(path, paths)}".rstrip("; ")
            )


def _halves(measured: Measured, seed: int) -> tuple[Measured, Measured]:
    """Share the latencies of each type out among two halves, the first of which gets what is left over."""
    order = stream(seed, "calibrate/halves").permutation(len(measured.latency_s))
    order = order[np.argsort(measured.type_of[order], kind="stable")]
    types = measured.type_of[order]
    rank = np.arange(len(order)) - np.searchsorted(types, types)
    halves = (order[rank % 2 == 0], order[rank % 2 == 1])
    train, test = (Measured(measured.type_of[half], measured.latency_s[half]) for half in halves)
    return train, test


def _fitted(problem: Problem, measured: Measured, seed: int) -> tuple[Fitted, ...]:
    best_s = fit(problem, measured)
    rng = stream(seed, "calibrate/parameters")
    count = len(measured.latency_s)
    drawn_s = np.empty((_RESAMPLES, len(best_s)))
    for number in range(_RESAMPLES):
        rows = rng.integers(0, count, count)
        drawn_s[number] = fit(problem, Measured(measured.type_of[rows], measured.latency_s[rows]))
    low_s, high_s = np.quantile(drawn_s, _INTERVAL, axis=0)
    together = {path for group in _confounded(problem, measured) for path in group.paths}
    seen = problem.seen(measured)
    found = []
    for at, parameter in enumerate(problem.parameters):
        if not seen[at]:
            continue
        ends = sorted((parameter.at(float(low_s[at])), parameter.at(float(high_s[at]))))
        alone = parameter.path not in together
        value = _finite(parameter.at(float(best_s[at])))
        found.append(Fitted(parameter.path, parameter.value, value, ends[0], _finite(ends[1]), alone))
    return tuple(found)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _confounded(problem: Problem, measured: Measured) -> tuple[Confounded, ...]:
    return tuple(
        Confounded(tuple(problem.parameters[at].path for at in group), combinations)
        for group, combinations in confounded(problem, measured)
    )


def _accuracy(predicted_s: Floats, measured_s: Floats, seed: int) -> Accuracy:
    error = (predicted_s - measured_s) / measured_s
    rng = stream(seed, "calibrate/accuracy")
    drawn = np.array([_judge(error[rng.integers(0, len(error), len(error))]) for _ in range(_RESAMPLES)])
    low, high = np.quantile(drawn, _INTERVAL, axis=0)
    columns = zip(_judge(error), low.tolist(), high.tolist(), strict=True)
    return Accuracy(*(Estimate(*column) for column in columns))


def _judge(error: Floats) -> tuple[float, ...]:
    """Return mape, bias, p50, p90 and p99 of relative errors."""
    size = np.abs(error)
    return float(size.mean()), float(error.mean()), *np.quantile(size, (0.5, 0.9, 0.99)).tolist()


def _kind_means(
    model: LatencyModel, test: Measured, before_s: Floats, after_s: Floats
) -> tuple[KindMeans, ...]:
    kinds = np.array(model.kinds)[test.type_of]
    means = []
    for kind in sorted(set(kinds.tolist())):
        mine = kinds == kind
        values = (float(seconds[mine].mean()) for seconds in (test.latency_s, before_s, after_s))
        means.append(KindMeans(kind, int(mine.sum()), *values))
    return tuple(means)
