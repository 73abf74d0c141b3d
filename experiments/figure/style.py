"""What all figures of a trace share: palette, style, units of time and the title; it reads no file."""

from emulator.trace.reading.reader import Trace
from experiments.inspect.inspection import study_title
from experiments.output.drawing import BLUE, COLOURS, GREEN, GREY, INK, ORANGE, PINK, SKY, title_lines
from experiments.output.fragment import fragment_note

__all__ = [
    "BLUE",
    "COLOURS",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "PINK",
    "SKY",
    "energy_unit",
    "thousands",
    "time_unit",
    "title_of",
]


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


def energy_unit(total_j: float) -> tuple[float, str]:
    """Return the factor from joules, and the unit, in which ``total_j`` reads well."""
    for limit, factor, unit in ((1e-3, 1e6, "µJ"), (1.0, 1e3, "mJ"), (1e4, 1.0, "J"), (1e7, 1e-3, "kJ")):
        if total_j < limit:
            return factor, unit
    return 1e-6, "MJ"


def title_of(trace: Trace) -> str:
    """Return what the study says of itself, and below it what names the run, and whether it is a part of one."""
    facts = f"status {trace.status} · seed {trace.seed} · digest {trace.digest[:12]}"
    lines = (title_lines(study_title(trace)), facts, fragment_note(trace.status, trace.elapsed_s))
    return "\n".join(filter(None, lines))
