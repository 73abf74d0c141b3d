"""How busy each resource was, and the critical path: two tables a report shows of a trace with commands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emulator.trace.analysis.critical_path import critical_path
from emulator.trace.analysis.path_shares import path_shares_ps
from emulator.trace.analysis.utilisation import Utilisation, utilisation
from emulator.trace.reading.reader import Trace
from emulator.units import PS_PER_S
from experiments.compare.comparison import Contender
from experiments.report.markup import Markup, element, note, table, text
from experiments.report.numbers import adding_up, percentages, scale_for
from experiments.report.section import Section

__all__ = ["Usage", "critical_section", "read_usage", "utilisation_section"]

_NONE = "{} holds no commands: a trace of detail “summary” tells none of this."


@dataclass(frozen=True)
class Usage:
    """Hold the resources of one run, the busiest first, and what its critical path consists of, in ps."""

    resources: tuple[Utilisation, ...]
    path_ps: dict[str, int]


def read_usage(trace: Trace) -> Usage | None:
    """Return the usage that ``trace`` tells; None when it holds no commands."""
    if trace.detail == "summary":
        return None
    return Usage(utilisation(trace), path_shares_ps(trace, critical_path(trace)))


def utilisation_section(contenders: Sequence[Contender], usages: Sequence[Usage | None]) -> Section:
    """Return the section: busy, overlapping and idle time of each resource."""
    words = (
        "Busy: at least one span of the resource ran. Overlap: two or more of them ran. Resources may be busy at "
        "the same time, so these columns do not add up to the elapsed time."
    )
    return Section("utilisation", "Utilisation", (*_each(contenders, usages, _resources), note(words)))


def critical_section(contenders: Sequence[Contender], usages: Sequence[Usage | None]) -> Section:
    """Return the section: the names on the critical path, the longest first."""
    words = (
        "The chain of services, waits and thoughts that set the elapsed time: only what lies on it makes the run "
        "shorter when it is sped up."
    )
    return Section("critical-path", "Critical path", (*_each(contenders, usages, _path), note(words)))


def _each(
    contenders: Sequence[Contender],
    usages: Sequence[Usage | None],
    show: Callable[[Contender, Usage], Markup],
) -> list[Markup]:
    parts: list[Markup] = []
    for one, usage in zip(contenders, usages, strict=True):
        if len(contenders) > 1:
            parts.append(element("h3", text(one.name)))
        parts.append(note(_NONE.format(one.name)) if usage is None else show(one, usage))
    return parts


def _resources(one: Contender, usage: Usage) -> Markup:
    scale = scale_for(one.elapsed_s, "s")

    def time(ps: int) -> str:
        return f"{ps / PS_PER_S * scale.factor:,.4f}"

    head = (
        "resource",
        "utilisation (%)",
        *(f"{what} ({scale.unit})" for what in ("busy", "idle", "overlap")),
        "spans",
    )
    rows = [
        (
            used.resource,
            f"{100 * used.share:.1f}",
            time(used.busy_ps),
            time(used.idle_ps),
            time(used.overlap_ps),
            f"{used.spans:,}",
        )
        for used in usage.resources
    ]
    return table(head, rows)


def _path(one: Contender, usage: Usage) -> Markup:
    scale = scale_for(one.elapsed_s, "s")
    names = sorted(usage.path_ps, key=lambda name: -usage.path_ps[name])
    seconds = [usage.path_ps[name] / PS_PER_S for name in names]
    time, share = adding_up(seconds, scale), percentages(seconds)
    head = ("on the path", f"time ({scale.unit})", "share (%)")
    return table(
        head,
        list(zip(names, time.cells, share.cells, strict=True)),
        ("sum = elapsed", time.total, share.total),
    )
