"""A comparison whose traces form groups of seeds, as tables for a terminal; it computes nothing but shares."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from rich.console import Console

from emulator.config.difference import Difference, differences
from emulator.trace.analysis.ledger import IDLE
from emulator.units import format_si, si_prefix
from experiments.compare.comparison import Comparison
from experiments.compare.groups import VALUES, Group, path_of
from experiments.compare.quality import bases
from experiments.inspect.seeds import seeds_text
from experiments.output.amounts import shown_value
from experiments.output.measures import Measure
from experiments.output.statistics import Mean
from experiments.output.tables import Column, table_of
from experiments.output.terminal import show

__all__ = ["show_groups"]

Row = tuple[str, ...]
"""A label, and a cell for each group."""

Texts = Callable[..., tuple[str, ...]]
"""Writes numbers in one unit, which stands behind the last of them."""

_WORDS = {"best": "best seen"}
_COSTS = (
    ("queries", "queries", ""),
    ("time", "elapsed_s", "s"),
    ("energy", "energy_j", "J"),
    ("energy * delay", "energy_delay_j_s", "J s"),
)
_NOTES = (
    "means over seeds with 95 % intervals (Student's t); none where seeds agree",
    "minus first: mean difference to the first group, seed by seed, ± half its 95 % interval",
)


def show_groups(found: Comparison, console: Console) -> None:
    """Print quality, cost, ledgers and the configuration's differences, a column a group of seeds."""
    groups = found.groups
    parts: list[tuple[str, list[Row]]] = [
        ("Groups of traces that differ in their seeds alone", _groups(found)),
        *((measure.heading, _qualities(found, measure)) for measure in found.measures),
        ("Cost", [row for label, name, unit in _COSTS for row in _amount_rows(groups, label, name, unit)]),
    ]
    if found.common:
        rows = [row for one in _COSTS[:3] for row in _reached(groups, *one)]
        parts.append((f"Cost until {found.common} was first measured", rows))
    parts += [
        ("Energy by component", _shares(groups, "energy_by_component_j.", "J")),
        ("Latency by span", _shares(groups, "latency_by_span_s.", "s")),
        ("Utilisation (% of the elapsed time)", _utilisation(groups)),
        ("Configuration, where it differs between groups", _differences(found)),
    ]
    columns: tuple[str | Column, ...] = ("", *(Column(one.name, words=False) for one in groups))
    shown = [(title, rows) for title, rows in parts if rows]
    alone = {one.traces[0] for one in groups if len(one.traces) == 1}
    judged = [one.judged for one in found.traces if one.name in alone]
    notes = {measure.heading: bases(judged, measure) for measure in found.measures}
    for place, (title, rows) in enumerate(shown, start=1):
        show(table_of(title, columns, rows, _NOTES if place == len(shown) else notes.get(title, ())), console)


def _groups(found: Comparison) -> list[Row]:
    status = {one.name: one.status for one in found.traces}
    return [
        ("seeds", *(str(len(one.traces)) for one in found.groups)),
        ("which", *(seeds_text(one.seeds) for one in found.groups)),
        ("status", *(", ".join(sorted({status[name] for name in one.traces})) for one in found.groups)),
    ]


def _qualities(found: Comparison, measure: Measure) -> list[Row]:
    """Return the values of ``measure``; no cell of groups that are judged by another."""

    def texts(*values: float) -> tuple[str, ...]:
        return tuple(map(measure.number, values))

    judged = {one.name: one.judged for one in found.traces}
    path = next(path_of(one) for one in judged.values() if one.measure == measure)
    groups = [
        one if judged[one.traces[0]].measure == measure else replace(one, numbers={}, to_first={})
        for one in found.groups
    ]
    return [
        row for name in VALUES for row in _rows(groups, _WORDS.get(name, name), f"{path}.{name}", texts, "")
    ]


def _amount_rows(groups: Sequence[Group], label: str, name: str, unit: str) -> list[Row]:
    def together(*values: float) -> tuple[str, ...]:
        if not unit:
            return tuple(f"{value:,.0f}" for value in values)
        if len(values) == 1:
            return (format_si(values[0], unit),)
        size, prefix = si_prefix(max(map(abs, values)) or 1.0)
        *rest, last = (f"{value / size:.3g}" for value in values)
        return (*rest, f"{last} {prefix}{unit}")

    return _rows(groups, label, name, together)


def _rows(
    groups: Sequence[Group], label: str, name: str, texts: Texts, absent: str = "not recorded"
) -> list[Row]:
    """Return the mean of a number a group, its interval, and the difference to the first; [] where none has it.

    What is the same in every run has no interval, and no difference where it is that in all groups.
    """
    means = [one.numbers.get(name) for one in groups]
    if not any(means):
        return []
    rows: list[Row] = [(label, *(absent if one is None else texts(one.mean)[0] for one in means))]
    ends = [_interval(one, texts) for one in means]
    if any(ends):
        rows.append(("  95 % interval", *ends))
    moved = [one.to_first.get(name) for one in groups[1:]]
    if any(one is not None and (one.mean or one.sd > 0) for one in moved):
        cells = (_moved(one, len(group.traces), texts) for one, group in zip(moved, groups[1:], strict=True))
        rows.append(("  minus first", "", *cells))
    return rows


def _interval(found: Mean | None, texts: Texts) -> str:
    if found is None or math.isnan(found.low) or found.low == found.high:
        return ""
    return " to ".join(texts(found.low, found.high))


def _moved(found: Mean | None, seeds: int, texts: Texts) -> str:
    if found is None:
        return ""
    ends = texts(found.mean) if math.isnan(found.high) else texts(found.mean, found.high - found.mean)
    pairs = "" if found.n == seeds else f" (n = {found.n})"
    return f"{'+' if found.mean >= 0 else ''}{' ± '.join(ends)}{pairs}"


def _reached(groups: Sequence[Group], label: str, name: str, unit: str) -> list[Row]:
    rows = _amount_rows(groups, label, f"reached.{name}", unit)
    counts = [one.numbers.get(f"reached.{name}") for one in groups]
    if rows and name == "queries":
        cells = (
            f"{0 if count is None else count.n} of {len(one.traces)}"
            for one, count in zip(groups, counts, strict=True)
        )
        rows.insert(0, ("runs that did", *cells))
    return [(row[0], *("never" if cell == "not recorded" else cell for cell in row[1:])) for row in rows]


def _shares(groups: Sequence[Group], prefix: str, unit: str) -> list[Row]:
    columns = [_means(one, prefix) for one in groups]
    largest = {name: max(column.get(name, 0.0) for column in columns) for one in columns for name in one}
    rows: list[Row] = []
    for name in sorted(largest, key=lambda name: (name == IDLE, -largest[name])):
        cells = []
        for column in columns:
            total = sum(column.values())
            share = f"  {100 * column[name] / total:5.1f} %" if name in column and total else ""
            cells.append(format_si(column[name], unit) + share if name in column else "")
        rows.append((name, *cells))
    return rows


def _utilisation(groups: Sequence[Group]) -> list[Row]:
    columns = [_means(one, "utilisation.") for one in groups]
    names = dict.fromkeys(name for one in columns for name in one)
    return [(name, *(f"{100 * one[name]:.1f}" if name in one else "" for one in columns)) for name in names]


def _means(group: Group, prefix: str) -> dict[str, float]:
    found = group.numbers.items()
    return {name.removeprefix(prefix): mean.mean for name, mean in found if name.startswith(prefix)}


def _differences(found: Comparison) -> list[Row]:
    """Return the keys on which the first traces of groups differ, seeds apart."""
    place = {one.name: at for at, one in enumerate(found.traces)}
    firsts = [place[one.traces[0]] for one in found.groups]
    between: tuple[Difference, ...] = differences([
        {row.key: row.values[at] for row in found.differences} for at in firsts
    ])  # fmt: skip
    rows: list[Row] = [
        (row.key, *(shown_value(row.key, value) for value in row.values))
        for row in between
        if row.key.rpartition(".")[2] != "seed"
    ]
    return rows or [("nowhere", *("" for _ in found.groups))]
