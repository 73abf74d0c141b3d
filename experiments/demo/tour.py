"""The tour: two shipped recoveries, shortened, and a small training with light, with their ledgers and figures.

The full studies are ``run``'s.
"""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from emulator.errors import TraceError
from emulator.trace.writing.journal import journal_path
from emulator.trace.writing.recover import part_path, recover
from experiments.figure.kinds import draw_figure
from experiments.inspect.inspection import inspect_trace
from experiments.inspect.view import show_ledgers, show_summary
from experiments.run.launch import launch, open_study

__all__ = ["DEMO", "Stop", "run_demo"]


@dataclass(frozen=True, slots=True)
class Stop:
    """Name one stop of the tour: a shipped study, what is enough of it to see it work, and figures to draw.

    ``figures`` are kinds of figure; the first is named as the trace is, others after themselves.
    """

    study: str
    overrides: tuple[str, ...] = ()
    figures: tuple[str, ...] = ("recovery",)


DEMO = (
    Stop("vowel_recovery", ("controller.queries=20_000",)),
    Stop("mnist_recovery", ("controller.queries=60_000",)),
    Stop("mnist_light", figures=("learning", "pipeline", "speckle")),
)
"""The tour that ``lightloop demo`` makes."""


def run_demo(folder: Path, console: Console, quiet: bool = False, tour: tuple[Stop, ...] = DEMO) -> int:
    """Run ``tour`` into ``folder`` and return the exit code of the last run, see ``launch``.

    Traces and figures of an earlier demo there are replaced, no other file is touched. A run that was
    interrupted or diverged ends the tour. Raises ``LightloopError`` as ``launch`` does.
    """
    for stop in tour:
        out = folder / f"{stop.study}.h5"
        _clear(out)
        launched = launch(open_study(stop.study, stop.overrides), out, quiet)
        found = inspect_trace(out)
        console.rule()
        show_summary(found, console)
        show_ledgers(found, console)
        if launched.exit_code:
            return launched.exit_code
        console.print()
        for number, kind in enumerate(stop.figures):
            figure = folder / f"{stop.study}{f'-{kind}' if number else ''}.png"
            draw_figure(out, figure, kind, force=True)
            console.print(f"figure {figure}", highlight=False)
        console.print()
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
