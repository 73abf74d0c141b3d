"""A report: traces are read and checked, each section is written from what was read, and one file comes out.

Nothing is computed here; ``experiments.compare.comparison`` and the sections' own modules do that.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.errors import ConfigError
from emulator.trace.analysis.attribution import Attribution, attribute_energy
from emulator.trace.open import open_so_far
from emulator.trace.reading.reader import Trace
from experiments.compare.comparison import Comparison, Contender, compare_contenders
from experiments.inspect.inspection import Inspection, inspect_open
from experiments.output.files import check_new, new_file
from experiments.output.fragment import fragment_note
from experiments.report.page import build_page
from experiments.report.panels.curves import Curves, curve_names, curves_section, read_curves
from experiments.report.panels.energy import energy_section
from experiments.report.panels.provenance import (
    configuration_section,
    differences_section,
    metrics_section,
    provenance_section,
)
from experiments.report.panels.results import results_section
from experiments.report.panels.timeline_panel import Excerpt, read_excerpt, timeline_section
from experiments.report.panels.usage import Usage, critical_section, read_usage, utilisation_section
from experiments.report.panels.waterfall import service_order, waterfall_section
from experiments.report.panels.whatif_control import whatif_section
from experiments.report.plot import require_bokeh
from experiments.report.section import Section

__all__ = ["COMMANDS", "MAX_TRACES", "write_report"]

COMMANDS: Final = 400
"""Commands that the timeline of a report shows, unless told otherwise."""

MAX_TRACES: Final = 8
"""Traces that one report takes: as many as there are colours that stay apart."""


@dataclass(frozen=True, eq=False)
class _Reading:
    """Hold what the sections need of one trace, read while its file was open."""

    found: Inspection
    config: str
    curves: Curves
    order: tuple[str, ...]
    usage: Usage | None
    attribution: Attribution
    excerpt: Excerpt | None


def write_report(paths: Sequence[Path], out: Path, force: bool = False, commands: int = COMMANDS) -> None:
    """Write one page about the traces at ``paths`` to ``out``; an existing file is replaced only with ``force``.

    The page needs no network. Its timelines show the first ``commands`` commands of each trace. Raises
    ``ConfigError`` when Bokeh is missing, there are no traces or too many, or ``out`` is not an HTML file, is there
    already or cannot be written; and ``TraceError`` when a trace is missing or damaged. Of a run that goes on, the
    page shows what has been recorded.
    """
    require_bokeh()
    _check(paths, out, force, commands)
    page = _page(paths, commands)
    with new_file(out, force, paths) as part:
        part.write_text(page, encoding="utf-8")


def _check(paths: Sequence[Path], out: Path, force: bool, commands: int) -> None:
    if not 1 <= len(paths) <= MAX_TRACES:
        raise ConfigError(f"report: {len(paths)} traces given; allowed: 1 to {MAX_TRACES}")
    if commands < 1:
        raise ConfigError(f"report: a timeline of {commands} commands; allowed: 1 or more")
    if out.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"{out}: {out.suffix!r} is no page; allowed: .html")
    check_new(out, force, paths)


def _page(paths: Sequence[Path], commands: int) -> str:
    with ExitStack() as stack:
        traces = [stack.enter_context(open_so_far(path)) for path in paths]
        found = [inspect_open(trace) for trace in traces]
        comparison = compare_contenders(found, traces)
        readings = [
            _read(trace, one, contender, commands)
            for trace, one, contender in zip(traces, found, comparison.traces, strict=True)
        ]
    return _written(comparison, readings)


def _read(trace: Trace, found: Inspection, contender: Contender, commands: int) -> _Reading:
    return _Reading(
        found=found,
        config=trace.config_text,
        curves=read_curves(trace, contender),
        order=service_order(trace, found.latency_by_span_s),
        usage=read_usage(trace),
        attribution=attribute_energy(trace, found.latency_by_span_s, found.energy_by_component_j),
        excerpt=read_excerpt(trace, commands),
    )


def _written(comparison: Comparison, readings: Sequence[_Reading]) -> str:
    traces, found = comparison.traces, [one.found for one in readings]
    usages = [one.usage for one in readings]
    curves, axes = curves_section(traces, [one.curves for one in readings])
    timelines, views = timeline_section(traces, [one.excerpt for one in readings])
    whatif, runs = whatif_section(traces, [one.attribution for one in readings])
    sections: list[Section] = [
        results_section(comparison),
        curves,
        waterfall_section(traces, [one.order for one in readings]),
        energy_section(traces),
        utilisation_section(traces, usages),
        critical_section(traces, usages),
        timelines,
        whatif,
        metrics_section(comparison, found),
        provenance_section(comparison, found),
        configuration_section(comparison, [one.config for one in readings]),
    ]
    if len(traces) > 1:
        sections.insert(1, differences_section(comparison))
    numbers = {
        "axes": axes,
        "curves": curve_names([one.curves for one in readings]),
        "views": views,
        "runs": runs,
    }
    return build_page(_title(comparison), _lead(comparison), sections, numbers)


def _title(comparison: Comparison) -> str:
    titles = dict.fromkeys(one.title or one.name for one in comparison.traces)
    return next(iter(titles)) if len(titles) == 1 else " · ".join(one.name for one in comparison.traces)


def _lead(comparison: Comparison) -> str:
    return " · ".join(f"{one.name}: {_ended(one)}, seed {one.seed}" for one in comparison.traces)


def _ended(one: Contender) -> str:
    note = fragment_note(one.status, one.elapsed_s)
    return f"{one.status}, {note}" if note else one.status
