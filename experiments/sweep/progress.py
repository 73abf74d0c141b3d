"""How far a sweep has come: a bar on a terminal, a line now and then elsewhere; it runs nothing."""

import sys
from time import monotonic
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from experiments.sweep.plan import Plan

__all__ = ["SweepLine", "sized"]

_EVERY_S: Final = 15.0
"""Between two lines where there is no terminal."""


class SweepLine:
    """Tell how many runs have ended, on stderr; nothing when ``quiet``."""

    def __init__(self, quiet: bool = False, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        self._quiet, self._bar = quiet, console.is_terminal and not quiet
        self._began_s = self._said_s = monotonic()
        self._first: int | None = None
        self._progress = Progress(
            TextColumn("sweeping"),
            BarColumn(bar_width=None),
            TextColumn("{task.completed:,}/{task.total:,} runs{task.fields[facts]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            expand=True,
            disable=not self._bar,
        )
        self._task = self._progress.add_task("", total=1, facts="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def say(self, done: int, total: int, failed: int) -> None:
        """Tell that ``done`` of ``total`` runs have ended, of which ``failed`` failed."""
        facts = f", {failed} failed" if failed else ""
        self._progress.update(self._task, completed=done, total=total, facts=facts)
        if self._first is None:
            self._first = done
        now_s = monotonic()
        if self._quiet or self._bar or (now_s - self._said_s < _EVERY_S and done < total):
            return
        self._said_s = now_s
        fresh = done - self._first
        left_s = (now_s - self._began_s) / fresh * (total - done) if fresh else 0.0
        left = f", about {_time(left_s)} left" if fresh and done < total else ""
        sys.stderr.write(f"sweep: {done:,} of {total:,} runs{facts}{left}\n")
        sys.stderr.flush()


def sized(plan: Plan, traces: bool) -> str:
    """Return in words what ``plan`` is going to run and how much room it takes."""
    room = f", traces of about {_bytes(plan.bytes_at_most)}" if traces else ", no traces"
    points, seeds = plan.points, len(plan.seeds)
    return f"{points:,} points x {seeds} seed{'s' * (seeds > 1)} = {len(plan.runs):,} runs{room}"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _bytes(count: int) -> str:
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            return f"{count / limit:.1f} {unit}"
    return f"{count} bytes"
