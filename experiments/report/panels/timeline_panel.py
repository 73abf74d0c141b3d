"""The first commands of a run as a chart of its tracks, to be zoomed and moved; a viewer shows the whole run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError
from emulator.trace.reading.reader import Trace
from emulator.trace.timeline.tracks import Timeline, Track, timeline
from emulator.units import PS_PER_S, ps_to_s
from experiments.compare.comparison import Contender
from experiments.report.markup import Markup, element, join, note, swatch, text
from experiments.report.numbers import Scale, scale_for
from experiments.report.plot import new_plot
from experiments.report.section import Section, plot_labels, plot_text

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource, Model
    from bokeh.plotting import figure

__all__ = ["Excerpt", "View", "read_excerpt", "timeline_section"]

_MAX_SLICES: Final = 6000
_FIRST_VIEW: Final = 12
_FIRST_SLICES: Final = 150
"""Commands, and slices, that are in view when the page opens: whichever are done first."""

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

_HALF: Final = 0.35
"""Half the height of a slice, where tracks are 1 apart."""

_HIGHEST_W: Final = 1e300
"""End of the axis of power that a browser still draws."""

_SHADE: Final = 0.72
"""Brightness of the line at a slice's start, which parts it from its neighbour and shows one without width."""


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
    """Return the timeline of the first ``commands`` commands of ``trace``, of less when it has too many slices.

    None when the trace holds no commands, or when they took no time.
    """
    t_done = trace.commands.t_done
    count = min(commands, len(t_done))
    to_ps = min(int(t_done[count - 1]), trace.elapsed_ps) if count else 0
    while to_ps > 0:
        try:
            shown = timeline(trace, 0.0, ps_to_s(to_ps))
        except ConfigError:  # more than any viewer takes
            to_ps //= 2
            continue
        starts = np.sort(shown.slices.t_start)
        if len(starts) > _MAX_SLICES and 0 < starts[_MAX_SLICES] < to_ps:
            to_ps = int(starts[_MAX_SLICES])
            continue
        count = int(np.sum(trace.commands.t_issued[:count] < to_ps))
        return Excerpt(shown, count, len(t_done), _first_view_ps(t_done[:count], starts, to_ps))
    return None


def _first_view_ps(t_done: NDArray[np.int64], starts: NDArray[np.int64], to_ps: int) -> int:
    """Return how much of the excerpt is in view at first: some commands, and no more slices than stay apart."""
    view_ps = int(t_done[min(_FIRST_VIEW, len(t_done)) - 1])
    if len(starts) > _FIRST_SLICES and starts[_FIRST_SLICES] > 0:
        view_ps = min(view_ps, int(starts[_FIRST_SLICES]))
    return min(view_ps, to_ps) or to_ps


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
        parts += (_words(excerpt), _legend(excerpt), _slider(number), chart, *_power(excerpt, scale, chart))
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


def _legend(excerpt: Excerpt) -> Markup:
    """Return what each colour of the chart stands for."""
    colours = _colours(excerpt.shown)
    return element(
        "p",
        join(
            swatch(colour, excerpt.shown.names[number].replace("_", " "))
            for number, colour in colours.items()
        ),
        class_="legends",
    )


def _colours(shown: Timeline) -> dict[int, str]:
    """Return the colour of each name that slices of ``shown`` carry, by its number, in the order of the tracks."""
    _, first = np.unique(shown.slices.name, return_index=True)
    names = shown.slices.name[np.sort(first)].tolist()
    return {name: _TINTS[place % len(_TINTS)] for place, name in enumerate(names)}


def _shade(colour: str) -> str:
    """Return ``colour`` darker by ``_SHADE``."""
    return "#" + "".join(f"{round(_SHADE * int(colour[at : at + 2], 16)):02X}" for at in (1, 3, 5))


def _slider(number: int) -> Markup:
    name = f"timeline-start-{number}"
    slider = element(
        "input", id=name, type="range", min="0", max="1000", value="0", data_timeline=str(number)
    )
    return element("p", join((element("label", "Window starts", for_=name), slider)), class_="control")


def _panel(excerpt: Excerpt, scale: Scale, view: View) -> "figure":
    from bokeh.models import FactorRange, HoverTool, NumeralTickFormatter, Range1d
    from bokeh.transform import dodge

    tracks = plot_labels([_track_name(track) for track in excerpt.shown.tracks])
    plot = new_plot(
        22 * len(tracks) + 84,
        (f"Emulated time ({scale.unit})", ""),
        x_range=Range1d(start=0.0, end=view.width, name=view.range_name),
        y_range=FactorRange(factors=tracks[::-1], range_padding=0.5, range_padding_units="absolute"),
        tools="xpan,xwheel_zoom,reset,save",
    )
    source = _source(excerpt.shown, tracks, scale)
    # Rectangles by their middle: bars by their ends are cut at the view's edge, where all beyond it would pile up.
    bars = plot.rect(
        x="middle",
        y="track",
        width="width",
        height=2 * _HALF,
        fill_color="colour",
        line_color=None,
        source=source,
    )
    below, above = (dodge("track", away, range=plot.y_range) for away in (-_HALF, _HALF))
    plot.segment(x0="left", x1="left", y0=below, y1=above, line_color="shade", line_width=1.0, source=source)
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
            if not np.isfinite(watts).all():
                return ()
            top = min(1.1 * float(watts.max()), _HIGHEST_W) or 1.0
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
    colours = _colours(shown)
    return ColumnDataSource(
        {
            "track": [tracks[number] for number in slices.track.tolist()],
            "name": [plot_text(shown.names[number]) for number in slices.name.tolist()],
            "left": slices.t_start * factor,
            "middle": (slices.t_start + (slices.t_end - slices.t_start) / 2) * factor,
            "width": (slices.t_end - slices.t_start) * factor,
            "from": _exact(slices.t_from),
            "to": _exact(slices.t_to),
            "lasting": _exact(slices.t_to - slices.t_from),
            "command": slices.command,
            "colour": [colours[number] for number in slices.name.tolist()],
            "shade": [_shade(colours[number]) for number in slices.name.tolist()],
        }
    )


def _exact(t_ps: NDArray[np.int64]) -> list[str]:
    """Return instants as texts, in ns with every picosecond."""
    return [f"{ps // 1000:,}.{ps % 1000:03d} ns" for ps in t_ps.tolist()]
