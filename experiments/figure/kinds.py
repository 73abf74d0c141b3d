"""Figures of a trace: what it recorded, with units, and nothing that it did not record.

One registry of kinds; how each is drawn is in ``experiments.figure``.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.errors import ConfigError, nearest
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from experiments.figure.learning import learning_figure
from experiments.figure.pipeline import pipeline_figure
from experiments.figure.recovery import recovery_figure
from experiments.figure.seeds import SEVERAL, seeds_figure
from experiments.figure.speckle import speckle_figure
from experiments.output.drawing import check_image, drawing, write_image
from experiments.output.fragment import fragment_note

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


def draw_figure(paths: Path | Sequence[Path], out: Path, kind: str | None = None, force: bool = False) -> str:
    """Draw the trace at ``paths``, or several, into the image ``out``; only ``force`` replaces a file there.

    Return what to say of those that are fragments of runs, nothing where none is.

    ``kind`` None is what the traces are about. Several become a line a group of seeds. Raises ``ConfigError`` on an
    unknown kind or image type, a kind that shows one trace, traces of several kinds, and when ``out`` is there
    already or cannot be written; and ``TraceError`` when a trace is damaged or lacks what the figure shows.
    """
    paths = [paths] if isinstance(paths, Path) else list(paths)
    _check_kind(kind, len(paths))
    check_image(out, force, paths)
    with ExitStack() as stack, drawing():
        traces = [stack.enter_context(open_trace(path)) for path in paths]
        chosen = kind or _common_kind(traces)
        figure = _KINDS[chosen](traces[0]) if len(traces) == 1 else seeds_figure(traces, chosen)
        write_image(figure, out, force, paths)
        notes = [fragment_note(trace.status, trace.elapsed_s) for trace in traces]
    cut = [
        f"{path}: {note}" if len(paths) > 1 else note for path, note in zip(paths, notes, strict=True) if note
    ]
    return "; ".join(cut)


def _check_kind(kind: str | None, count: int) -> None:
    if kind is not None and kind not in _KINDS:
        hint = nearest(kind, _KINDS)
        raise ConfigError(
            f"--kind {kind[:60]!r} is unknown; allowed: {', '.join(_KINDS)}{hint and f'; {hint}'}"
        )
    if count < 1:
        raise ConfigError("figure: no trace is given; allowed: one or more")
    if count > 1 and kind is not None and kind not in SEVERAL:
        raise ConfigError(
            f"--kind {kind} shows one trace, and {count} are given; of several: {', '.join(SEVERAL)}"
        )


def _common_kind(traces: Sequence[Trace]) -> str:
    kinds = [default_kind(trace) for trace in traces]
    for trace, kind in zip(traces, kinds, strict=True):
        if kind != kinds[0]:
            raise ConfigError(
                f"figure: {traces[0].path} is about a {kinds[0]} and {trace.path} about a {kind}; give traces "
                "of one kind, or name it with --kind"
            )
    return kinds[0]
