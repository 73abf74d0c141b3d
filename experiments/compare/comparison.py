"""Several traces side by side: what each reached, what it took, and where their configurations differ.

Everything is recomputed from the traces alone; ``experiments.compare.view`` shows it to people.
"""

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from emulator.config.difference import Difference, differences, leaves, scalar
from emulator.config.toml import Tree
from emulator.errors import ConfigError
from emulator.trace.analysis.utilisation import Utilisation, utilisation
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from experiments.compare.groups import Group, group_of
from experiments.compare.quality import Quality, Reached, common_quality, quality_of, reach
from experiments.inspect.inspection import Inspection, inspect_open
from experiments.inspect.seeds import seed_groups, tree_of
from experiments.output.json import to_json
from experiments.output.measures import Measure

__all__ = [
    "Comparison",
    "Contender",
    "Ratio",
    "compare_contenders",
    "compare_traces",
    "config_differences",
    "contend",
    "trace_names",
]


@dataclass(frozen=True)
class Contender:
    """Hold what one trace brings to the comparison; times in seconds, energies in joules.

    ``accuracy`` is empty where the run was judged by another metric, which is its ``quality`` then. ``reached`` is
    None when it never measured the quality asked for; ``utilisation`` is the share of the elapsed time in which a
    resource was busy, and empty at detail "summary".
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
    accuracy: Quality
    quality: Quality | None
    reached: Reached | None
    energy_by_component_j: dict[str, float]
    latency_by_span_s: dict[str, float]
    utilisation: dict[str, float]

    @property
    def judged(self) -> Quality:
        """Return what it was judged by, accuracy or not."""
        return self.quality or self.accuracy


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

    ``common_accuracy`` is the greatest accuracy that every run measured at some time, None when a run measured
    none; ``common_quality`` is the same of runs that are judged by another metric. ``ratios`` are against the first
    trace. ``groups`` sum up traces that differ in seeds alone.
    """

    common_accuracy: float | None
    common_quality: float | None
    traces: tuple[Contender, ...]
    differences: tuple[Difference, ...]
    ratios: tuple[Ratio, ...]
    groups: tuple[Group, ...]

    @property
    def common(self) -> str:
        """Return with its unit what every run measured at some time; nothing where one did not."""
        values = [one for one in (self.common_accuracy, self.common_quality) if one is not None]
        return self.traces[0].judged.measure.text(values[0]) if values else ""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Return what the runs are judged by, each once."""
        return tuple(dict.fromkeys(one.judged.measure for one in self.traces if one.judged.metric))

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
    qualities = [quality_of(trace) for trace in traces]
    target = common_quality(qualities)
    names = trace_names([Path(one.path) for one in found])
    contenders = tuple(
        contend(name, one, trace, quality, target)
        for name, one, trace, quality in zip(names, found, traces, qualities, strict=True)
    )
    trees = [tree_of(trace) for trace in traces]
    ratios = tuple(_ratio(one, contenders[0]) for one in contenders)
    alike = seed_groups(traces, names)
    groups = tuple(group_of(one, alike[0], contenders) for one in alike)
    by_share = all(one.measure.is_share for one in qualities)
    return Comparison(
        common_accuracy=target if by_share else None,
        common_quality=None if by_share else target,
        traces=contenders,
        differences=config_differences(trees),
        ratios=ratios,
        groups=groups,
    )


def trace_names(paths: Sequence[Path]) -> tuple[str, ...]:
    """Return a short name for each of ``paths``: as few of its last parts as tell all of them apart."""
    for parts in (1, 2, 3):
        names = ["/".join(path.with_suffix("").parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return tuple(names)
    return tuple(f"{number}: {path.stem}" for number, path in enumerate(paths, start=1))


def contend(name: str, found: Inspection, trace: Trace, quality: Quality, target: float | None) -> Contender:
    """Return what ``trace``, judged by ``quality``, brings to a comparison at ``target``."""
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
        accuracy=quality if quality.measure.is_share else Quality(),
        quality=None if quality.measure.is_share else quality,
        reached=None if target is None else reach(trace, target),
        energy_by_component_j=found.energy_by_component_j,
        latency_by_span_s=found.latency_by_span_s,
        utilisation={one.resource: one.share for one in _utilisations(trace)},
    )


def config_differences(trees: Sequence[Tree]) -> tuple[Difference, ...]:
    """Return the dotted keys that do not have the same value in all of ``trees``, in order of name."""
    return differences([{key: scalar(value) for key, value in leaves(tree).items()} for tree in trees])


def _utilisations(trace: Trace) -> tuple[Utilisation, ...]:
    return () if trace.detail == "summary" else utilisation(trace)


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
