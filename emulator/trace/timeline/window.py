"""The window of a timeline: the stretch of time that is shown, and how much a viewer can take."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError
from emulator.trace.analysis.excerpt import plan_sizes, unplanned_spans
from emulator.trace.analysis.frames import frames_known
from emulator.trace.reading.reader import Trace
from emulator.units import PS_PER_S, s_to_ps

__all__ = ["MAX_SLICES", "Window", "check_slices", "fit_window"]

MAX_SLICES: Final = 1_000_000
"""How many slices one timeline may hold: some 300 MB of JSON; assumed to be what a viewer in a browser opens."""


class Window(NamedTuple):
    """Show what lies between two instants, in ps."""

    from_ps: int
    to_ps: int

    def shows(self, t_start: NDArray[np.int64], t_end: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which intervals reach into the window; an empty one must lie in it or on its border."""
        empty = (t_start == t_end) & (t_start >= self.from_ps) & (t_start <= self.to_ps)
        shown: NDArray[np.bool_] = empty | ((t_start < self.to_ps) & (t_end > self.from_ps))
        return shown


def fit_window(trace: Trace, from_s: float | None, to_s: float | None) -> Window:
    """Return the window between two instants in s (None: the run's beginning, its end), cut off at the end.

    Raises ``ConfigError`` when it is empty or inverted, or begins after the run's end, naming the range that is
    allowed, and when it shows more than ``MAX_SLICES`` slices, naming a window that fits.
    """
    from_ps = 0 if from_s is None else s_to_ps(from_s)
    to_ps = trace.elapsed_ps if to_s is None else min(s_to_ps(to_s), trace.elapsed_ps)
    if from_ps >= to_ps:
        asked = f"from {from_ps / PS_PER_S:.12g} s to {trace.elapsed_s if to_s is None else to_s:.12g} s"
        raise ConfigError(
            f"{trace.path}: the window {asked} shows nothing; allowed: 0 <= from < to, and from < "
            f"{trace.elapsed_s:.12g} s, where the run ends"
        )
    window = Window(from_ps, to_ps)
    _refuse_too_many(trace, window, *_load(trace, window))
    return window


def check_slices(trace: Trace, window: Window, t_start: NDArray[np.int64]) -> None:
    """Raise ``ConfigError``, naming a window that fits, when too many slices for a viewer start at ``t_start``."""
    _refuse_too_many(
        trace, window, np.sort(t_start.clip(min=window.from_ps)), np.ones(len(t_start), np.int64)
    )


def _refuse_too_many(
    trace: Trace, window: Window, t_start: NDArray[np.int64], slices: NDArray[np.int64]
) -> None:
    """Refuse more than ``MAX_SLICES`` ``slices``, which begin at each of ``t_start`` (ascending) or later."""
    total = int(slices.sum())
    if total > MAX_SLICES:
        fitting = int(np.searchsorted(np.cumsum(slices), MAX_SLICES, side="right"))
        raise ConfigError(
            f"{trace.path}: the window holds {total:,} slices and a viewer takes {MAX_SLICES:,}; "
            f"{_advice(window.from_ps, int(t_start[fitting]))}"
        )


def _load(trace: Trace, window: Window) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return instants, ascending, and how many slices can begin at each of them or later, at most.

    A command counts with all its spans from the instant on at which it is issued; frames that are
    known lie anywhere in it, so that ``check_slices`` counts them.
    """
    commands = trace.commands
    shown = np.flatnonzero(window.shows(commands.t_issued, commands.t_done))
    spans = 1 + plan_sizes(trace)[commands.plan[shown]]
    if len(trace.frames.command) == 0 or not frames_known(trace):
        spans = spans + unplanned_spans(trace)[shown]
    order = np.argsort(commands.t_issued[shown], kind="stable")
    return commands.t_issued[shown][order], spans[order]


def _advice(from_ps: int, until_ps: int) -> str:
    """Name a window from ``from_ps`` to ``until_ps`` or, to be short, a little less."""
    width_ps = until_ps - from_ps
    if width_ps <= 0:
        return "no window from there on holds few enough"
    unit = 10 ** max(0, math.floor(math.log10(width_ps)) - 3)
    to_ps = from_ps + width_ps // unit * unit
    return f"this fits: --from {from_ps / PS_PER_S:.12g} --to {to_ps / PS_PER_S:.12g}"
