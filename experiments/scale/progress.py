"""How far a timing of steps is: a bar on a terminal, a line now and then elsewhere."""

from time import monotonic
from typing import Self

from rich.console import Console

from experiments.output.streams.bar import Bar
from experiments.output.streams.pulse import duration

__all__ = ["StepBar"]

_EVERY_WALL_S = 0.25


class StepBar:
    """Show on ``console`` how many of ``steps`` have been played."""

    def __init__(self, steps: int, console: Console | None = None) -> None:
        self._steps, self._done = steps, 0
        self._next_s = 0.0
        self._bar = Bar("steps", steps, self.line, quiet=False, console=console)

    def __enter__(self) -> Self:
        self._bar.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.__exit__()

    def tell(self, done: int) -> None:
        """Show that ``done`` steps have been played, unless that was done a moment ago."""
        self._done = done
        now_s = monotonic()
        if now_s >= self._next_s:
            self._bar.show("timing", done, self._steps)
            self._next_s = now_s + _EVERY_WALL_S

    def line(self, lasted_s: float) -> str:
        """Return in a line how far it is after ``lasted_s`` seconds."""
        done, steps = self._done, self._steps
        left = f", about {duration(lasted_s / done * (steps - done))} left" if 0 < done < steps else ""
        return f"scale: {done:,} of {steps:,} steps{left}"
