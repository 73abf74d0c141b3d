"""Where the emulated time went: the latency ledger as a waterfall in the order of service, and as a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emulator.trace.analysis.excerpt import commands_at
from emulator.trace.analysis.frames import stored_spans
from emulator.trace.analysis.ledger import HOST, IDLE, span_name
from emulator.trace.plans import expand_plans, merge_spans
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import Spans
from experiments.compare.comparison import Contender
from experiments.report.markup import Markup, element, join, note, swatch, table, text
from experiments.report.numbers import Scale, adding_up, percentages, scale_for
from experiments.report.plot import FONT, new_plot
from experiments.report.section import Section, colour, plot_labels

if TYPE_CHECKING:
    from bokeh.models import Model
    from bokeh.plotting import figure

Floats = NDArray[np.float64]

__all__ = ["service_order", "waterfall_section"]

_IDLE_COLOUR = "#c3c9d0"
_VANISHING = 0.05
_LATE = 0.62
"""Share of the axis beyond which a bar's label stands to its left, so that the axis ends where the run does."""

_ROOM = 0.25
"""Share of the axis that a label takes; one with less room on its left stands inside its bar."""

_INK = "#1d2733"


def service_order(trace: Trace, latency_s: dict[str, float]) -> tuple[str, ...]:
    """Return the names of ``latency_s`` in the order in which a run first meets them; host and idle come last.

    A trace of detail "summary" does not hold the order: the longest comes first.
    """
    first = _first_spans(trace)
    keys, place = np.unique(first.resource.astype(np.int64) * 256 + first.activity, return_index=True)
    met = [span_name(trace, key) for key in keys[np.argsort(place)].tolist()]
    names = dict.fromkeys(name for name in met if name in latency_s)
    rest = sorted((name for name in latency_s if name not in names), key=lambda name: -latency_s[name])
    ends = [name for name in (HOST, IDLE) if name in latency_s]
    return (*(name for name in (*names, *rest) if name not in ends), *ends)


def _first_spans(trace: Trace) -> Spans:
    """Return spans by start and command, of every plan those of the command that began it first, and all others."""
    if trace.detail == "full":
        return trace.spans
    commands = trace.commands
    begun = np.lexsort((np.arange(len(commands.plan)), commands.t_started))
    _, place = np.unique(commands.plan[begun], return_index=True)
    rows = np.sort(begun[place])
    planned = expand_plans(commands_at(commands, rows), trace.plans)
    planned = Spans(planned.resource, planned.activity, planned.t_start, planned.t_end, rows[planned.command])
    return merge_spans(stored_spans(trace), planned)


def waterfall_section(contenders: Sequence[Contender], orders: Sequence[Sequence[str]]) -> Section:
    """Return the section: a waterfall and a table a trace."""
    parts: list[Markup | Model] = []
    for number, (one, order) in enumerate(zip(contenders, orders, strict=True)):
        if len(contenders) > 1:
            parts.append(element("h3", text(one.name)))
        if one.elapsed_s == 0:
            parts.append(note("The run took no emulated time."))
            continue
        end_s = _shared_end_s(one, contenders)
        scale = scale_for(end_s, "s")
        legend = element(
            "p",
            join((swatch(colour(number), "something ran"), swatch(_IDLE_COLOUR, "nothing ran"))),
            class_="legends",
        )
        parts += (
            legend,
            _waterfall(one, order, number, scale, end_s * scale.factor),
            _ledger(one, order, scale),
        )
    parts.append(
        note(
            "Every instant belongs to one span, the one that started last, and among the stages of a pipeline to "
            "the slowest, so that the spans add up to the elapsed time. Last digits are rounded so that each "
            "column adds up as printed."
        )
    )
    return Section("time", "Where the time went", parts)


def _shared_end_s(one: Contender, contenders: Sequence[Contender]) -> float:
    """Return where the axis ends: all runs share one, but for a run that would vanish beside the longest."""
    longest_s = max(other.elapsed_s for other in contenders)
    return longest_s if one.elapsed_s >= _VANISHING * longest_s else one.elapsed_s


def _waterfall(one: Contender, order: Sequence[str], number: int, scale: Scale, end: float) -> "figure":
    from bokeh.models import ColumnDataSource, FactorRange, NumeralTickFormatter, Range1d

    seconds = [one.latency_by_span_s[name] for name in order]
    widths = np.array(seconds) * scale.factor
    right = np.cumsum(widths)
    printed, share = adding_up(seconds, scale, 4).cells, percentages(seconds).cells
    names = plot_labels(order)
    source = ColumnDataSource(
        {
            "name": names,
            "left": right - widths,
            "right": right,
            "label": [f"{t} {scale.unit} · {p} %" for t, p in zip(printed, share, strict=True)],
            **_label_places(right - widths, right, [name == IDLE for name in order], end),
            "colour": [_IDLE_COLOUR if name == IDLE else colour(number) for name in order],
        }
    )
    plot = new_plot(
        24 * len(names) + 64,
        (f"Emulated time ({scale.unit})", ""),
        x_range=Range1d(start=0.0, end=end),
        y_range=FactorRange(factors=names[::-1], range_padding=0.6, range_padding_units="absolute"),
    )
    plot.hbar(y="name", left="left", right="right", height=0.62, color="colour", source=source)
    plot.text(
        x="at",
        y="name",
        text="label",
        source=source,
        x_offset="offset",
        text_align="align",
        text_baseline="middle",
        text_font={"value": FONT},
        text_font_size="11px",
        text_color="ink",
    )
    plot.ygrid.grid_line_color = None
    plot.xaxis.formatter = NumeralTickFormatter(format="0,0.[000]")
    return plot


def _label_places(left: Floats, right: Floats, pale: Sequence[bool], end: float) -> dict[str, list[Any]]:
    """Return where each bar's label stands: behind it, where there is no room before it, else within it."""
    places: list[tuple[float, float, str, str]] = []
    for begin, finish, light in zip(left.tolist(), right.tolist(), pale, strict=True):
        if finish <= _LATE * end:
            places.append((finish, 6.0, "left", _INK))
        elif begin >= _ROOM * end:
            places.append((begin, -6.0, "right", _INK))
        else:
            places.append((finish, -6.0, "right", _INK if light else "#ffffff"))
    columns = zip(*places, strict=True) if places else ((), (), (), ())
    return {
        name: list(column) for name, column in zip(("at", "offset", "align", "ink"), columns, strict=True)
    }


def _ledger(one: Contender, order: Sequence[str], scale: Scale) -> Markup:
    seconds = [one.latency_by_span_s[name] for name in order]
    column, share = adding_up(seconds, scale), percentages(seconds)
    each = scale_for(one.elapsed_s / one.queries, "s") if one.queries else None
    head = ["span", f"time ({scale.unit})", "share (%)"]
    rows = [list(cells) for cells in zip(order, column.cells, share.cells, strict=True)]
    foot = ["sum = elapsed", column.total, share.total]
    if each is not None:
        per_query = adding_up([value / one.queries for value in seconds], each)
        head.append(f"a query ({each.unit})")
        rows = [[*row, cell] for row, cell in zip(rows, per_query.cells, strict=True)]
        foot.append(per_query.total)
    return table(head, rows, foot)
