"""The progress of a run on stderr: a line that is drawn anew on a terminal, lines now and then elsewhere."""

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from emulator.bench import Bench
from emulator.units import format_si, ps_to_s
from experiments.output.streams.pulse import Pulse, duration
from experiments.output.streams.screen import Screen
from experiments.run.run import Started
from experiments.run.watching.watch import Watch

__all__ = ["ProgressLine"]

_EVERY_QUERIES = 200
_EVERY_WALL_S = 0.25


class ProgressLine:
    """Draw the state of a run a few times a second, as an observer; without a terminal, say it now and then.

    ``quiet`` does neither. Nothing is recorded. ``clock`` gives seconds.
    """

    every_queries = _EVERY_QUERIES

    def __init__(
        self, quiet: bool = False, console: Console | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        console = console or Screen(stderr=True)
        self._shown = console.is_terminal and not quiet
        self._pulse = Pulse(self.line, shown=not (self._shown or quiet))
        self._clock = clock
        self._started: Started | None = None
        self._next_s = self._began_s = 0.0
        self._notes = None if quiet else console
        self._watch: Watch | None = None
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.completed:,}/{task.total:,} queries"),
            TextColumn("{task.fields[facts]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            auto_refresh=False,
            transient=True,
            expand=True,
            disable=not self._shown,
        )
        self._task = self._progress.add_task("preparing", total=1, facts="")

    def __enter__(self) -> Self:
        self._progress.start()
        self._progress.refresh()
        self._pulse.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._pulse.__exit__()
        self._progress.stop()

    def begin(self, started: Started) -> None:
        """Say what was done to what the user brought, and that emulated time begins."""
        if self._notes is not None:
            for note in started.notes:
                self._notes.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)
        self._watch, self._started, self._began_s = started.watch, started, self._clock()
        self._progress.reset(self._task, description=started.watch.verb, total=started.queries)

    def observe(self, bench: Bench) -> Mapping[str, float]:
        """Draw what ``bench`` is at, unless that was done a moment ago; return no metrics."""
        now_s = self._clock()
        if self._shown and now_s >= self._next_s:
            self._progress.update(self._task, completed=bench.queries, facts=self._facts(bench), refresh=True)
            self._next_s = now_s + _EVERY_WALL_S
        return {}

    def line(self, lasted_s: float) -> str:
        """Return in a line what the run is at after ``lasted_s`` seconds of work."""
        if self._started is None:
            return f"run: preparing for {duration(lasted_s)}"
        bench, watch, total = self._started.bench, self._started.watch, self._started.queries
        done, time = bench.queries, format_si(ps_to_s(bench.now_ps), "s", 3)
        judged = f", {watch.judged}" if watch.judged else ""
        worked_s = self._clock() - self._began_s
        left = f", about {duration(worked_s / done * (total - done))} left" if 0 < done < total else ""
        return f"run: {watch.verb}, {done:,} of {total:,} queries, {time} of emulated time{judged}{left}"

    def _facts(self, bench: Bench) -> str:
        time = format_si(ps_to_s(bench.now_ps), "s", 3)
        return f"{time:>8} | {'' if self._watch is None else self._watch.facts(bench)}"
