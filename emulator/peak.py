"""The most that a bench draws at any instant, watched while it runs; only a bench with such a budget has a watch.

Levels change when phases are set, and steps of plans and frames draw above them while they last. Both are told
when they are known, which may be before or after their time. So the watch keeps the changes of power in order,
and adds up, exactly, those of which no more can be told.
"""

from bisect import insort
from collections.abc import Container, Iterable, Sequence
from fractions import Fraction
from itertools import groupby, takewhile
from operator import itemgetter

from emulator.plan import Step

__all__ = ["PeakWatch"]

_instant = itemgetter(0)


class PeakWatch:
    """Find the first instant at which more than ``limit_w`` is drawn: ``exceeded_w`` is the power then, or None.

    Only what the components ``counted`` draw counts; None is all of them.
    """

    def __init__(self, limit_w: float, counted: Container[str] | None = None) -> None:
        self._counted = counted
        self._others: set[int] = set()
        self.exceeded_w: float | None = None
        self._limit_w = Fraction(limit_w)
        self._settled_w = Fraction()
        self._changes: list[tuple[int, Fraction]] = []
        self._levels: dict[int, float] = {}
        self._foretold: set[int] = set()

    def meet(self, handle: int, component: str) -> None:
        """Note that ``handle`` stands for ``component``; one that was never met counts."""
        if not self._counts(component):
            self._others.add(handle)

    def _counts(self, component: str) -> bool:
        return self._counted is None or component in self._counted

    def level(self, handle: int, t_ps: int, watts: float) -> None:
        """Note that a component draws ``watts`` from ``t_ps`` on; its levels come in order of time."""
        if handle in self._foretold or handle in self._others:
            return
        change = Fraction(watts) - Fraction(self._levels.get(handle, 0.0))
        self._levels[handle] = watts
        if change:
            insort(self._changes, (t_ps, change))

    def levels(self, handle: int, t_ps: Iterable[int], watts: Iterable[float]) -> None:
        """Note many levels of one component."""
        for each in zip(t_ps, watts, strict=True):
            self.level(handle, *each)

    def steps(self, started_ps: int, steps: Sequence[Step]) -> None:
        """Note what ``steps`` draw, which follow each other from ``started_ps`` on."""
        t_ps = started_ps
        for watts, alike in groupby(
            steps, key=lambda step: step.watts if self._counts(step.component) else 0.0
        ):
            end_ps = t_ps + sum(max(0, step.ps) for step in alike)
            self._draw(t_ps, end_ps, watts)
            t_ps = end_ps

    def draw(self, handle: int, start_ps: int, end_ps: int, watts: float) -> None:
        """Note that a component will draw ``watts`` more for a while; its levels need not be told any more."""
        self._foretold.add(handle)
        if handle not in self._others:
            self._draw(start_ps, end_ps, watts)

    def settle(self, until_ps: int) -> None:
        """Add up the changes until ``until_ps``, of which all are told; those at one instant come together."""
        settled = list(takewhile(lambda change: change[0] <= until_ps, self._changes))
        del self._changes[: len(settled)]
        for _, together in groupby(settled, key=_instant):
            self._settled_w += sum(watts for _, watts in together)
            if self.exceeded_w is None and self._settled_w > self._limit_w:
                self.exceeded_w = float(self._settled_w)

    def _draw(self, start_ps: int, end_ps: int, watts: float) -> None:
        if watts and end_ps > start_ps:
            insort(self._changes, (start_ps, Fraction(watts)))
            insort(self._changes, (end_ps, -Fraction(watts)))
