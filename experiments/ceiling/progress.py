"""How far an oracle has climbed: a bar on a terminal, a line now and then elsewhere."""

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from experiments.ceiling.oracle import STEPS
from experiments.output.streams.pulse import Pulse, duration
from experiments.output.streams.screen import Screen

__all__ = ["ClimbLine"]


class ClimbLine:
    """Tell on stderr how many steps of the climbs of so many ``seeds`` have been made; nothing when ``quiet``."""

    def __init__(self, seeds: int, quiet: bool = False, console: Console | None = None) -> None:
        console = console or Screen(stderr=True)
        bar = console.is_terminal and not quiet
        self._done, self._total = 0, seeds * STEPS
        self._pulse = Pulse(self.line, shown=not (quiet or bar))
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.completed:,}/{task.total:,} steps"),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            expand=True,
            disable=not bar,
        )
        self._task = self._progress.add_task("preparing", total=self._total)

    def __enter__(self) -> Self:
        self._progress.start()
        self._pulse.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._pulse.__exit__()
        self._progress.stop()

    def say(self, done: int) -> None:
        """Tell that ``done`` steps have been made."""
        self._done = done
        self._progress.update(self._task, completed=done, description="climbing")

    def line(self, lasted_s: float) -> str:
        """Return in a line how far it is after ``lasted_s`` seconds."""
        return f"ceiling: {self._done:,} of {self._total:,} steps, at work for {duration(lasted_s)}"
