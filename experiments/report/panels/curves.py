"""What judges runs, against queries, emulated time or energy: one plot, whose horizontal axis the reader chooses.

Runs that are judged by another metric than the first are not in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emulator.trace.analysis.energy_curve import total_energy_j
from emulator.trace.reading.reader import MetricSeries, Trace
from emulator.units import PS_PER_S
from experiments.compare.comparison import Contender
from experiments.output.measures import Measure
from experiments.report.markup import Markup, element, join, note, swatch, text
from experiments.report.numbers import Scale, scale_for
from experiments.report.plot import new_plot
from experiments.report.section import Section, colour
from experiments.report.thinning import extremes

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource
    from bokeh.plotting import figure

__all__ = ["Axis", "Curve", "Curves", "curve_names", "curves_section", "read_curves"]


@dataclass(frozen=True, eq=False)
class Curve:
    """One metric over a run, thinned from ``recorded`` points; no energy: none was recorded."""

    queries: NDArray[np.int64]
    elapsed_s: NDArray[np.float64]
    energy_j: NDArray[np.float64] | None
    value: NDArray[np.float64]
    recorded: int


@dataclass(frozen=True, eq=False)
class Curves:
    """The values of ``measure`` in one run; None is one that it did not log."""

    measure: Measure
    measured: Curve | None
    selected: Curve | None

    def drawn(self) -> list[tuple[str, Curve]]:
        """Return what there is to draw, with its name."""
        both = (("measured", self.measured), ("selected", self.selected))
        return [(kind, curve) for kind, curve in both if curve is not None]


@dataclass(frozen=True)
class Axis:
    """One choice of the control: the column of the sources, the label with its unit, where the axis ends."""

    field: str
    choice: str
    label: str
    end: float


def read_curves(trace: Trace, contender: Contender) -> Curves:
    """Return what was measured of ``trace``, and that of the state selected so far."""
    name = contender.judged.metric
    every = trace.metrics()
    return Curves(
        contender.judged.measure,
        _curve(trace, every.get(name or "")),
        _curve(trace, every.get(f"selected_{name}")),
    )


def curves_section(
    contenders: Sequence[Contender], curves: Sequence[Curves]
) -> tuple[Section, tuple[Axis, ...]]:
    """Return the section, and the axes that its control chooses from."""
    shown = _shown(curves)
    drawn = [curve for number in shown for _, curve in curves[number].drawn()]
    if not drawn:
        return Section("accuracy", "Accuracy", (note("No trace logged an accuracy."),)), ()
    scales, measure = _scales(drawn), curves[shown[0]].measure
    axes = _axes(drawn, scales)
    plot = _plot(axes[0], measure)
    for number in shown:
        _draw(plot, number, (contenders[number], curves[number]), scales, axes[0].field)
    legend = _legend(shown, contenders, curves)
    left = [one.name for number, one in enumerate(contenders) if number not in shown and one.judged.metric]
    words = _words(drawn) + (f" Judged by another metric: {', '.join(left)}." if left else "")
    title = measure.words[:1].upper() + measure.words[1:]
    return Section("accuracy", title, (_control(axes), legend, plot, note(words))), axes


def curve_names(curves: Sequence[Curves]) -> list[str]:
    """Return the names under which the page's script finds the lines of the plot."""
    return [_curve_name(number, kind) for number in _shown(curves) for kind, _ in curves[number].drawn()]


def _shown(curves: Sequence[Curves]) -> list[int]:
    """Return which of ``curves`` one axis can show: those of the measure of the first that has any."""
    known = [number for number, one in enumerate(curves) if one.drawn()]
    return [number for number in known if curves[number].measure == curves[known[0]].measure]


def _curve_name(number: int, kind: str) -> str:
    return f"accuracy-curve-{number}-{kind}"


def _curve(trace: Trace, series: MetricSeries | None) -> Curve | None:
    if series is None or len(series.value) == 0:
        return None
    kept = extremes(series.value)
    t_s, queries, value = series.t_s[kept], series.queries[kept], series.value[kept]
    joules = total_energy_j(trace, np.rint(t_s * PS_PER_S).astype(np.int64))
    return Curve(queries, t_s, joules, value, len(series.value))


def _scales(curves: Sequence[Curve]) -> tuple[Scale, Scale]:
    """Return the units of time and energy in which all ``curves`` read well."""
    seconds = max(float(curve.elapsed_s.max()) for curve in curves)
    joules = max((float(curve.energy_j.max()) for curve in curves if curve.energy_j is not None), default=0.0)
    return scale_for(seconds, "s"), scale_for(joules, "J")


def _axes(curves: Sequence[Curve], scales: tuple[Scale, Scale]) -> tuple[Axis, ...]:
    """Return the choices that every one of ``curves`` can be drawn against."""
    time, energy = scales
    axes = []
    queries = max(int(curve.queries.max()) for curve in curves)
    if queries > 0:
        axes.append(Axis("queries", "queries", "Queries", float(queries)))
    seconds = max(float(curve.elapsed_s.max()) for curve in curves)
    axes.append(Axis("time", "emulated time", f"Emulated time ({time.unit})", seconds * time.factor))
    joules = [float(curve.energy_j.max()) for curve in curves if curve.energy_j is not None]
    if len(joules) == len(curves):
        axes.append(Axis("energy", "energy", f"Energy ({energy.unit})", max(joules) * energy.factor))
    return tuple(axes)


def _plot(axis: Axis, measure: Measure) -> "figure":
    from bokeh.models import NumeralTickFormatter, Range1d

    plot = new_plot(
        360,
        (axis.label, measure.heading),
        x_range=Range1d(start=0.0, end=axis.end or 1.0, name="accuracy-range"),
        tools="pan,box_zoom,wheel_zoom,reset,save",
    )
    plot.xaxis.name = "accuracy-axis"
    plot.xaxis.formatter = NumeralTickFormatter(format="0,0.[000]")
    return plot


def _draw(
    plot: "figure",
    number: int,
    one: tuple[Contender, Curves],
    scales: tuple[Scale, Scale],
    field: str,
) -> None:
    """Draw one run; ``field`` is the column that lies on the horizontal axis at first."""
    from bokeh.models import HoverTool

    contender, curves = one
    ideal, measure = contender.judged.ideal, curves.measure
    if ideal is not None:
        plot.hspan(y=[measure.factor * ideal], line_color=colour(number), line_dash="dotted")
    for kind, curve in curves.drawn():
        source = _source(curve, measure, scales, field)
        line = (
            plot.line("x", "value", source=source)
            if kind == "measured"
            else plot.step("x", "value", source=source, mode="after", line_dash="dashed")
        )
        line.glyph.line_color = colour(number)
        line.glyph.line_width = 1.5
        line.name = _curve_name(number, kind)
        columns = [("queries", "@queries{0,0}"), (f"time ({scales[0].unit})", "@time{0,0.000}")]
        if curve.energy_j is not None:
            columns.append((f"energy ({scales[1].unit})", "@energy{0,0.000}"))
        tooltips = [(f"{kind} {measure.label}", f"@value{{0.{'0' * measure.digits}}}"), *columns]
        plot.add_tools(HoverTool(renderers=[line], tooltips=tooltips, visible=False))


@np.errstate(over="ignore", invalid="ignore")
def _source(curve: Curve, measure: Measure, scales: tuple[Scale, Scale], field: str) -> "ColumnDataSource":
    from bokeh.models import ColumnDataSource

    columns: dict[str, NDArray[np.float64]] = {
        "queries": curve.queries.astype(np.float64),
        "time": curve.elapsed_s * scales[0].factor,
        "value": measure.factor * curve.value,
    }
    if curve.energy_j is not None:
        columns["energy"] = curve.energy_j * scales[1].factor
    return ColumnDataSource({**columns, "x": columns[field]})


def _control(axes: Sequence[Axis]) -> Markup:
    options = join(element("option", text(axis.choice), value=str(at)) for at, axis in enumerate(axes))
    label = element("label", "Against", for_="accuracy-choice")
    return element("p", join((label, element("select", options, id="accuracy-choice"))), class_="control")


def _legend(shown: Sequence[int], contenders: Sequence[Contender], curves: Sequence[Curves]) -> Markup:
    styles = ["solid: measured"]
    if any(curves[number].selected is not None for number in shown):
        styles.append("dashed: the state of least validation loss so far")
    if any(contenders[number].judged.ideal is not None for number in shown):
        styles.append("dotted: the electronic model")
    entries = [swatch(colour(number), contenders[number].name) for number in shown]
    words = element("span", text(" · ".join(styles)), class_="note")
    return element("p", join((*entries, words)), class_="legends")


def _words(curves: Sequence[Curve]) -> str:
    recorded, shown = sum(curve.recorded for curve in curves), sum(len(curve.value) for curve in curves)
    if recorded == shown:
        return f"All {recorded:,} recorded points are shown."
    return (
        f"Thinned from {recorded:,} to {shown:,} points: the least and the greatest value of each bin are kept, "
        "so that no peak is lost."
    )
