"""The progress line of a run: queries, emulated time, accuracy, heater power on stderr; it records nothing."""

from collections.abc import Mapping
from time import monotonic
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from emulator.bench import Bench
from emulator.units import format_si, ps_to_s
from experiments.evaluation import RecoveryObserver

__all__ = ["ProgressLine"]

_EVERY_QUERIES = 200
_EVERY_WALL_S = 0.25


class ProgressLine:
    """Draw the state of a run a few times a second; it is an observer, so that drawing needs no thread.

    Nothing is drawn when ``quiet`` or when stderr is no terminal.
    """

    every_queries = _EVERY_QUERIES

    def __init__(self, queries: int, quiet: bool = False, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        self._shown = console.is_terminal and not quiet
        self._next_s = 0.0
        self._watch: RecoveryObserver | None = None
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
        self._task = self._progress.add_task("pre-training", total=queries, facts="")

    def __enter__(self) -> Self:
        self._progress.start()
        self._progress.refresh()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def begin(self, watch: RecoveryObserver) -> None:
        """Say that emulated time begins; ``watch`` knows the last accuracy."""
        self._watch = watch
        self._progress.reset(self._task, description="recovering")

    def observe(self, bench: Bench) -> Mapping[str, float]:
        """Draw what ``bench`` is at, unless that was done a moment ago; return no metrics."""
        now_s = monotonic()
        if self._shown and now_s >= self._next_s:
            self._progress.update(self._task, completed=bench.queries, facts=self._facts(bench), refresh=True)
            self._next_s = now_s + _EVERY_WALL_S
        return {}

    def _facts(self, bench: Bench) -> str:
        time = format_si(ps_to_s(bench.now_ps), "s", 3)
        power = format_si(bench.chip.core.heater_power_w, "W", 3)
        accuracy = "" if self._watch is None else f"test {100 * self._watch.test_accuracy:.1f} %"
        return f"{time:>8} | {accuracy} | heaters {power:>7}"
