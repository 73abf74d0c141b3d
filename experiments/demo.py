"""The tour: two shipped recoveries, shortened, with their ledgers and figures; the full studies are ``run``'s."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from emulator.errors import TraceError
from emulator.trace.journal import journal_path
from emulator.trace.recover import part_path, recover
from experiments.figures import draw_figure
from experiments.inspection import inspect_trace
from experiments.inspection_view import show_ledgers, show_summary
from experiments.launch import launch, open_study

__all__ = ["DEMO", "Stop", "run_demo"]


@dataclass(frozen=True, slots=True)
class Stop:
    """Name one stop of the tour: a shipped study, and the queries that are enough to see it recover."""

    study: str
    queries: int


DEMO = (Stop("vowel_recovery", 20_000), Stop("mnist_recovery", 60_000))
"""The tour that ``lightloop demo`` makes."""


def run_demo(folder: Path, console: Console, quiet: bool = False, tour: tuple[Stop, ...] = DEMO) -> int:
    """Run ``tour`` into ``folder`` and return the exit code of the last run, see ``launch``.

    A trace and a figure of an earlier demo there are replaced, no other file is touched. A run that was
    interrupted or diverged ends the tour. Raises ``LightloopError`` as ``launch`` does.
    """
    for stop in tour:
        out = folder / f"{stop.study}.h5"
        _clear(out)
        launched = launch(open_study(stop.study, (f"controller.queries={stop.queries}",)), out, quiet)
        found = inspect_trace(out)
        console.rule()
        show_summary(found, console)
        show_ledgers(found, console)
        if launched.exit_code:
            return launched.exit_code
        figure = out.with_suffix(".png")
        draw_figure(out, figure, force=True)
        console.print(f"\nfigure {figure}\n", highlight=False)
    return 0


def _clear(out: Path) -> None:
    """Remove an earlier demo's trace and what a killed one left; a live one keeps its journal and refuses."""
    try:
        if journal_path(out).exists():
            recover(out)
        for path in (part_path(out), out):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise TraceError(f"{out}: an earlier demo's trace cannot be removed: {error.strerror}") from error
