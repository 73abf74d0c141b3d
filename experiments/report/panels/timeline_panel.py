"""The first commands of a run as a chart of its tracks, to be zoomed and moved; a viewer shows the whole run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from emulator.trace.reading.reader import Trace
from emulator.trace.timeline.tracks import Timeline, Track, timeline
from emulator.units import PS_PER_S, ps_to_s
from experiments.compare.comparison import Contender
from experiments.report.markup import Markup, element, join, note, text
from experiments.report.numbers import Scale, scale_for
from experiments.report.plot import new_plot
from experiments.report.section import Section, plot_labels, plot_text

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource, Model
    from bokeh.plotting import figure

__all__ = ["Excerpt", "View", "read_excerpt", "timeline_section"]

_MAX_SLICES: Final = 6000
_FIRST_VIEW: Final = 12
"""Commands that are in view when the page opens."""

_LABELS: Final = 156
"""Room for the names of the tracks, px, so that the charts below each other share their left edge."""

_TINTS: Final = (
    "#0072B2",
    "#56B4E9",
    "#009E73",
    "#E69F00",
    "#D55E00",
    "#CC79A7",
    "#8C96A0",
    "#B8A200",
    "#7A5195",
    "#4F6D7A",
    "#A8C686",
    "#A44A3F",
    "#2F4B7C",
)
"""Colours of slices, by what they are; more than eight cannot all stay apart, so that pointing tells the name."""


@dataclass(frozen=True, eq=False)
class Excerpt:
    """The timeline of the first ``commands`` commands; ``view_ps`` is the stretch that the page shows at first."""

    shown: Timeline
    commands: int
    recorded: int
    view_ps: int


@dataclass(frozen=True)
class View:
    """What the slider of one panel moves: the plot's range, how far it goes and how much is in view."""

    range_name: str
    end: float
    width: float


def read_excerpt(trace: Trace, commands: int) -> Excerpt | None:
    """Return the timeline of the first ``commands`` commands of ``trace``, of fewer when it has too many slices.

    None when the trace holds no commands, or when they took no time.
    """
    t_done = trace.commands.t_done
    count = min(commands, len(t_done))
    while count and t_done[count - 1]:
        shown = timeline(trace, 0.0, ps_to_s(int(t_done[count - 1])))
        if len(shown.slices.track) <= _MAX_SLICES or count == 1:
            view_ps = int(t_done[min(_FIRST_VIEW, count) - 1])
            return Excerpt(shown, count, len(t_done), view_ps)
        count //= 2
    return None


def timeline_section(
    contenders: Sequence[Contender], excerpts: Sequence[Excerpt | None]
) -> tuple[Section, tuple[View | None, ...]]:
    """Return the section, and for each trace what its slider moves (None: it has no panel)."""
    parts: list[Markup | Model] = []
    views: list[View | None] = []
    for number, (one, excerpt) in enumerate(zip(contenders, excerpts, strict=True)):
        if len(contenders) > 1:
            parts.append(element("h3", text(one.name)))
        if excerpt is None:
            parts.append(note(f"{one.name} holds no commands that took time: there is no timeline to show."))
            views.append(None)
            continue
        scale = scale_for(excerpt.view_ps / PS_PER_S, "s")
        view = View(f"timeline-range-{number}", *_extent(excerpt, scale))
        chart = _panel(excerpt, scale, view)
        parts += (_words(excerpt), _slider(number), chart, *_power(excerpt, scale, chart))
        views.append(view)
    words = (
        "Move the window with the slider, drag to pan, use the wheel to zoom; a slice tells its name and exact "
        "times when pointed at. “lightloop timeline” writes any part of a run for a trace viewer."
    )
    return Section("timeline", "Timeline", (*parts, note(words))), tuple(views)


def _extent(excerpt: Excerpt, scale: Scale) -> tuple[float, float]:
    """Return the end of the excerpt and the width of the first view in the unit of ``scale``."""
    window = excerpt.shown.window
    factor = scale.factor / PS_PER_S
    return (window.to_ps - window.from_ps) * factor, excerpt.view_ps * factor


def _words(excerpt: Excerpt) -> Markup:
    return note(
        f"The first {excerpt.commands:,} of {excerpt.recorded:,} commands, "
        f"{len(excerpt.shown.slices.track):,} slices."
    )


def _slider(number: int) -> Markup:
    name = f"timeline-start-{number}"
    slider = element(
        "input", id=name, type="range", min="0", max="1000", value="0", data_timeline=str(number)
    )
    return element("p", join((element("label", "Window starts", for_=name), slider)), class_="control")


def _panel(excerpt: Excerpt, scale: Scale, view: View) -> "figure":
    from bokeh.models import FactorRange, HoverTool, NumeralTickFormatter, Range1d

    tracks = plot_labels([_track_name(track) for track in excerpt.shown.tracks])
    plot = new_plot(
        22 * len(tracks) + 84,
        (f"Emulated time ({scale.unit})", ""),
        x_range=Range1d(start=0.0, end=view.width, name=view.range_name),
        y_range=FactorRange(factors=tracks[::-1], range_padding=0.5, range_padding_units="absolute"),
        tools="xpan,xwheel_zoom,reset,save",
    )
    bars = plot.hbar(
        y="track",
        left="left",
        right="right",
        height=0.7,
        fill_color="colour",
        line_color="white",
        line_width=0.5,
        source=_source(excerpt.shown, tracks, scale),
    )
    tooltips = [
        ("what", "@track: @name"),
        ("from", "@from"),
        ("to", "@to"),
        ("lasts", "@lasting"),
        ("command", "@command{0,0}"),
    ]
    plot.add_tools(HoverTool(renderers=[bars], tooltips=tooltips, visible=False))
    plot.toolbar.active_scroll = "auto"
    plot.min_border_left = _LABELS
    plot.ygrid.grid_line_color = None
    plot.xaxis.formatter = NumeralTickFormatter(format="0,0.[000000]")
    return plot


def _power(excerpt: Excerpt, scale: Scale, chart: "figure") -> tuple["figure", ...]:
    """Return the total power below the ``chart``, moving with it; none when no power was recorded."""
    from bokeh.models import BasicTicker, Range1d

    window = excerpt.shown.window
    for counter in excerpt.shown.counters:
        if counter.name == "power":
            time = np.append(counter.t - window.from_ps, window.to_ps - window.from_ps) * (
                scale.factor / PS_PER_S
            )
            watts = np.append(counter.value, counter.value[-1:])
            top = 1.1 * float(watts.max()) or 1.0
            plot = new_plot(
                120,
                (f"Emulated time ({scale.unit})", "Power (W)"),
                x_range=chart.x_range,
                y_range=Range1d(start=0.0, end=top),
            )
            plot.min_border_left = chart.min_border_left
            plot.step(time, watts, mode="after", color=_TINTS[0], line_width=1.4)
            plot.yaxis.ticker = BasicTicker(desired_num_ticks=3)
            return (plot,)
    return ()


def _track_name(track: Track) -> str:
    name = f"{track.name} (agent)" if track.group == "agents" else track.name
    return name if track.lane == 0 else f"{name} ·{track.lane + 1}"


def _source(shown: Timeline, tracks: Sequence[str], scale: Scale) -> "ColumnDataSource":
    from bokeh.models import ColumnDataSource

    slices = shown.slices
    factor = scale.factor / PS_PER_S
    return ColumnDataSource(
        {
            "track": [tracks[number] for number in slices.track.tolist()],
            "name": [plot_text(shown.names[number]) for number in slices.name.tolist()],
            "left": slices.t_start * factor,
            "right": slices.t_end * factor,
            "from": _exact(slices.t_from),
            "to": _exact(slices.t_to),
            "lasting": _exact(slices.t_to - slices.t_from),
            "command": slices.command,
            "colour": [_TINTS[number % len(_TINTS)] for number in slices.name.tolist()],
        }
    )


def _exact(t_ps: NDArray[np.int64]) -> list[str]:
    """Return instants as texts, in ns with every picosecond."""
    return [f"{ps // 1000:,}.{ps % 1000:03d} ns" for ps in t_ps.tolist()]
