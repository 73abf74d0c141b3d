"""Symmetric differences along one coordinate after the other, all at one point, as ZADAM and ZNewton take them."""

import math
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from controllers.zeroth_order.estimate import EstimateOptions
from emulator.config.models import Radians

__all__ = ["DifferenceOptions", "both_sides", "first_of", "sides_and_middle"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class DifferenceOptions(EstimateOptions):
    """Configure a descent by differences along coordinates; the defaults are those of ZOO and the SZO-SCD paper."""

    learning_rate: Annotated[float, Field(gt=0, le=10)] = 1e-3
    """Factor on a step, in radians, (0, 10]; the paper's 0.001."""
    difference_rad: Annotated[Radians, Field(gt=0, le=math.pi)] = 1e-4
    """How far to either side of a phase the loss is read, in radians, (0, pi]; ZOO's h, and below the step of an
    8-bit DAC (0.025 rad)."""


def first_of(places: Ints, queries: int, each: int) -> Ints:
    """Return as many of ``places`` as ``queries`` readings are enough for, ``each`` apiece."""
    return places[: queries // each]


def both_sides(home: Floats, h: float) -> tuple[Ints, Floats]:
    """Return two probes a coordinate, at + ``h`` and - ``h``, that drive the coordinate before it home again."""
    count = len(home)
    here = np.repeat(np.arange(count), 2)
    moved = home[here] + np.tile([h, -h], count)
    if count == 1:
        return here[:, np.newaxis], moved[:, np.newaxis]
    before = (here - 1) % count
    return np.stack([here, before], axis=1), np.stack([moved, home[before]], axis=1)


def sides_and_middle(home: Floats, h: float) -> tuple[Ints, Floats]:
    """Return three probes a coordinate, at + ``h``, at - ``h`` and at home, where it stays."""
    here = np.repeat(np.arange(len(home)), 3)
    return here[:, np.newaxis], (home[here] + np.tile([h, -h, 0.0], len(home)))[:, np.newaxis]
