"""The look of the study's figures: one style, colours for the colour-blind; it knows no experiment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from experiments.output.drawing import drawing, plain, write_image
from experiments.output.statistics import mean_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COLOURS", "band", "figure", "shades"]

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""The palette of Okabe and Ito (2008)."""

_LEAST_WIDTH: Final = 6.0
"""Inches that a title and a label below take, whatever the panels do."""

_STYLE: Final[dict[Any, Any]] = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "font.size": 9,
    "grid.alpha": 0.25,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
}


@contextmanager
def figure(path: Path, panels: int, title: str, label: str = "", rows: int = 1) -> Iterator[Sequence["Axes"]]:
    """Give ``rows`` of ``panels`` axes, row by row, and, at the end, write them to the PNG file ``path``.

    ``label`` stands below them: what a reader must know of all panels.
    """
    with drawing(_STYLE):
        from matplotlib.figure import Figure

        canvas = Figure(figsize=(max(_LEAST_WIDTH, 4.4 * panels), 3.6 * rows), dpi=160, layout="constrained")
        axes = canvas.subplots(rows, panels, squeeze=False).ravel()
        canvas.suptitle(plain(title), fontsize=11)
        if label:
            canvas.supxlabel(plain(label), fontsize=7.5, color="0.3")
        yield list(axes)
        write_image(canvas, path, force=True)


def band(
    axes: "Axes",
    curves: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
    colour: str,
    label: str,
    dashed: bool = False,
    log: bool = False,
) -> None:
    """Draw the mean of ``curves`` (x, y), with one standard deviation around it where there are several.

    ``log`` spaces x for a logarithmic axis.
    """
    if not curves:
        return
    x, mean, spread = mean_curve(curves, log=log)
    axes.plot(x, mean, color=colour, label=label, linestyle="--" if dashed else "-")
    if len(curves) > 1:
        axes.fill_between(x, mean - spread, mean + spread, color=colour, alpha=0.15, linewidth=0)


def shades(count: int) -> list[str]:
    """Return ``count`` colours in order, from dark to bright, for a quantity that grows."""
    import matplotlib as mpl
    from matplotlib.colors import to_hex

    return [to_hex(colour) for colour in mpl.colormaps["viridis"](np.linspace(0.0, 0.9, count))]
