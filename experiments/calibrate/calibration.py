"""``lightloop calibrate``: fit the timing of a configuration to latencies that were measured on the real thing.

Service times are linear in the times of the configuration (``experiments.calibrate.model``), so the fit is a
non-negative least-squares problem. Numbers that no measured command tells apart are named, not guessed: they keep
their proportions, and only their combination is fitted. Errors are judged on latencies that the fit has not seen.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
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
from experiments.calibrate.verdict import MAX_ERROR, refuse_max_error, stalled, too_wide, why_no_fit

__all__ = ["Accuracy", "Calibration", "Confounded", "Estimate", "Fitted", "KindMeans", "calibrate"]

Floats = NDArray[np.float64]

_RESAMPLES: Final = 200
_INTERVAL: Final = (0.025, 0.975)
_ALIKE: Final = 1.02
"""By how much the misfits of two fits that are as good as each other may differ."""

_EXACT: Final = 1e-6
"""Misfit that is none."""


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
    to the others alone. ``left_out`` latencies belong to commands that no number of the configuration explains, and
    ``stalls`` were too long to be service times (``verdict.stalled``). The latencies do not determine the numbers
    ``undetermined``, which keep their recorded values. ``no_fit`` says why this is none; "" where it is one.
    """

    trace: str
    trace_digest: str
    measured: str
    measured_digest: str
    latencies: int
    left_out: int
    stalls: int
    held_out: int
    held: tuple[str, ...]
    parameters: tuple[Fitted, ...]
    confounded: tuple[Confounded, ...]
    undetermined: tuple[str, ...]
    no_fit: str
    before: Accuracy
    after: Accuracy
    kinds: tuple[KindMeans, ...]

    def to_json(self) -> str:
        """Return the calibration as one JSON object."""
        return json.dumps(asdict(self), indent=2, allow_nan=False)


def calibrate(
    trace: Path, measured: Path, hold: Sequence[str] = (), seed: int = 0, max_error: float = MAX_ERROR
) -> Calibration:
    """Fit the configuration of ``trace`` to the latencies in the CSV file ``measured``.

    Numbers whose dotted paths are in ``hold`` keep their recorded value: name those that are known, where several
    only appear together. ``seed`` draws which half of the latencies is held out, and the resamples; what predicts
    that half with a mean error above ``max_error`` is no fit. Raises ``TraceError`` and ``ConfigError`` when one of
    the files is not what it should be, or too little is measured.
    """
    refuse_max_error(max_error)
    with open_trace(trace) as opened:
        model, digest = latency_model(opened), opened.digest
    found = read_measured(measured, model)
    _check_hold(hold, model)
    free = np.array([p.path not in hold for p in model.parameters], dtype=np.bool_)
    known = np.asarray((model.design[:, free] > 0).any(axis=1))[found.type_of]
    if not known.any():
        raise ConfigError(f"{measured}: no number that may be fitted explains any of these latencies")
    explained = found.only(known)
    stalls = stalled(explained)
    kept = explained.only(~stalls)
    train, test = _halves(kept, seed)
    if len(test.latency_s) == 0:
        raise ConfigError(
            f"{measured}: {len(kept.latency_s)} latencies are too few; give each command twice or more"
        )
    paths = np.array([p.path for p in model.parameters])
    weak = _undetermined(Problem.of(model, free), kept, seed)
    free &= ~np.isin(paths, weak)
    spared = _spared(model, free, kept)
    problem, open_ended = Problem.of(model, free & ~np.isin(paths, spared)), tuple(sorted((*weak, *spared)))
    after_s, before_s = problem.predict(fit(problem, train), test), problem.predict(problem.start_s, test)
    return Calibration(
        trace=str(trace),
        trace_digest=digest,
        measured=str(measured),
        measured_digest=hashlib.blake2b(measured.read_bytes(), digest_size=16).hexdigest(),
        latencies=len(kept.latency_s),
        left_out=int(len(known) - known.sum()),
        stalls=int(stalls.sum()),
        held_out=len(test.latency_s),
        held=tuple(hold),
        parameters=_fitted(problem, kept, seed),
        confounded=_confounded(problem, kept),
        undetermined=open_ended,
        no_fit=why_no_fit(before_s, after_s, test.latency_s, max_error, seed),
        before=_accuracy(before_s, test.latency_s, seed),
        after=_accuracy(after_s, test.latency_s, seed),
        kinds=_kind_means(model, test, before_s, after_s),
    )


def _undetermined(problem: Problem, measured: Measured, seed: int) -> tuple[str, ...]:
    """Return the numbers of ``problem`` that no latency depends on, or too weakly to tell."""
    together = {path for group in _confounded(problem, measured) for path in group.paths}
    best_s, low_s, high_s = _intervals(problem, measured, seed)
    lost = ~problem.seen(measured) | too_wide(best_s, low_s, high_s, problem.start_s)
    paths = [parameter.path for parameter in problem.parameters]
    return tuple(
        path for path, gone in zip(paths, lost.tolist(), strict=True) if gone and path not in together
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
    train, test = (measured.only(half) for half in halves)
    return train, test


def _spared(model: LatencyModel, free: NDArray[np.bool_], measured: Measured) -> tuple[str, ...]:
    """Return the numbers that may stay as recorded where several only appear together.

    They may where the others of their group explain the latencies as well as all do, and no other choice of as few
    does: one new number is a better account of 300 latencies than five that moved in step.
    """
    whole = Problem.of(model, free)
    enough = _ALIKE * _misfit(whole, measured) + _EXACT
    paths = [parameter.path for parameter in model.parameters]
    spared: list[str] = []
    for group in _confounded(whole, measured):
        for size in range(1, group.combinations + 1):
            fits = []
            for chosen in combinations(group.paths, size):
                rest = [path for path in group.paths if path not in chosen]
                few = Problem.of(model, free & ~np.isin(paths, rest))
                fits += [rest] if _misfit(few, measured) <= enough else []
            if fits:
                spared += fits[0] if len(fits) == 1 else []
                break
    return tuple(spared)


def _misfit(problem: Problem, measured: Measured) -> float:
    """Return the mean absolute relative error of a fit to ``measured``, of the same."""
    predicted_s = problem.predict(fit(problem, measured), measured)
    return float(np.mean(np.abs(predicted_s - measured.latency_s) / measured.latency_s))


def _intervals(problem: Problem, measured: Measured, seed: int) -> tuple[Floats, Floats, Floats]:
    """Return the times that fit best, and the ends of their 95 % intervals, (parameters,) each."""
    best_s = fit(problem, measured)
    rng = stream(seed, "calibrate/parameters")
    count = len(measured.latency_s)
    drawn_s = np.empty((_RESAMPLES, len(best_s)))
    for number in range(_RESAMPLES):
        drawn_s[number] = fit(problem, measured.only(rng.integers(0, count, count)))
    low_s, high_s = np.quantile(drawn_s, _INTERVAL, axis=0)
    return best_s, low_s, high_s


def _fitted(problem: Problem, measured: Measured, seed: int) -> tuple[Fitted, ...]:
    best_s, low_s, high_s = _intervals(problem, measured, seed)
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
