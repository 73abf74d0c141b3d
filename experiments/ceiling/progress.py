"""How far an oracle has climbed: a bar on a terminal, a line now and then elsewhere."""

from typing import Self

from rich.console import Console

from experiments.ceiling.oracle import STEPS
from experiments.output.streams.bar import Bar
from experiments.output.streams.pulse import duration

__all__ = ["ClimbLine"]


class ClimbLine:
    """Tell on stderr how many steps of the climbs of so many ``seeds`` have been made; nothing when ``quiet``."""

    def __init__(self, seeds: int, quiet: bool = False, console: Console | None = None) -> None:
        self._done, self._total = 0, seeds * STEPS
        self._bar = Bar("steps", self._total, self.line, quiet, console)

    def __enter__(self) -> Self:
        self._bar.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.__exit__()

    def say(self, done: int) -> None:
        """Tell that ``done`` steps have been made."""
        self._done = done
        self._bar.show("climbing", done, self._total)

    def line(self, lasted_s: float) -> str:
        """Return in a line how far it is after ``lasted_s`` seconds."""
        return f"ceiling: {self._done:,} of {self._total:,} steps, at work for {duration(lasted_s)}"
