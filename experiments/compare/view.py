"""A comparison as tables for a terminal; it computes nothing but shares and percentages."""

from collections.abc import Sequence

from rich.console import Console

from emulator.trace.analysis.ledger import IDLE
from emulator.units import format_si
from experiments.compare.comparison import Comparison, Contender
from experiments.compare.groups import VALUES
from experiments.compare.quality import Quality, bases
from experiments.output.amounts import shown_value
from experiments.output.fragment import fragment_note
from experiments.output.measures import Measure
from experiments.output.tables import Column, table_of
from experiments.output.terminal import show

__all__ = ["show_comparison"]

Row = tuple[str, ...]
"""A label, and a cell for each trace."""

_WORDS = {"best": "best seen"}


def show_comparison(found: Comparison, console: Console) -> None:
    """Print quality, cost, ratios, ledgers and the configuration's differences, a column a trace."""
    joules = [one.energy_by_component_j for one in found.traces]
    seconds = [one.latency_by_span_s for one in found.traces]
    notes = {one.heading: bases((each.judged for each in found.traces), one) for one in found.measures}
    parts: Sequence[tuple[str, Sequence[Row]]] = (
        ("Runs", _runs(found)),
        *((measure.heading, _qualities(found, measure)) for measure in found.measures),
        ("Cost, and its ratio to the first trace", _cost(found)),
        (f"Cost until {found.common} was first measured", _to_common(found)),
        ("Energy by component", _amounts("J", joules)),
        ("Latency by span", _amounts("s", seconds)),
        ("Utilisation (% of the elapsed time)", _utilisation(found)),
        ("Configuration, where it differs", _differences(found)),
    )
    columns: tuple[str | Column, ...] = ("", *(Column(one.name, words=False) for one in found.traces))
    for title, rows in parts:
        if rows:
            show(table_of(title, columns, rows, notes.get(title, ())), console)


def _runs(found: Comparison) -> list[Row]:
    return [
        ("status", *(_status(one) for one in found.traces)),
        ("seed", *(str(one.seed) for one in found.traces)),
        ("digest", *(one.digest[:12] for one in found.traces)),
    ]


def _status(one: Contender) -> str:
    return f"{one.status}: a fragment" if fragment_note(one.status, one.elapsed_s) else one.status


def _qualities(found: Comparison, measure: Measure) -> list[Row]:
    """Return the values of ``measure``, with intervals where it has them; no cell of runs judged by another."""
    rows: list[Row] = []
    judged = [one.judged if one.judged.measure == measure else Quality() for one in found.traces]
    for name in VALUES:
        values = [getattr(one, name) for one in judged]
        if values.count(None) == len(values):
            continue
        rows.append((_WORDS.get(name, name), *("" if one is None else measure.number(one) for one in values)))
        ends = [measure.ends(one.interval(name)).strip() for one in judged]
        if any(ends):
            rows.append(("  95 % Wilson" if measure.is_share else "  95 % interval", *ends))
    return rows


def _cost(found: Comparison) -> list[Row]:
    ratios, traces = found.ratios, found.traces
    parts = (
        ("queries", [f"{one.queries:,}" for one in traces], [one.queries for one in ratios]),
        ("time", [_si(one.elapsed_s, "s") for one in traces], [one.elapsed_s for one in ratios]),
        ("energy", [_si(one.energy_j, "J") for one in traces], [one.energy_j for one in ratios]),
        (
            "energy * delay",
            [_si(one.energy_delay_j_s, "J s") for one in traces],
            [one.energy_delay_j_s for one in ratios],
        ),
    )
    rows: list[Row] = []
    for label, amounts, relative in parts:
        rows.append((label, *amounts))
        rows.append(("", *("" if ratio is None else f"x {ratio:.4g}" for ratio in relative)))
    return rows


def _to_common(found: Comparison) -> list[Row]:
    if not found.common:
        return []
    reached = [one.reached for one in found.traces]
    return [
        ("queries", *("never" if one is None else f"{one.queries:,}" for one in reached)),
        ("time", *("never" if one is None else _si(one.elapsed_s, "s") for one in reached)),
        ("energy", *("never" if one is None else _si(one.energy_j, "J") for one in reached)),
    ]


def _amounts(unit: str, columns: Sequence[dict[str, float]]) -> list[Row]:
    largest = {
        name: max(column.get(name, 0.0) for column in columns) for column in columns for name in column
    }
    return [
        (name, *(_amount(column.get(name), sum(column.values()), unit) for column in columns))
        for name in sorted(largest, key=lambda name: (name == IDLE, -largest[name]))
    ]


def _utilisation(found: Comparison) -> list[Row]:
    names = dict.fromkeys(name for one in found.traces for name in one.utilisation)
    return [(name, *(_percent(one.utilisation.get(name)) for one in found.traces)) for name in names]


def _differences(found: Comparison) -> list[Row]:
    rows: list[Row] = [
        (row.key, *(shown_value(row.key, value) for value in row.values)) for row in found.differences
    ]
    return rows or [("nowhere", *("" for _ in found.traces))]


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def _si(value: float | None, unit: str) -> str:
    return "not recorded" if value is None else format_si(value, unit)


def _amount(value: float | None, total: float, unit: str) -> str:
    if value is None:
        return ""
    share = f"{100 * value / total:5.1f} %" if total else ""
    return f"{format_si(value, unit)}  {share}"
