"""How far a sweep has come: a bar on a terminal, a line now and then elsewhere; it runs nothing."""

import sys
from collections.abc import Callable
from time import monotonic
from typing import Self

from rich.console import Console

from experiments.output.streams.bar import Bar
from experiments.output.streams.pulse import duration
from experiments.sweep.plan import Plan

__all__ = ["SweepLine", "sized"]


class SweepLine:
    """Tell how many runs have ended, on stderr; nothing when ``quiet``. ``clock`` gives seconds."""

    def __init__(
        self, quiet: bool = False, console: Console | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        self._clock, self._began_s = clock, clock()
        self._first: int | None = None
        self._done = self._total = self._failed = 0
        self._bar = Bar("runs", 1, self.line, quiet, console, "sweeping")

    def __enter__(self) -> Self:
        self._bar.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.__exit__()

    def say(self, done: int, total: int, failed: int) -> None:
        """Tell that ``done`` of ``total`` runs have ended, of which ``failed`` failed."""
        self._done, self._total, self._failed = done, total, failed
        self._bar.show("sweeping", done, total, self._facts())
        if self._first is None:
            self._first = done
        if done == total and not (self._bar.silent or self._bar.drawn):
            sys.stderr.write(f"{self.line(0.0)}\n")
            sys.stderr.flush()

    def line(self, lasted_s: float) -> str:
        """Return in a line how far the sweep has come after ``lasted_s`` seconds."""
        if self._first is None:
            return f"sweep: no run has ended after {duration(lasted_s)}"
        fresh, missing = self._done - self._first, self._total - self._done
        left_s = (self._clock() - self._began_s) / fresh * missing if fresh else 0.0
        left = f", about {duration(left_s)} left" if fresh and missing else ""
        return f"sweep: {self._done:,} of {self._total:,} runs{self._facts()}{left}"

    def _facts(self) -> str:
        return f", {self._failed} failed" if self._failed else ""


def sized(plan: Plan, traces: bool) -> str:
    """Return in words what ``plan`` is going to run and how much room it takes."""
    room = f", traces of about {_bytes(plan.bytes_at_most)}" if traces else ", no traces"
    points, seeds = plan.points, len(plan.seeds)
    return f"{points:,} points x {seeds} seed{'s' * (seeds > 1)} = {len(plan.runs):,} runs{room}"


def _bytes(count: int) -> str:
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            return f"{count / limit:.1f} {unit}"
    return f"{count} bytes"
