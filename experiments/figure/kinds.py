"""Figures of a trace: what it recorded, with units, and nothing that it did not record.

One registry of kinds; how each is drawn is in ``experiments.figure``.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.errors import ConfigError, nearest
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from experiments.figure.learning import learning_figure
from experiments.figure.pipeline import pipeline_figure
from experiments.figure.recovery import recovery_figure
from experiments.figure.speckle import speckle_figure
from experiments.output.drawing import check_image, drawing, write_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["default_kind", "draw_figure", "figure_kinds"]

_KINDS: dict[str, Callable[[Trace], "Figure"]] = {
    "recovery": recovery_figure,
    "learning": learning_figure,
    "pipeline": pipeline_figure,
    "speckle": speckle_figure,
}


def figure_kinds() -> tuple[str, ...]:
    """Return the kinds that ``draw_figure`` knows."""
    return tuple(_KINDS)


def default_kind(trace: Trace) -> str:
    """Return the kind that shows what ``trace`` is about: ``learning`` for a training, else ``recovery``.

    A training is known by its epochs, or by a camera's frames where it ended before the first of them.
    """
    trained = "epoch" in trace.labels("metrics.name") or len(trace.frames.command) > 0
    return "learning" if trained else "recovery"


def draw_figure(path: Path, out: Path, kind: str | None = None, force: bool = False) -> None:
    """Draw the trace at ``path`` into the image ``out``; an existing file is replaced only with ``force``.

    ``kind`` None is what the trace is about. Raises ``ConfigError`` on an unknown kind or image type, and when
    ``out`` is there already or cannot be written; and ``TraceError`` when the trace is damaged or lacks what the
    figure shows.
    """
    if kind is not None and kind not in _KINDS:
        hint = nearest(kind, _KINDS)
        raise ConfigError(
            f"--kind {kind[:60]!r} is unknown; allowed: {', '.join(_KINDS)}{hint and f'; {hint}'}"
        )
    check_image(out, force, [path])
    with open_trace(path) as trace, drawing():
        write_image(_KINDS[kind or default_kind(trace)](trace), out, force, [path])
