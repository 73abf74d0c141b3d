"""The pipeline of the optical processing unit: what each stage is at during the first frames of a run.

A bar is one frame in one stage, at every detail of the trace. Where single frames are not known
(``emulator.trace.analysis.frames``), it is one pass of a command's frames through a stage, from the first one's
start to the last one's end. NOT the whole run: that is ``lightloop timeline``.
"""

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.analysis.excerpt import all_spans
from emulator.trace.analysis.frames import frames_known
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import Spans
from emulator.units import PS_PER_S, format_si, ps_to_s
from experiments.figure.style import BLUE, GREEN, ORANGE, PINK, SKY, time_unit, title_of
from experiments.output.drawing import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["pipeline_figure"]

_FRAMES: Final = 10
_PASSES: Final = 4

_NARROW: Final = 0.006
"""Share of the window below which a bar needs its edge to be seen."""

_STAGES: Final = {
    "uplink": ("pattern to the DMD", SKY),
    "camera": ("exposure", ORANGE),
    "sensor": ("readout", PINK),
    "downlink": ("frame to the host", BLUE),
    "grabber": ("frame to numbers", GREEN),
}
"""Stages from top to bottom, what they do, and their colours."""

_HOST_COLOURS: Final = ("#0B2A3C", "#7F7F7F", "#C9A227", "#7A5195", "#A44A3F")
"""Dark, grey, ochre, violet, brick: far from the stages' own; the last is that of all further activities."""


def pipeline_figure(trace: Trace) -> "Figure":
    """Return a time line of the stages and the host: the first ten frames, or the first four passes.

    Raises ``TraceError`` when the trace holds no spans of a camera: no unit stood on the bench, or its detail is
    "summary".
    """
    from matplotlib.figure import Figure

    spans, resources = all_spans(trace), trace.labels("spans.resource")
    exposures = _of(spans, resources, "camera")
    if len(exposures) == 0:
        raise TraceError(
            f"{trace.path}: no frames were recorded, so there is no pipeline to draw; allowed: a run with an "
            "optical processing unit and trace.detail = 'full' or 'commands'"
        )
    by_frame = frames_known(trace)
    chosen = exposures[: _FRAMES if by_frame else _PASSES]
    begin_ps, end_ps = _window(spans, resources, chosen)
    factor, unit = time_unit(ps_to_s(end_ps - begin_ps))
    scale = factor / PS_PER_S
    figure = Figure(figsize=(8.0, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.set_xlim(0.0, (end_ps - begin_ps) * scale)
    seen = _within(spans, begin_ps, end_ps)
    names = []
    for row, (stage, (what, colour)) in enumerate(_STAGES.items()):
        bars = seen[np.isin(seen, _of(spans, resources, stage))]
        _draw_bars(axes, row, spans, bars, begin_ps, scale, colour)
        names.append(f"{stage}: {what}\n{_duration(spans, bars)}")
    _number(axes, list(_STAGES).index("camera"), spans, chosen, begin_ps, scale)
    _draw_host(axes, trace, spans, seen[np.isin(seen, _of(spans, resources, "host"))], begin_ps, scale)
    axes.set_yticks(range(len(names) + 1), [*names, "host: steps of training"], fontsize=8.0)
    axes.set_ylim(len(names) + 0.6, -0.6)
    axes.set_xlabel(f"Emulated time ({unit})")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    first = f"the first {len(chosen)} {'frames' if by_frame else 'passes of frames'}"
    figure.suptitle(f"{title_of(trace)} · {first}", fontsize=9.0)
    return figure


def _duration(spans: Spans, bars: NDArray[np.int64]) -> str:
    """Return how long ``bars`` take in the mean, or that there are none."""
    if len(bars) == 0:
        return "not reached"
    mean_s = float((spans.t_end[bars] - spans.t_start[bars]).mean()) / PS_PER_S
    return f"{format_si(mean_s, 's', 3).replace(' us', ' µs')} each"


def _of(spans: Spans, resources: tuple[str, ...], name: str) -> NDArray[np.int64]:
    """Return the rows of the resource ``name``, by start."""
    if name not in resources:
        return np.empty(0, dtype=np.int64)
    rows = np.flatnonzero(spans.resource == resources.index(name))
    return rows[np.argsort(spans.t_start[rows], kind="stable")]


def _window(spans: Spans, resources: tuple[str, ...], chosen: NDArray[np.int64]) -> tuple[int, int]:
    """Return the instants, in ps, from the first span to a little after the chosen exposures' last effect."""
    begin_ps = int(spans.t_start.min())
    last_ps = int(spans.t_end[chosen].max())
    grabs = _of(spans, resources, "grabber")
    after = grabs[spans.t_end[grabs] > last_ps]
    end_ps = int(spans.t_end[after[0]]) if len(after) else last_ps
    return begin_ps, end_ps + (end_ps - begin_ps) // 40


def _within(spans: Spans, begin_ps: int, end_ps: int) -> NDArray[np.int64]:
    return np.flatnonzero((spans.t_start < end_ps) & (spans.t_end > begin_ps))


def _draw_bars(
    axes: "Axes",
    row: float,
    spans: Spans,
    bars: NDArray[np.int64],
    begin_ps: int,
    scale: float,
    colour: str,
) -> None:
    """Draw the spans ``bars`` in ``row``; an edge parts neighbours, or makes a narrow bar wide enough to see."""
    starts = (spans.t_start[bars] - begin_ps) * scale
    widths = (spans.t_end[bars] - spans.t_start[bars]) * scale
    wide = axes.get_xlim()[1] * _NARROW
    axes.broken_barh(
        list(zip(starts.tolist(), widths.tolist(), strict=True)),
        (row - 0.36, 0.72),
        facecolors=colour,
        edgecolors=["white" if width > wide else colour for width in widths.tolist()],
        linewidth=0.6,
    )


def _number(
    axes: "Axes", row: int, spans: Spans, chosen: NDArray[np.int64], begin_ps: int, scale: float
) -> None:
    """Write into each chosen bar which one it is."""
    for number, bar in enumerate(chosen, start=1):
        middle = (int(spans.t_start[bar]) + int(spans.t_end[bar])) / 2 - begin_ps
        axes.text(middle * scale, row, str(number), ha="center", va="center", color="white", fontsize=8.0)


def _draw_host(
    axes: "Axes", trace: Trace, spans: Spans, bars: NDArray[np.int64], begin_ps: int, scale: float
) -> None:
    """Draw the host's spans, a colour for each activity, and name them."""
    from matplotlib.patches import Patch

    activities = trace.labels("spans.activity")
    found = list(dict.fromkeys(spans.activity[bars].tolist()))
    own = len(_HOST_COLOURS) - (len(found) > len(_HOST_COLOURS))
    groups = [([number], activities[number].replace("_", " ")) for number in found[:own]]
    if found[own:]:
        groups.append((found[own:], "all else"))
    handles = []
    for (numbers, name), colour in zip(groups, _HOST_COLOURS, strict=False):
        mine = bars[np.isin(spans.activity[bars], numbers)]
        _draw_bars(axes, len(_STAGES), spans, mine, begin_ps, scale, colour)
        handles.append(Patch(color=colour, label=plain(f"host: {name}")))
    if handles:
        axes.figure.legend(
            handles=handles, loc="outside lower right", ncols=min(4, len(handles)), frameon=False
        )
