"""What each run reached and what it took: the first numbers of a report."""

from collections.abc import Callable, Sequence
from typing import Final

from experiments.compare.comparison import Comparison, Contender, Ratio
from experiments.compare.quality import Quality, bases
from experiments.output.measures import Measure
from experiments.report.markup import Markup, element, join, note, table
from experiments.report.numbers import aligned, scale_for
from experiments.report.section import Section

__all__ = ["results_section"]

_ABSENT: Final = "not recorded"

_WORDS: Final = {
    "ideal": "electronic model",
    "first": "before training",
    "last": "at the end",
    "selected": "state of least validation loss",
    "best": "best seen",
}


def results_section(comparison: Comparison) -> Section:
    """Return the section: quality, cost and the cost of a common quality, a column a trace."""
    qualities = [_quality(comparison, measure) for measure in comparison.measures]
    parts = [*qualities, _cost(comparison), _common(comparison)]
    columns = element("div", join(part for part in parts if part is not None), class_="columns")
    return Section("results", "Results", (columns,))


def _names(comparison: Comparison) -> list[str]:
    return [one.name for one in comparison.traces]


def _quality(comparison: Comparison, measure: Measure) -> Markup | None:
    """Return the values of ``measure``; no cell of runs that are judged by another."""
    judged = [one.judged if one.judged.measure == measure else Quality() for one in comparison.traces]
    rows = [[label, *(_cell(one, name) for one in judged)] for name, label in _WORDS.items()]
    shown = table([measure.heading, *_names(comparison)], [row for row in rows if any(row[1:])])
    notes = (note(f"{basis[:1].upper()}{basis[1:]}.") for basis in bases(judged, measure))
    return element("div", join((shown, *notes)))


def _cell(quality: Quality, name: str) -> str:
    value = getattr(quality, name)
    return (
        "" if value is None else quality.measure.number(value) + quality.measure.ends(quality.interval(name))
    )


def _cost(comparison: Comparison) -> Markup:
    traces = comparison.traces
    time = scale_for(max(one.elapsed_s for one in traces), "s")
    energy = scale_for(max((one.energy_j or 0.0) for one in traces), "J")
    delay = scale_for(_largest([one.energy_delay_j_s for one in traces]), "J s")
    rows = [
        ["queries", *(f"{one.queries:,}" for one in traces)],
        [f"emulated time ({time.unit})", *aligned([one.elapsed_s for one in traces], time, _ABSENT)],
        [f"energy ({energy.unit})", *aligned([one.energy_j for one in traces], energy, _ABSENT)],
        [
            f"energy × delay ({delay.unit})",
            *aligned([one.energy_delay_j_s for one in traces], delay, _ABSENT),
        ],
    ]
    if any(one.queries for one in traces):
        seconds, joules = (
            [_by(one.elapsed_s, one) for one in traces],
            [_by(one.energy_j, one) for one in traces],
        )
        each_s, each_j = scale_for(_largest(seconds), "s"), scale_for(_largest(joules), "J")
        rows += [
            [f"time a query ({each_s.unit})", *aligned(seconds, each_s, "")],
            [f"energy a query ({each_j.unit})", *aligned(joules, each_j, "")],
        ]
    if len(traces) > 1:
        rows += [[label, *(_times(read(one)) for one in comparison.ratios)] for label, read in _RATIOS]
    return table(["cost", *_names(comparison)], rows)


_RATIOS: Sequence[tuple[str, Callable[[Ratio], float | None]]] = (
    ("time against the first", lambda one: one.elapsed_s),
    ("energy against the first", lambda one: one.energy_j),
    ("energy × delay against the first", lambda one: one.energy_delay_j_s),
)


def _common(comparison: Comparison) -> Markup | None:
    if not comparison.common or len(comparison.traces) < 2:
        return None
    reached = [one.reached for one in comparison.traces]
    time = scale_for(max((one.elapsed_s for one in reached if one), default=0.0), "s")
    energy = scale_for(max((one.energy_j or 0.0 for one in reached if one), default=0.0), "J")
    joules = [None if one is None else one.energy_j for one in reached]
    rows = [
        ["queries", *("never" if one is None else f"{one.queries:,}" for one in reached)],
        [
            f"emulated time ({time.unit})",
            *aligned([None if one is None else one.elapsed_s for one in reached], time, "never"),
        ],
        [f"energy ({energy.unit})", *aligned(joules, energy, _ABSENT)],
    ]
    head = f"until {comparison.common} was first measured"
    words = "The best that every run measured at some time: what it took each of them to get there."
    return element("div", join((table([head, *_names(comparison)], rows), note(words))))


def _largest(amounts: Sequence[float | None]) -> float:
    return max((amount for amount in amounts if amount is not None), default=0.0)


def _by(amount: float | None, one: Contender) -> float | None:
    return amount / one.queries if amount is not None and one.queries else None


def _times(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f} ×" if value >= 0.1 else f"{value:.3g} ×"
