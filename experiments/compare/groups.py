"""Traces that differ in their seeds alone, summed up: means with 95 % intervals, differences seed by seed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from experiments.compare.quality import Quality
from experiments.inspect.seeds import SeedGroup
from experiments.output.statistics import Mean, t_mean

if TYPE_CHECKING:
    from experiments.compare.comparison import Contender

__all__ = ["VALUES", "Group", "group_of", "numbers_of", "path_of"]

VALUES: Final = ("ideal", "first", "last", "best", "selected")
"""Which values of what a run is judged by are compared, by their names."""

_COSTS: Final = ("queries", "elapsed_s", "energy_j", "energy_delay_j_s")
_REACHED: Final = ("queries", "elapsed_s", "energy_j")
_PARTS: Final = ("energy_by_component_j", "latency_by_span_s", "utilisation")


@dataclass(frozen=True)
class Group:
    """Hold what traces that differ in their seeds alone have in common.

    ``numbers`` are by the path that each has in a trace's entry: "accuracy.selected", "energy_j",
    "energy_by_component_j.laser", "quality.last" where no accuracy judges. Intervals are Student's t over seeds, of
    one run's accuracy Wilson's, of another value what its standard error leaves.
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
    own_judge, first_judge = (contenders[one.members[0]].judged for one in (group, first))
    alike = own_judge.measure == first_judge.measure
    to_first = {
        name: t_mean([
            mine[own][name] - theirs[other][name]
            for own, other in both
            if name in mine[own] and name in theirs[other]
        ])
        for name in names
        if alike or not name.startswith(f"{path_of(own_judge)}.")
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
    found = {f"{path_of(one.judged)}.{name}": getattr(one.judged, name) for name in VALUES}
    found |= {name: getattr(one, name) for name in _COSTS}
    if one.reached is not None:
        found |= {f"reached.{name}": getattr(one.reached, name) for name in _REACHED}
    for part in _PARTS:
        found |= {f"{part}.{name}": value for name, value in getattr(one, part).items()}
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}


def path_of(quality: Quality) -> str:
    """Return under which key ``quality`` stands in the entry of a trace."""
    return "accuracy" if quality.measure.is_share else "quality"


def _mean(name: str, members: Sequence["Contender"], numbers: Sequence[dict[str, float]]) -> Mean:
    known = [one[name] for one in numbers if name in one]
    mean = t_mean(known)
    alone = next(member for member, one in zip(members, numbers, strict=True) if name in one).judged
    judges = name.startswith(f"{path_of(alone)}.")
    if mean.n > 1:  # no amount is ever negative
        least, most = (alone.measure.least, alone.measure.most) if judges else (0.0, math.inf)
        return replace(mean, low=max(least, mean.low), high=min(most, mean.high))
    interval = alone.interval(name.rpartition(".")[2]) if judges else None
    return mean if interval is None else replace(mean, low=interval.low, high=interval.high)
