"""Several traces side by side: what each reached, what it took, and where their configurations differ.

Everything is recomputed from the traces alone; ``experiments.compare.view`` shows it to people.
"""

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from emulator.config.difference import Difference, differences, leaves, scalar
from emulator.config.toml import Tree
from emulator.errors import ConfigError
from emulator.trace.analysis.energy_curve import total_energy_j
from emulator.trace.analysis.utilisation import Utilisation, utilisation
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import MetricSeries, Trace
from emulator.units import PS_PER_S
from experiments.compare.groups import Group, group_of
from experiments.inspect.inspection import Inspection, accuracy_samples, inspect_open
from experiments.inspect.seeds import seed_groups, tree_of
from experiments.output.json import to_json
from experiments.output.statistics import accuracy_interval

__all__ = [
    "MEASURED",
    "Accuracy",
    "Comparison",
    "Contender",
    "Ratio",
    "Reached",
    "common_accuracy",
    "compare_contenders",
    "compare_traces",
    "config_differences",
    "contend",
    "reach",
    "trace_names",
]

MEASURED: Final = ("test_accuracy", "val_accuracy")
"""The metrics by which runs are compared, the first that a trace holds."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Hold the accuracies (fractions) of one run; None is one that it did not log.

    ``ideal`` is the electronic model's, ``selected`` that of the state of least validation loss. The ends of their
    95 % Wilson intervals are None, as is the number of ``samples``, where the trace does not tell it.
    """

    metric: str | None = None
    ideal: float | None = None
    first: float | None = None
    last: float | None = None
    best: float | None = None
    selected: float | None = None
    samples: int | None = None
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

    @classmethod
    def on_samples(cls, metric: str, samples: int | None, **found: float | None) -> "Accuracy":
        """Return the accuracies ``found``, by their names, with the intervals that ``samples`` leave."""
        ends: dict[str, float] = {}
        for name, value in found.items():
            interval = accuracy_interval(value, samples)
            if interval is not None:
                ends |= {f"{name}_low": interval.low, f"{name}_high": interval.high}
        return cls(metric=metric, samples=samples, **found, **ends)


@dataclass(frozen=True, slots=True)
class Reached:
    """Say what it took a run to measure an accuracy for the first time; no energy: it was not recorded."""

    queries: int
    elapsed_s: float
    energy_j: float | None


@dataclass(frozen=True)
class Contender:
    """Hold what one trace brings to the comparison; times in seconds, energies in joules.

    ``reached`` is None when the run never measured the accuracy asked for; ``utilisation`` is the share of the
    elapsed time in which a resource was busy, and empty at detail "summary".
    """

    name: str
    path: str
    title: str
    status: str
    reason: str
    seed: int
    digest: str
    queries: int
    elapsed_s: float
    energy_j: float | None
    energy_delay_j_s: float | None
    accuracy: Accuracy
    reached: Reached | None
    energy_by_component_j: dict[str, float]
    latency_by_span_s: dict[str, float]
    utilisation: dict[str, float]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Set one trace against the first; None where the first has nothing to divide by."""

    name: str
    queries: float | None
    elapsed_s: float | None
    energy_j: float | None
    energy_delay_j_s: float | None


@dataclass(frozen=True)
class Comparison:
    """Hold what ``lightloop compare`` tells.

    ``common_accuracy`` is the greatest accuracy that every run measured at some time, None when a run
    measured none; ``ratios`` are against the first trace. ``groups`` sum up traces that differ in seeds alone.
    """

    common_accuracy: float | None
    traces: tuple[Contender, ...]
    differences: tuple[Difference, ...]
    ratios: tuple[Ratio, ...]
    groups: tuple[Group, ...]

    @property
    def seeds_are_grouped(self) -> bool:
        """Tell whether a group has several traces."""
        return len(self.groups) < len(self.traces)

    def to_json(self) -> str:
        """Return the comparison as one JSON object; a value that is not finite becomes null."""
        return to_json(self)


def compare_traces(paths: Sequence[Path]) -> Comparison:
    """Compare the traces at ``paths``, two or more.

    Raises ``ConfigError`` when there are fewer, and ``TraceError`` when one is missing, live or damaged.
    """
    if len(paths) < 2:
        raise ConfigError(f"compare: {len(paths)} trace given; needed: two or more")
    with ExitStack() as stack:
        traces = [stack.enter_context(open_trace(path)) for path in paths]
        return compare_contenders([inspect_open(trace) for trace in traces], traces)


def compare_contenders(found: Sequence[Inspection], traces: Sequence[Trace]) -> Comparison:
    """Compare open ``traces`` of which ``found`` are the inspections; one trace is compared with itself."""
    target = common_accuracy(traces)
    names = trace_names([Path(one.path) for one in found])
    contenders = tuple(
        contend(name, one, trace, target) for name, one, trace in zip(names, found, traces, strict=True)
    )
    trees = [tree_of(trace) for trace in traces]
    ratios = tuple(_ratio(one, contenders[0]) for one in contenders)
    alike = seed_groups(traces, names)
    groups = tuple(group_of(one, alike[0], contenders) for one in alike)
    return Comparison(target, contenders, config_differences(trees), ratios, groups)


def trace_names(paths: Sequence[Path]) -> tuple[str, ...]:
    """Return a short name for each of ``paths``: as few of its last parts as tell all of them apart."""
    for parts in (1, 2, 3):
        names = ["/".join(path.with_suffix("").parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return tuple(names)
    return tuple(f"{number}: {path.stem}" for number, path in enumerate(paths, start=1))


def contend(name: str, found: Inspection, trace: Trace, target: float | None) -> Contender:
    """Return what ``trace`` brings to a comparison at the accuracy ``target``."""
    joules = found.energy_j if math.isfinite(found.energy_j) else None
    return Contender(
        name=name,
        path=found.path,
        title=found.title,
        status=found.status,
        reason=found.reason,
        seed=found.seed,
        digest=found.digest,
        queries=found.queries,
        elapsed_s=found.elapsed_s,
        energy_j=joules,
        energy_delay_j_s=None if joules is None else joules * found.elapsed_s,
        accuracy=_accuracy(trace),
        reached=None if target is None else reach(trace, target),
        energy_by_component_j=found.energy_by_component_j,
        latency_by_span_s=found.latency_by_span_s,
        utilisation={one.resource: one.share for one in _utilisations(trace)},
    )


def common_accuracy(traces: Sequence[Trace]) -> float | None:
    """Return the greatest accuracy that each of ``traces`` measured at some time, None when one has none."""
    best = [_accuracy(trace).best for trace in traces]
    return None if None in best or not best else min(value for value in best if value is not None)


def reach(trace: Trace, accuracy: float) -> Reached | None:
    """Return what it took ``trace`` to measure at least ``accuracy``, None when it never did."""
    measured = _measured(trace)
    if measured is None:
        return None
    _, series = measured
    there = np.flatnonzero(series.value >= accuracy)
    if there.size == 0:
        return None
    row = int(there[0])
    t_s = float(series.t_s[row])
    joules = total_energy_j(trace, np.array([round(t_s * PS_PER_S)], dtype=np.int64))
    return Reached(int(series.queries[row]), t_s, None if joules is None else float(joules[0]))


def config_differences(trees: Sequence[Tree]) -> tuple[Difference, ...]:
    """Return the dotted keys that do not have the same value in all of ``trees``, in order of name."""
    return differences([{key: scalar(value) for key, value in leaves(tree).items()} for tree in trees])


def _utilisations(trace: Trace) -> tuple[Utilisation, ...]:
    return () if trace.detail == "summary" else utilisation(trace)


def _accuracy(trace: Trace) -> Accuracy:
    measured = _measured(trace)
    if measured is None:
        return Accuracy()
    name, series = measured
    every = trace.metrics()
    return Accuracy.on_samples(
        name,
        accuracy_samples(name, every),
        ideal=_last(every.get(f"ideal_{name}")),
        first=float(series.value[0]),
        last=float(series.value[-1]),
        best=float(np.nanmax(series.value)),
        selected=_last(every.get(f"selected_{name}")),
    )


def _measured(trace: Trace) -> tuple[str, MetricSeries] | None:
    every = trace.metrics()
    for name in MEASURED:
        if name in every and np.isfinite(every[name].value).any():
            return name, every[name]
    return None


def _last(series: MetricSeries | None) -> float | None:
    return None if series is None or len(series.value) == 0 else float(series.value[-1])


def _ratio(one: Contender, first: Contender) -> Ratio:
    return Ratio(
        one.name,
        _quotient(one.queries, first.queries),
        _quotient(one.elapsed_s, first.elapsed_s),
        _quotient(one.energy_j, first.energy_j),
        _quotient(one.energy_delay_j_s, first.energy_delay_j_s),
    )


def _quotient(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
