"""A console on which whatever users wrote is text: no markup is obeyed, no sign of theirs commands a terminal.

Titles, labels, reasons, names of agents and metrics, and paths come from people and from files of other people.
"""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from experiments.output.streams.standard import visible

__all__ = ["Screen"]


class Screen(Console):
    """Print on stdout, or on stderr where ``stderr``, what is given and nothing that it might mean."""

    def __init__(self, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of ``renderable``; rich's own commands to a terminal stay."""
        for one in super().render(renderable, options):
            yield one if one.control else Segment(visible(one.text), one.style)
