"""Whose turn it is to look at a bench: observers look every so many queries, and once more at the end."""

import math
from collections.abc import Mapping, Sequence
from typing import Generic, Protocol, TypeVar

__all__ = ["Observing", "Turns"]

_Seen_contra = TypeVar("_Seen_contra", contravariant=True)


class Observing(Protocol[_Seen_contra]):
    """Look at the bench every ``every_queries`` queries, at no cost in emulated time or energy."""

    every_queries: int

    def observe(self, bench: _Seen_contra) -> Mapping[str, float]:
        """Return the metrics to record, or nothing."""


class Logged(Protocol):
    """What is looked at, and keeps what was seen."""

    def log(self, name: str, value: float) -> None:
        """Record a metric at the present time."""


_Looked = TypeVar("_Looked", bound=Logged)


class Turns(Generic[_Looked]):
    """Hold observers, each with the number of queries at which its turn comes; all may look at once."""

    def __init__(self, observers: Sequence[Observing[_Looked]] = ()) -> None:
        self._turns = [(0, observer) for observer in observers]

    def all_again(self) -> None:
        """Make it everybody's turn."""
        self._turns = [(0, observer) for _, observer in self._turns]

    def look(self, bench: _Looked, queries: int) -> float:
        """Let those look whose turn it is after ``queries``; return when the next turn comes."""
        turns = []
        for turn, observer in self._turns:
            if queries < turn:
                turns.append((turn, observer))
                continue
            for name, value in observer.observe(bench).items():
                bench.log(name, value)
            turns.append((queries + observer.every_queries, observer))
        self._turns = turns
        return min((turn for turn, _ in turns), default=math.inf)
