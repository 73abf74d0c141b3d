"""The nanoseconds of trace viewers: slices are placed by whole ns, each instant rounded down.

Rounding down keeps the order of instants, so slices that did not overlap do not overlap in ns either; one shorter
than a ns may become empty. The exact ps go along as arguments of each slice.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.trace.timeline.tracks import Flows, Slices

__all__ = ["Arrows", "arrows_ns", "floor_ns"]

_PS_PER_NS = 1000


class Arrows(NamedTuple):
    """Hold, for each arrow, the ns at which it leaves its source and enters its target."""

    leaves_ns: NDArray[np.int64]
    enters_ns: NDArray[np.int64]


def floor_ns(t_ps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return instants in whole ns, rounded down."""
    return t_ps // _PS_PER_NS


def arrows_ns(slices: Slices, flows: Flows) -> Arrows:
    """Return when each arrow leaves and enters; one that leaves at an end does so in the slice's last ns.

    Viewers bind an arrow to the slice that runs at its instant, and at its very end the next may run already.
    """
    start, end = floor_ns(slices.t_start), floor_ns(slices.t_end)
    last = np.maximum(start, end - 1)
    leaves = np.where(flows.at_end, last[flows.source], start[flows.source])
    return Arrows(leaves, start[flows.target])
