"""What a run is judged by: its accuracy or its task's other metric, on test data or else on validation data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from emulator.trace.analysis.energy_curve import total_energy_j
from emulator.trace.reading.reader import MetricSeries, Trace
from emulator.units import PS_PER_S
from experiments.inspect.inspection import MetricSummary, accuracy_samples
from experiments.output.measures import MEASURES, Measure
from experiments.output.statistics import CONFIDENCE, Interval, accuracy_interval

__all__ = ["MEASURED", "Quality", "Reached", "bases", "common_quality", "judged_in", "quality_of", "reach"]

MEASURED: Final = {f"{part}_{each.name}": each for part in ("test", "val") for each in MEASURES}
"""The metrics by which runs are compared, the first that a trace holds, and how people read each."""

_ERRORS: Final = {"test_bits_per_character": "text_error", "test_rmse_k": "map_error_k"}
"""The standard error that a trace has of the last value of a metric that is no share of samples."""


_Z: Final = NormalDist().inv_cdf((1.0 + CONFIDENCE) / 2.0)


@dataclass(frozen=True, slots=True)
class Quality:
    """Hold what one run was judged by: accuracies are fractions; None is a value that it did not log.

    ``ideal`` is the electronic model's, ``selected`` that of the state of least validation loss. The ends of 95 %
    intervals are Wilson's of an accuracy, from its ``samples``; of another metric ``last`` alone has one, from its
    standard ``error``. What the trace does not tell is None.
    """

    metric: str | None = None
    ideal: float | None = None
    first: float | None = None
    last: float | None = None
    best: float | None = None
    selected: float | None = None
    samples: int | None = None
    error: float | None = None
    ideal_low: float | None = None
    ideal_high: float | None = None
    first_low: float | None = None
    first_high: float | None = None
    last_low: float | None = None
    last_high: float | None = None
    best_low: float | None = None
    best_high: float | None = None
    selected_low: float | None = None
    selected_high: float | None = None

    @property
    def measure(self) -> Measure:
        """Return how people read it; accuracy where the run was judged by nothing."""
        return MEASURED.get(self.metric or "", MEASURES[0])

    def interval(self, name: str) -> Interval | None:
        """Return the interval of the value ``name``, None where that has none."""
        if self.measure.is_share:
            return accuracy_interval(getattr(self, name), self.samples)
        if name != "last" or self.last is None or self.error is None:
            return None
        half = _Z * self.error
        return Interval(max(self.measure.least, self.last - half), min(self.measure.most, self.last + half))

    @property
    def basis(self) -> str:
        """Return what its intervals come from, or why there is none."""
        if self.measure.is_share and self.samples is not None:
            return f"95 % Wilson interval, from {self.samples:,} samples; seeds and noise come on top"
        if self.measure.is_share:
            return "no interval: the trace does not say how many samples were measured"
        if self.error is not None:
            return "95 % interval of the last value, from the standard error that the trace has of it"
        return f"no interval: the trace has no standard error of the {self.measure.short}"

    @classmethod
    def on_samples(
        cls, metric: str, samples: int | None, error: float | None = None, **found: float | None
    ) -> "Quality":
        """Return the values ``found``, by their names, with the intervals that ``samples`` or ``error`` leave."""
        bare = cls(metric=metric, samples=samples, error=error, **found)
        ends: dict[str, float] = {}
        for name in found:
            interval = bare.interval(name)
            if interval is not None:
                ends |= {f"{name}_low": interval.low, f"{name}_high": interval.high}
        return cls(metric=metric, samples=samples, error=error, **found, **ends)


@dataclass(frozen=True, slots=True)
class Reached:
    """Say what it took a run to measure a quality for the first time; no energy: it was not recorded."""

    queries: int
    elapsed_s: float
    energy_j: float | None


def quality_of(trace: Trace) -> Quality:
    """Return what ``trace`` was judged by; all of it is None where it logged nothing of ``MEASURED``."""
    measured = judged_in(trace)
    if measured is None:
        return Quality()
    name, series = measured
    every = trace.metrics()
    return Quality.on_samples(
        name,
        accuracy_samples(name, every),
        _last(every.get(_ERRORS.get(name, ""))),
        ideal=_last(every.get(f"ideal_{name}")),
        first=float(series.value[0]),
        last=float(series.value[-1]),
        best=MetricSummary.of(name, series.value).best,
        selected=_last(every.get(f"selected_{name}")),
    )


def bases(judged: Iterable[Quality], measure: Measure) -> tuple[str, ...]:
    """Return what the intervals of those that are ``judged`` by ``measure`` come from, each once."""
    return tuple(dict.fromkeys(one.basis for one in judged if one.metric and one.measure == measure))


def judged_in(trace: Trace) -> tuple[str, MetricSeries] | None:
    """Return the name and the values of the first of ``MEASURED`` that ``trace`` holds, None where it has none."""
    every = trace.metrics()
    for name in MEASURED:
        if name in every and np.isfinite(every[name].value).any():
            return name, every[name]
    return None


def common_quality(found: Sequence[Quality]) -> float | None:
    """Return the best value that every run measured at some time.

    None when a run measured none, or another metric than the others.
    """
    known = [one.best for one in found if one.best is not None]
    measures = {one.measure for one in found}
    if len(known) < len(found) or len(measures) != 1:
        return None
    return min(known) if measures.pop().rises else max(known)


def reach(trace: Trace, quality: float) -> Reached | None:
    """Return what it took ``trace`` to measure ``quality`` or better, None when it never did."""
    measured = judged_in(trace)
    if measured is None:
        return None
    name, series = measured
    good = series.value >= quality if MEASURED[name].rises else series.value <= quality
    there = np.flatnonzero(good)
    if there.size == 0:
        return None
    row = int(there[0])
    t_s = float(series.t_s[row])
    joules = total_energy_j(trace, np.array([round(t_s * PS_PER_S)], dtype=np.int64))
    return Reached(int(series.queries[row]), t_s, None if joules is None else float(joules[0]))


def _last(series: MetricSeries | None) -> float | None:
    return None if series is None or len(series.value) == 0 else float(series.value[-1])
