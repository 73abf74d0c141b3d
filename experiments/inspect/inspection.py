"""What a trace says about its run, in numbers: accuracy, where time and energy went, budgets, provenance.

Everything is recomputed from the trace alone; ``experiments.inspect.view`` shows it to people.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emulator.budgets import counted
from emulator.config.toml import Tree, parse_toml
from emulator.errors import ConfigError, LightloopError
from emulator.trace.analysis.frames import frames_known
from emulator.trace.analysis.ledger import IDLE, energy_by_component, lasting_by_span_ps, latency_by_span
from emulator.trace.analysis.sums import sum_once
from emulator.trace.open import open_so_far
from emulator.trace.reading.reader import MetricSeries, Trace
from emulator.trace.schema import Power
from emulator.units import PS_PER_S, s_to_ps
from experiments.output.json import to_json
from experiments.output.measures import rises
from experiments.output.statistics import Interval, accuracy_interval
from experiments.run.study import study_from_text

__all__ = [
    "AccuracySummary",
    "Budget",
    "Checks",
    "Inspection",
    "MetricSummary",
    "accuracy_samples",
    "inspect_open",
    "inspect_trace",
    "peak_power_w",
    "study_title",
]

_ENERGY = "energy_j"
_BUSY = "busy_s"

Totals = Mapping[str, Mapping[str, float]]
_OVERLAP = "overlap"


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """Sum up one logged number; ``best`` is the greatest value where more is better, the least of anything else."""

    first: float
    best: float
    last: float

    @classmethod
    def of(cls, name: str, values: NDArray[np.float64]) -> "MetricSummary":
        """Return the summary of the non-empty ``values`` of the metric ``name``; NaN is never the best."""
        known = values[~np.isnan(values)]
        best = math.nan if known.size == 0 else known.max() if rises(name) else known.min()
        return cls(float(values[0]), float(best), float(values[-1]))


@dataclass(frozen=True, slots=True)
class AccuracySummary(MetricSummary):
    """Sum up an accuracy that was measured on ``samples``, with the ends of its 95 % Wilson intervals.

    All are None in a trace that does not say how many samples there were.
    """

    samples: int | None
    first_low: float | None
    first_high: float | None
    best_low: float | None
    best_high: float | None
    last_low: float | None
    last_high: float | None

    @classmethod
    def of_samples(cls, found: MetricSummary, samples: int | None) -> "AccuracySummary":
        """Return ``found`` with the intervals that ``samples`` leave."""
        ends = [
            accuracy_interval(value, samples) or (None, None)
            for value in (found.first, found.best, found.last)
        ]
        (first, best, last) = ends
        return cls(found.first, found.best, found.last, samples, *first, *best, *last)

    def interval(self, which: str) -> Interval | None:
        """Return the interval of "first", "best" or "last"."""
        value = {"first": self.first, "best": self.best, "last": self.last}[which]
        return accuracy_interval(value, self.samples)


@dataclass(frozen=True, slots=True)
class Budget:
    """Compare what a run spent with its limit; None is no limit, or an amount the trace does not hold."""

    name: str
    unit: str
    limit: float | None
    spent: float | None


@dataclass(frozen=True, slots=True)
class Checks:
    """Audit a trace against itself; None where its detail leaves nothing to compare.

    Attributes
    ----------
    energy_relative_difference : float or None
        Largest relative difference, over components, of the energy integrated from ``/power`` and the meter's.
    ledger_minus_elapsed_ps : int
        Sum of the latency ledger minus the elapsed emulated time, in picoseconds.
    ledger_minus_bench_ps : int or None
        Largest difference, over names of spans, of how long the spans behind the ledger last together and the time
        the bench says it has counted, in picoseconds; both count spans that overlap. Where single frames are not
        known, stages stand for them, and it is not 0.
    frames_known : bool or None
        Whether the instants of single frames are known; if not, a stage of a projection counts from its first frame
        to its last. None where nothing was projected.
    """

    energy_relative_difference: float | None
    ledger_minus_elapsed_ps: int
    ledger_minus_bench_ps: int | None
    frames_known: bool | None = None


@dataclass(frozen=True)
class Inspection:
    """Hold what ``lightloop inspect`` tells; times in seconds, energies in joules.

    ``latency_by_span_s`` includes ``"idle"``, and so adds up to ``elapsed_s``. At detail "summary" it is what
    the bench counted; should spans have overlapped, ``"overlap"`` with a negative time stands for ``"idle"``.
    ``cautions`` say what to keep in mind of the readings, by the configuration that the trace keeps.
    """

    path: str
    title: str
    status: str
    reason: str
    schema_version: int
    digest: str
    config_digest: str
    created: str
    seed: int
    detail: str
    versions: dict[str, str]
    elapsed_s: float
    queries: int
    energy_j: float
    energy_by_component_j: dict[str, float]
    latency_by_span_s: dict[str, float]
    peak_power_w: float | None
    budgets: tuple[Budget, ...]
    checks: Checks
    metrics: dict[str, MetricSummary]
    cautions: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Return the inspection as one JSON object; a value that is not finite becomes null."""
        return to_json(self)


def inspect_trace(path: Path) -> Inspection:
    """Return the inspection of the trace at ``path``, recovering it first if only a journal is left of it.

    Of a run that goes on it is that of what has been recorded, with status "running". Raises ``TraceError`` when
    there is no trace, or the file is damaged.
    """
    with open_so_far(path) as trace:
        return inspect_open(trace)


def inspect_open(trace: Trace) -> Inspection:
    """Return the inspection of an open ``trace``, every byte of which it verifies; raises ``TraceError``."""
    digest = trace.digest
    series = trace.metrics()
    totals = trace.totals()
    energy_j, metered_j = _energy(trace, totals)
    latency_s = _latency(trace, totals)
    peak_w = None if trace.detail == "summary" else peak_power_w(trace.power, trace.elapsed_ps)
    total_j = sum_once(energy_j.values()) if energy_j else _last(series, "energy_j")
    return Inspection(
        path=str(trace.path),
        title=study_title(trace),
        status=trace.status,
        reason=trace.reason,
        schema_version=trace.schema_version,
        digest=digest,
        config_digest=trace.config_digest,
        created=trace.created,
        seed=trace.seed,
        detail=trace.detail,
        versions=dict(trace.versions),
        elapsed_s=trace.elapsed_s,
        queries=trace.queries,
        energy_j=total_j,
        energy_by_component_j=dict(energy_j),
        latency_by_span_s=latency_s,
        peak_power_w=peak_w,
        budgets=_budgets(_config(trace), total_j, peak_w, trace, energy_j),
        checks=_checks(trace, totals, energy_j, metered_j, latency_s),
        metrics={
            **{name: _summary(name, s, series) for name, s in series.items() if len(s.value)},
            **{name: MetricSummary.of(name, np.array([value])) for name, value in _named(totals).items()},
        },
        cautions=_cautions(trace),
    )


def accuracy_samples(name: str, series: Mapping[str, MetricSeries]) -> int | None:
    """Return how many samples the accuracy ``name`` was measured on; None where a trace does not say so."""
    part = next((part for part in ("test", "val") if name.endswith(f"{part}_accuracy")), "")
    counted = series.get(f"{part}_samples")
    return None if counted is None or not len(counted.value) else int(counted.value[-1])


def _summary(name: str, found: MetricSeries, series: Mapping[str, MetricSeries]) -> MetricSummary:
    summary = MetricSummary.of(name, found.value)
    if not name.endswith("accuracy"):
        return summary
    return AccuracySummary.of_samples(summary, accuracy_samples(name, series))


@np.errstate(over="ignore", invalid="ignore")
def peak_power_w(power: Power, elapsed_ps: int) -> float:
    """Return the greatest total power between 0 and ``elapsed_ps``, in watts; rows of one instant count as one."""
    order = np.argsort(power.t, kind="stable")
    order = order[power.t[order] <= elapsed_ps]
    component, watts = power.component[order], power.watts[order]
    change = np.zeros(len(order))
    for number in np.unique(component):
        mine = np.flatnonzero(component == number)
        change[mine] = np.diff(watts[mine], prepend=0.0)
    total = np.cumsum(change)
    last_of_instant = (
        np.append(np.diff(power.t[order]) > 0, True) if len(order) else np.zeros(0, dtype=np.bool_)
    )
    return float(total[last_of_instant].max(initial=0.0))


def study_title(trace: Trace) -> str:
    """Return the title of the study that made ``trace``, or the empty text when it says none."""
    return str(_config(trace).get("title", ""))


def _named(totals: Totals) -> dict[str, float]:
    """Return the sums over the run under the names that they have among the metrics: "energy_j.host"."""
    return {f"{total}.{part}": value for total, parts in totals.items() for part, value in parts.items()}


def _energy(trace: Trace, totals: Totals) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return the energy of each component, as the trace gives it and as the meter said at the end."""
    metered_j = totals.get(_ENERGY, {})
    return (metered_j if trace.detail == "summary" else energy_by_component(trace)), metered_j


def _latency(trace: Trace, totals: Totals) -> dict[str, float]:
    if trace.detail != "summary":
        return latency_by_span(trace)
    busy_s = {name: value for name, value in totals.get(_BUSY, {}).items() if value}
    rest_ps = trace.elapsed_ps - sum(map(s_to_ps, busy_s.values()))
    return {**busy_s, IDLE if rest_ps >= 0 else _OVERLAP: rest_ps / PS_PER_S}


def _checks(
    trace: Trace,
    totals: Totals,
    energy_j: Mapping[str, float],
    metered_j: Mapping[str, float],
    latency_s: Mapping[str, float],
) -> Checks:
    difference = mismatch_ps = None
    busy_s = totals.get(_BUSY, {})
    if trace.detail != "summary" and metered_j:
        names = {*energy_j, *metered_j}
        difference = max(_relative(energy_j.get(name, 0.0), metered_j.get(name, 0.0)) for name in names)
    if trace.detail != "summary" and busy_s:
        lasting_ps = lasting_by_span_ps(trace)
        names = {*lasting_ps, *busy_s}
        mismatch_ps = max((abs(lasting_ps.get(name, 0) - _ps(busy_s, name)) for name in names), default=0)
    ledger_ps = sum(round(seconds * PS_PER_S) for seconds in latency_s.values())
    return Checks(difference, ledger_ps - trace.elapsed_ps, mismatch_ps, frames_known(trace))


def _budgets(
    tree: Tree, total_j: float, peak_w: float | None, trace: Trace, energy_j: Mapping[str, float]
) -> tuple[Budget, ...]:
    """Return what is spent of each budget, of the components that it counts."""
    section = tree.get("budget")
    limits = section if isinstance(section, dict) else {}
    of = _counted(limits.get("components"), energy_j)
    if of is not None:
        total_j = math.fsum(drawn_j for name, drawn_j in energy_j.items() if name in of)
        peak_w = None if peak_w is None else peak_power_w(_only(trace, of), trace.elapsed_ps)
    spent = (
        ("energy_j", "J", total_j),
        ("peak_power_w", "W", peak_w),
        ("time_s", "s", trace.elapsed_s),
        ("queries", "", float(trace.queries)),
    )
    return tuple(Budget(name, unit, _number(limits.get(name)), amount) for name, unit, amount in spent)


def _counted(components: object, known: Mapping[str, float]) -> frozenset[str] | None:
    """Return which components the budgets of power and energy count, or None for all."""
    if not isinstance(components, list) or not known:
        return None
    try:
        return counted([str(name) for name in components], known)
    except ConfigError:  # a trace of a bench that no study built
        return None


def _only(trace: Trace, of: Collection[str]) -> Power:
    """Return the rows of power of the components ``of``."""
    power, names = trace.power, trace.labels("power.component")
    mine = np.isin(power.component, [number for number, name in enumerate(names) if name in of])
    return Power(power.component[mine], power.t[mine], power.watts[mine])


def _config(trace: Trace) -> Tree:
    """Return the study's tree; a trace of a bench that no study built may hold another text."""
    try:
        return parse_toml(trace.config_text, str(trace.path))
    except ConfigError:
        return {}


def _cautions(trace: Trace) -> tuple[str, ...]:
    """Return the cautions of the study that made ``trace``; none where no study did."""
    try:
        return study_from_text(trace.config_text, str(trace.path)).cautions()
    except LightloopError:
        return ()


def _last(series: Mapping[str, MetricSeries], name: str) -> float:
    return float(series[name].value[-1]) if name in series and len(series[name].value) else math.nan


def _ps(seconds: Mapping[str, float], name: str) -> int:
    return round(seconds.get(name, 0.0) * PS_PER_S)


def _relative(found: float, expected: float) -> float:
    scale = max(abs(found), abs(expected))
    return abs(found - expected) / scale if scale else 0.0


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
