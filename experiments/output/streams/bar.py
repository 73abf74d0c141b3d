"""A bar on a terminal, and a line now and then elsewhere, about work that is counted; it knows nothing of it."""

from collections.abc import Callable
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from experiments.output.streams.pulse import Pulse
from experiments.output.streams.screen import Screen

__all__ = ["Bar"]


class Bar:
    """Show on ``console``, stderr if that is None, how much has been done of what is counted in ``unit``.

    Where there is no terminal ``line`` is said instead, which gets the seconds that have passed; ``quiet`` does
    neither. ``drawn`` and ``silent`` tell which it is.
    """

    def __init__(
        self,
        unit: str,
        total: int,
        line: Callable[[float], str],
        quiet: bool,
        console: Console | None,
        doing: str = "preparing",
    ) -> None:
        console = console or Screen(stderr=True)
        self.drawn = console.is_terminal and not quiet
        self.silent = quiet
        self._pulse = Pulse(line, shown=not (quiet or self.drawn))
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn(f"{{task.completed:,}}/{{task.total:,}} {unit}{{task.fields[facts]}}"),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            expand=True,
            disable=not self.drawn,
        )
        self._task = self._progress.add_task(doing, total=total, facts="")

    def __enter__(self) -> Self:
        self._progress.start()
        self._pulse.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._pulse.__exit__()
        self._progress.stop()

    def show(self, doing: str, done: int, total: int, facts: str = "") -> None:
        """Draw that ``done`` of ``total`` have been done by ``doing``, and ``facts`` behind it."""
        self._progress.update(self._task, description=doing, completed=done, total=total, facts=facts)
