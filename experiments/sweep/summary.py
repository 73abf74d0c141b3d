"""A sweep's points over their seeds: means with 95 % intervals, differences to the first point, the Pareto front.

Seeds are paired: a seed fixes task, chip, batches and noise at every point, so that a difference is taken seed by
seed, and its interval is that of Student's t over these differences.
"""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from emulator.config.difference import Scalar
from emulator.errors import ConfigError, nearest
from emulator.units import format_si
from experiments.output.amounts import unit_of
from experiments.output.measures import MEASURES
from experiments.output.pareto import Goal, front
from experiments.output.statistics import Mean, t_mean
from experiments.output.tables import Column, Table, table_of
from experiments.sweep.results import Row, Spot, columns_of

__all__ = [
    "Measured",
    "Outline",
    "PointSummary",
    "Summary",
    "sense_of",
    "summarize",
    "summary_tables",
    "unit_of",
    "value_text",
]

_PRODUCT: Final = "energy_delay_j_s"
_ALWAYS: Final = ("elapsed_s", "energy_j", _PRODUCT)
_MEASURES: Final = {each.name: each for each in MEASURES}
_UNITS: Final = {"_j_s": "J s", "_j": "J", "_s": "s", "_w": "W"}


class Outline(Protocol):
    """What of a sweep its summary needs: its name, the swept paths, its seeds, and where its runs stand."""

    @property
    def study(self) -> str: ...
    @property
    def paths(self) -> tuple[str, ...]: ...
    @property
    def seeds(self) -> tuple[int, ...]: ...
    @property
    def runs(self) -> Sequence[Spot]: ...


@dataclass(frozen=True)
class Measured:
    """Hold a number's mean over the seeds of a point, and that of its difference to the first point's."""

    mean: Mean
    to_first: Mean


@dataclass(frozen=True)
class PointSummary:
    """Hold a point: its swept values, how many seeds finished of how many, and its numbers by column."""

    point: int
    values: tuple[Scalar, ...]
    finished: int
    seeds: int
    numbers: dict[str, Measured]
    on_front: bool | None = None


@dataclass(frozen=True)
class Summary:
    """Hold all points of a sweep; ``names`` are the numbers that are summed up, ``goals`` those of the front."""

    title: str
    paths: tuple[str, ...]
    names: tuple[str, ...]
    goals: tuple[Goal, ...]
    points: tuple[PointSummary, ...]

    def to_csv(self) -> str:
        """Return a row a point: swept values, seeds, and of each number its mean, deviation and intervals."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        parts = ("mean", "sd", "low", "high", "minus_first", "minus_first_low", "minus_first_high")
        heads = [f"{name}_{part}" for name in self.names for part in parts]
        writer.writerow(
            ("point", *self.paths, "finished", "seeds", *heads, *(("pareto",) if self.goals else ()))
        )
        for one in self.points:
            cells = [cell for name in self.names for cell in _cells(one.numbers[name])]
            mark = (str(bool(one.on_front)).lower(),) if self.goals else ()
            writer.writerow((one.point, *map(_plain, one.values), one.finished, one.seeds, *cells, *mark))
        return text.getvalue()


def _cells(found: Measured) -> list[str]:
    first, difference = found.mean, found.to_first
    numbers = (
        first.mean, first.sd, first.low, first.high, difference.mean, difference.low, difference.high
    )  # fmt: skip
    return [repr(number) if math.isfinite(number) else "" for number in numbers]


def _plain(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def summarize(plan: Outline, rows: Sequence[Row], title: str = "", goals: Sequence[Goal] = ()) -> Summary:
    """Return the points of ``plan`` of which ``rows`` are the runs that ended.

    Raises ``ConfigError`` when a goal is no number of any run.
    """
    done = [row for row in rows if row.numbers]
    known = [name for name in columns_of(done, ()) if any(name in row.numbers for row in done)]
    for goal in goals:
        if done and goal.name not in known:
            hint = nearest(goal.name, known)
            raise ConfigError(
                f"--pareto: no run has a {goal.name!r}; known: {', '.join(known)}{hint and f'; {hint}'}"
            )
    judged = _judged(known)
    names = tuple(dict.fromkeys((*judged, *_ALWAYS, *(goal.name for goal in goals))))
    by_point: dict[int, list[Row]] = {}
    for row in rows:
        by_point.setdefault(row.run.point, []).append(row)
    first = by_point.get(1, [])
    values = {run.point: run.values for run in plan.runs}
    points = [
        PointSummary(
            point,
            values[point],
            sum(bool(row.numbers) for row in by_point.get(point, ())),
            len(plan.seeds),
            {name: _measured(name, by_point.get(point, ()), first) for name in names},
        )
        for point in values
    ]
    return Summary(title or plan.study, plan.paths, names, tuple(goals), _marked(points, goals))


def _judged(known: Sequence[str]) -> tuple[str, ...]:
    """Return the number by which runs of this task are judged; nothing where they logged none."""
    return tuple(measure.name for measure in MEASURES if measure.name in known)


def _measured(name: str, rows: Sequence[Row], first: Sequence[Row]) -> Measured:
    mine, theirs = _by_seed(name, rows), _by_seed(name, first)
    both = [seed for seed in mine if seed in theirs]
    mean = t_mean(list(mine.values()))
    only = [row for row in rows if row.run.seed in mine]
    if len(mine) == 1 and f"{name}_low" in only[0].numbers:  # one run: the interval of its own test samples
        low, high = only[0].numbers[f"{name}_low"], only[0].numbers[f"{name}_high"]
        mean = replace(mean, low=low, high=high)
    judge = _MEASURES.get(name)
    if judge is not None and mean.n:
        mean = replace(mean, low=max(mean.low, judge.least), high=min(mean.high, judge.most))
    return Measured(mean, t_mean([mine[seed] - theirs[seed] for seed in both]))


def _by_seed(name: str, rows: Sequence[Row]) -> dict[int, float]:
    found = {row.run.seed: row.numbers.get(name, math.nan) for row in rows}
    return {seed: value for seed, value in found.items() if math.isfinite(value)}


def _marked(points: Sequence[PointSummary], goals: Sequence[Goal]) -> tuple[PointSummary, ...]:
    if not goals:
        return tuple(points)
    means = np.array([[one.numbers[goal.name].mean.mean for goal in goals] for one in points])
    marks = front(means, goals)
    return tuple(
        PointSummary(one.point, one.values, one.finished, one.seeds, one.numbers, bool(mark))
        for one, mark in zip(points, marks, strict=True)
    )


def sense_of(name: str) -> tuple[str, float, str]:
    """Return how a column is called for people, by which factor it is shown, and its unit."""
    if name in _MEASURES:
        measure = _MEASURES[name]
        return measure.words, measure.factor, measure.unit
    if "accuracy" in name:
        return name.replace("_", " "), 100.0, "%"
    for ending, unit in _UNITS.items():
        if name.endswith(ending):
            words = {"elapsed_s": "time", "energy_j": "energy", "energy_delay_j_s": "energy x delay"}
            return words.get(name, name.removesuffix(ending).replace("_", " ")), 1.0, unit
    return name.replace("_", " "), 1.0, ""


def value_text(path: str, value: Scalar) -> str:
    """Return a swept value as people read it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _plain(value)
    return format_si(float(value), unit_of(path)) if unit_of(path) else f"{value:g}"


def summary_tables(found: Summary) -> tuple[Table, ...]:
    """Return the tables for people, one a number: its mean with interval, and the difference to the first point."""
    tables: list[Table] = []
    goals = {goal.name for goal in found.goals}
    names = [name for name in found.names if name != _PRODUCT or name in goals]
    for name in names:
        label, _, unit = sense_of(name)
        heads = ("", *(path.rpartition(".")[2] for path in found.paths), "n")
        columns = (*heads, "mean", "95 % interval", "minus first", *(("Pareto",) if found.goals else ()))
        shown = f"{label} (%)" if unit == "%" else label
        title = shown if tables else f"{found.title}: {shown}"
        rows = [_row(name, one, found) for one in found.points]
        last = name == names[-1]
        tables.append(
            table_of(
                title, [Column(each, words=False) for each in columns], rows, _notes(found) if last else ()
            )
        )
    return tuple(tables)


def _row(name: str, one: PointSummary, found: Summary) -> tuple[str, ...]:
    mean = one.numbers[name].mean
    seeds = str(one.finished) if one.finished == one.seeds else f"{one.finished} of {one.seeds}"
    interval = (
        "" if math.isnan(mean.low) else f"{_amount(name, mean.low, 3)} to {_amount(name, mean.high, 3)}"
    )
    cells = (
        str(one.point),
        *map(value_text, found.paths, one.values),
        seeds,
        _amount(name, mean.mean) if mean.n else "-",
        interval,
    )
    return (*cells, _difference(name, one), *((("front" if one.on_front else "",)) if found.goals else ()))


def _notes(found: Summary) -> list[str]:
    notes = [
        "mean over seeds with its 95 % interval (Student's t); of one seed's accuracy Wilson's, for its samples",
        "minus first: difference to the first point, seed by seed, with its 95 % interval",
    ]
    if found.goals:
        wanted = ", ".join(f"{'more' if goal.more else 'less'} {goal.name}" for goal in found.goals)
        notes.append(f"Pareto front of the means, where better is {wanted}")
    return notes


def _difference(name: str, one: PointSummary) -> str:
    mean = one.numbers[name].to_first
    if one.point == 1 or mean.n == 0:
        return ""
    half = "" if math.isnan(mean.high) else f" ± {_amount(name, mean.high - mean.mean, 3)}"
    return f"{'+' if mean.mean >= 0 else ''}{_amount(name, mean.mean, 3)}{half}"


def _amount(name: str, value: float, digits: int = 4) -> str:
    _, factor, unit = sense_of(name)
    if unit == "%":
        return f"{value * factor:.1f}"
    return format_si(value * factor, unit, digits) if unit else f"{value:.{digits}g}"
