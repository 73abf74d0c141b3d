"""The Pareto front of points that are judged by several numbers; it knows no sweep."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError

__all__ = ["Goal", "front", "goals_of"]

_LARGE_IS_GOOD: Final = ("accuracy", "alignment", "fidelity", "r2")


@dataclass(frozen=True)
class Goal:
    """Name a number, and say whether more of it is better."""

    name: str
    more: bool


def goals_of(text: str) -> tuple[Goal, ...]:
    """Return the goals of a text such as ``"accuracy,energy_j"`` or ``"accuracy:max,energy_j:min"``.

    Accuracies, alignments and fidelities are better when larger, all else when smaller. Raises ``ConfigError`` for
    fewer than two goals, a goal twice, and another ending.
    """
    goals = []
    for part in text.split(","):
        name, colon, end = (each.strip() for each in part.partition(":"))
        if not name or (colon and end not in ("max", "min")):
            raise ConfigError(
                f"--pareto {text[:80]!r} is refused; allowed: NAME,NAME,... with :max or :min behind a name"
            )
        goals.append(Goal(name, end == "max" if colon else any(word in name for word in _LARGE_IS_GOOD)))
    names = [goal.name for goal in goals]
    if len(names) < 2 or len(set(names)) < len(names):
        raise ConfigError(f"--pareto {text[:80]!r} is refused; allowed: two or more different names")
    return tuple(goals)


def front(values: NDArray[np.float64], goals: Sequence[Goal]) -> NDArray[np.bool_]:
    """Return which rows of ``values`` (points, goals) no other row beats.

    A row beats another when it is as good in every goal and better in one; equal rows do not beat each other. A row
    with a NaN is never on the front and beats nobody.
    """
    costs = np.where([goal.more for goal in goals], -values, values)
    known = np.flatnonzero(~np.isnan(costs).any(axis=1))
    others = costs[known]
    best = np.zeros(len(values), dtype=np.bool_)
    for row in known:
        as_good, better = (others <= costs[row]).all(axis=1), (others < costs[row]).any(axis=1)
        best[row] = not np.any(as_good & better)
    return best
