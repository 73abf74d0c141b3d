"""Which change pays most, as a figure: bars for time, energy and energy x delay; it computes nothing."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.output.drawing import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    check_image,
    drawing,
    plain,
    title_lines,
    write_image,
)
from experiments.whatif.elasticity import Elasticities
from experiments.whatif.elasticity_view import MEASURES, value_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_tornado"]

_BARS: Final = 10
"""Parameters of a panel."""

_LEAST: Final = 0.01
"""Of the longest bar: what is shorter could not be seen."""


def draw_tornado(found: Elasticities, out: Path, force: bool = False) -> None:
    """Draw how far halving, doubling and leaving out each parameter moves the costs, into the image ``out``.

    Raises ``ConfigError`` on an unknown image type, and when ``out`` is there already, unless ``force``, or cannot
    be written.
    """
    check_image(out, force, [Path(found.trace)])
    with drawing():
        from matplotlib.figure import Figure

        most = max(1, *(min(_BARS, len(found.ranked(field))) for field, _, _ in MEASURES))
        figure = Figure(figsize=(8.2, 1.2 + len(MEASURES) * (0.7 + 0.23 * most)), layout="constrained")
        panels = figure.subplots(len(MEASURES), 1)
        for panel, (field, name, _) in zip(panels, MEASURES, strict=True):
            _draw_panel(panel, found, field, name)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
        title = f"{found.title or found.trace}: one parameter changed at a time, readings as recorded"
        figure.suptitle(title_lines(title), fontsize=9.0)
        write_image(figure, out, force, [Path(found.trace)])


def _draw_panel(panel: "Axes", found: Elasticities, field: str, name: str) -> None:
    ranked = found.ranked(field)
    base = found.baseline.of(field)
    least = _LEAST * max((one.reach(field, found.baseline) for one in ranked), default=0.0)
    shown = [one for one in ranked[:_BARS] if one.reach(field, found.baseline) >= least]
    for factor, colour, label in ((0.5, BLUE, "halved"), (2.0, ORANGE, "doubled")):
        costs = [one.change(factor) for one in shown]
        lengths = [0.0 if cost is None else 100 * (cost.of(field) / base - 1) for cost in costs]
        panel.barh(range(len(shown)), lengths, color=colour, height=0.66, label=label)
    gone = [(place, cost) for place, one in enumerate(shown) if (cost := one.change(0.0)) is not None]
    panel.plot(
        [100 * (cost.of(field) / base - 1) for _, cost in gone],
        [place for place, _ in gone],
        "D",
        color=GREEN,
        markersize=4.0,
        label="set to 0",
    )
    panel.axvline(0.0, color=INK, linewidth=0.8)
    names = [plain(f"{one.path} = {value_text(one.path, one.value)}") for one in shown]
    panel.set_yticks(range(len(shown)), names, fontsize=7.5)
    panel.invert_yaxis()
    panel.set_xlabel(f"Change of {name.replace(' x ', ' × ')} (%)")
    panel.grid(visible=False, axis="y")
    if len(ranked) > len(shown):
        panel.set_title(f"{len(shown)} of {len(ranked)} parameters", loc="right", fontsize=8.0)
