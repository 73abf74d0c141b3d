"""What all figures of a trace share: palette, style, units of time and the title; it reads no file."""

from typing import Any, Final

from emulator.trace.reading.reader import Trace
from experiments.inspect.inspection import study_title

__all__ = [
    "BLUE",
    "COLOURS",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "PINK",
    "SKY",
    "STYLE",
    "thousands",
    "time_unit",
    "title_of",
]

# The palette of Okabe and Ito (2008): its colours stay apart in every common kind of colour blindness.
BLUE, ORANGE, GREEN, PINK, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"
INK, GREY = "#000000", "#595959"

COLOURS: Final = (BLUE, ORANGE, GREEN, PINK, SKY, INK)
"""In the order in which series take them."""

STYLE: Final[dict[Any, Any]] = {
    "font.size": 9.0,
    "axes.labelsize": 9.0,
    "axes.titlesize": 9.0,
    "legend.fontsize": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "savefig.dpi": 200,
    "svg.hashsalt": "lightloop",
}


def thousands(value: float, position: int | None = None) -> str:
    """Return ``value`` without decimals and with commas, as a tick formatter of matplotlib."""
    del position
    return f"{value:,.0f}"


def time_unit(elapsed_s: float) -> tuple[float, str]:
    """Return the factor from seconds, and the unit, in which ``elapsed_s`` reads well."""
    for limit, factor, unit in ((1e-6, 1e9, "ns"), (1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (1e4, 1.0, "s")):
        if elapsed_s < limit:
            return factor, unit
    return 1 / 3600, "h"


def title_of(trace: Trace) -> str:
    """Return what the study says of itself, and below it what names the run."""
    facts = f"status {trace.status} · seed {trace.seed} · digest {trace.digest[:12]}"
    return f"{study_title(trace)}\n{facts}".strip()
