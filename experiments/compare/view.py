"""A comparison as tables for a terminal; it computes nothing but shares and percentages."""

from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from emulator.trace.analysis.ledger import IDLE
from emulator.units import format_si
from experiments.compare.comparison import Comparison, Contender

__all__ = ["show_comparison"]

_ACCURACIES: Sequence[tuple[str, Callable[[Contender], float | None]]] = (
    ("ideal", lambda one: one.accuracy.ideal),
    ("first", lambda one: one.accuracy.first),
    ("last", lambda one: one.accuracy.last),
    ("best seen", lambda one: one.accuracy.best),
    ("selected", lambda one: one.accuracy.selected),
)


def show_comparison(found: Comparison, console: Console) -> None:
    """Print accuracy, cost, ratios, ledgers and the configuration's differences, a column a trace."""
    joules = [one.energy_by_component_j for one in found.traces]
    seconds = [one.latency_by_span_s for one in found.traces]
    common = found.common_accuracy or 0.0
    tables: Sequence[tuple[str, Table | None]] = (
        ("Runs", _runs(found)),
        ("Accuracy (%)", _accuracies(found)),
        ("Cost, and its ratio to the first trace", _cost(found)),
        (f"Cost until {100 * common:.1f} % was first measured", _to_common(found)),
        ("Energy by component", _amounts(found, "J", joules)),
        ("Latency by span", _amounts(found, "s", seconds)),
        ("Utilisation (% of the elapsed time)", _utilisation(found)),
        ("Configuration, where it differs", _differences(found)),
    )
    for title, table in tables:
        if table is not None:
            console.print(Text(title, style="bold"))
            console.print(table)
            console.print()


def _table(found: Comparison) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", overflow="fold")
    for one in found.traces:
        table.add_column(Text(one.name), justify="right", header_style="dim", overflow="fold")
    return table


def _add(table: Table, label: str, cells: Iterable[str]) -> None:
    table.add_row(Text(label), *(Text(cell) for cell in cells))


def _runs(found: Comparison) -> Table:
    table = _table(found)
    _add(table, "status", (one.status for one in found.traces))
    _add(table, "seed", (str(one.seed) for one in found.traces))
    _add(table, "digest", (one.digest[:12] for one in found.traces))
    return table


def _accuracies(found: Comparison) -> Table | None:
    table = _table(found)
    for label, read in _ACCURACIES:
        values = [read(one) for one in found.traces]
        if any(value is not None for value in values):
            _add(table, label, (_percent(value) for value in values))
    return table if table.row_count else None


def _cost(found: Comparison) -> Table:
    table = _table(found)
    ratios = found.ratios
    rows = (
        ("queries", [f"{one.queries:,}" for one in found.traces], [one.queries for one in ratios]),
        ("time", [_si(one.elapsed_s, "s") for one in found.traces], [one.elapsed_s for one in ratios]),
        ("energy", [_si(one.energy_j, "J") for one in found.traces], [one.energy_j for one in ratios]),
        (
            "energy * delay",
            [_si(one.energy_delay_j_s, "J s") for one in found.traces],
            [one.energy_delay_j_s for one in ratios],
        ),
    )
    for label, amounts, relative in rows:
        _add(table, label, amounts)
        _add(table, "", ("" if ratio is None else f"x {ratio:.4g}" for ratio in relative))
    return table


def _to_common(found: Comparison) -> Table | None:
    if found.common_accuracy is None:
        return None
    table = _table(found)
    reached = [one.reached for one in found.traces]
    _add(table, "queries", ("never" if one is None else f"{one.queries:,}" for one in reached))
    _add(table, "time", ("never" if one is None else _si(one.elapsed_s, "s") for one in reached))
    _add(table, "energy", ("never" if one is None else _si(one.energy_j, "J") for one in reached))
    return table


def _amounts(found: Comparison, unit: str, columns: Sequence[dict[str, float]]) -> Table | None:
    table = _table(found)
    largest = {
        name: max(column.get(name, 0.0) for column in columns) for column in columns for name in column
    }
    for name in sorted(largest, key=lambda name: (name == IDLE, -largest[name])):
        _add(table, name, (_amount(column.get(name), sum(column.values()), unit) for column in columns))
    return table if table.row_count else None


def _utilisation(found: Comparison) -> Table | None:
    table = _table(found)
    for name in dict.fromkeys(name for one in found.traces for name in one.utilisation):
        _add(table, name, (_percent(one.utilisation.get(name)) for one in found.traces))
    return table if table.row_count else None


def _differences(found: Comparison) -> Table:
    table = _table(found)
    for row in found.differences:
        _add(table, row.key, (_value(value) for value in row.values))
    if not found.differences:
        _add(table, "nowhere", ("" for _ in found.traces))
    return table


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def _si(value: float | None, unit: str) -> str:
    return "not recorded" if value is None else format_si(value, unit)


def _amount(value: float | None, total: float, unit: str) -> str:
    if value is None:
        return ""
    share = f"{100 * value / total:5.1f} %" if total else ""
    return f"{format_si(value, unit)}  {share}"


def _value(value: object) -> str:
    return "missing" if value is None else str(value)
