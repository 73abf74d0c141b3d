"""Traces that differ in their seeds alone, summed up: means with 95 % intervals, differences seed by seed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from experiments.inspect.seeds import SeedGroup
from experiments.output.statistics import Mean, accuracy_interval, t_mean

if TYPE_CHECKING:
    from experiments.compare.comparison import Contender

__all__ = ["ACCURACIES", "Group", "group_of", "numbers_of"]

ACCURACIES: Final = ("ideal", "first", "last", "best", "selected")
"""Which accuracies of a run are compared, by their names."""

_COSTS: Final = ("queries", "elapsed_s", "energy_j", "energy_delay_j_s")
_REACHED: Final = ("queries", "elapsed_s", "energy_j")
_PARTS: Final = ("energy_by_component_j", "latency_by_span_s", "utilisation")


@dataclass(frozen=True)
class Group:
    """Hold what traces that differ in their seeds alone have in common.

    ``numbers`` are by the path that each has in a trace's entry: "accuracy.selected", "energy_j",
    "energy_by_component_j.laser". Intervals are Student's t over seeds, of one run's accuracy Wilson's.
    ``to_first`` has the differences to the first group, of seeds that both have.
    """

    name: str
    traces: tuple[str, ...]
    seeds: tuple[int, ...]
    numbers: dict[str, Mean]
    to_first: dict[str, Mean]


def group_of(group: SeedGroup, first: SeedGroup, contenders: Sequence["Contender"]) -> Group:
    """Return ``group`` summed up; its places, and those of the ``first`` one, are among ``contenders``."""
    mine = {at: numbers_of(contenders[at]) for at in group.members}
    theirs = {at: numbers_of(contenders[at]) for at in first.members}
    names = list(dict.fromkeys(name for one in mine.values() for name in one))
    both = group.paired(first)
    to_first = {
        name: t_mean([
            mine[own][name] - theirs[other][name]
            for own, other in both
            if name in mine[own] and name in theirs[other]
        ])
        for name in names
    }  # fmt: skip
    return Group(
        group.name,
        tuple(contenders[at].name for at in group.members),
        group.seeds,
        {name: _mean(name, [contenders[at] for at in group.members], list(mine.values())) for name in names},
        {name: found for name, found in to_first.items() if found.n},
    )


def numbers_of(one: "Contender") -> dict[str, float]:
    """Return what ``one`` brings that has a mean, by its path in the JSON of a comparison."""
    found: dict[str, float | None] = {f"accuracy.{name}": getattr(one.accuracy, name) for name in ACCURACIES}
    found |= {name: getattr(one, name) for name in _COSTS}
    if one.reached is not None:
        found |= {f"reached.{name}": getattr(one.reached, name) for name in _REACHED}
    for part in _PARTS:
        found |= {f"{part}.{name}": value for name, value in getattr(one, part).items()}
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}


def _mean(name: str, members: Sequence["Contender"], numbers: Sequence[dict[str, float]]) -> Mean:
    known = [one[name] for one in numbers if name in one]
    mean = t_mean(known)
    most = 1.0 if name.startswith("accuracy.") else math.inf
    if mean.n > 1:  # none of these numbers is ever negative
        return replace(mean, low=max(0.0, mean.low), high=min(most, mean.high))
    if most > 1.0:
        return mean
    alone = next(member for member, one in zip(members, numbers, strict=True) if name in one)
    interval = accuracy_interval(known[0], alone.accuracy.samples)
    return mean if interval is None else replace(mean, low=interval.low, high=interval.high)
