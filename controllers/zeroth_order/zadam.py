"""ZADAM: coordinate-wise Adam on symmetric differences of the loss.

P.-Y. Chen et al., "ZOO: zeroth order optimization based black-box attacks", AISec 2017, Algorithm 2, as the SZO-SCD
paper compares it (AAAI 2021, Table 1: two readings a phase). Moments and step counts are each coordinate's own, and
count its own visits. The coordinates of an iteration are read at one point and move together, as in ZOO's code.
"""

from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from controllers.kind import DEPLOYMENT, Kind, Program, Setting
from controllers.zeroth_order.differences import DifferenceOptions, both_sides, first_of
from controllers.zeroth_order.estimate import Move, start_estimate

__all__ = ["KIND", "AdamOnDifferences", "ZadamConfig", "start"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_EPSILON: Final = 1e-8
"""Adam's, and ZOO's."""


class ZadamConfig(DifferenceOptions):
    """Configure ZADAM; the defaults are those of ZOO and of the SZO-SCD paper's comparison."""

    kind: Literal["zadam"] = "zadam"
    """Which controller this section configures."""
    beta_1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Share of the mean slope that one step keeps, [0, 1); ZOO's."""
    beta_2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Share of the mean square slope that one step keeps, [0, 1); ZOO's."""


class AdamOnDifferences:
    """Read both sides of every chosen phase, and move each by an Adam of its own."""

    least = 2
    flops = 6  # twice in 2 readings of 2 phases: 24 operations of Adam a coordinate

    def __init__(self, options: ZadamConfig, count: int) -> None:
        self._options = options
        self._mean, self._square = np.zeros(count), np.zeros(count)
        self._steps = np.zeros(count, dtype=np.int64)

    def fits(self, places: Ints, queries: int) -> Ints:
        """Return as many places as the queries allow."""
        return first_of(places, queries, self.least)

    def probes(self, places: Ints, home: Floats) -> tuple[Ints, Floats]:
        """Return both sides of every phase."""
        del places
        return both_sides(home, self._options.difference_rad)

    def move(self, places: Ints, losses: Floats, decay: float) -> Move:
        """Return Adam's steps; the loss is the mean over all probes."""
        options = self._options
        above, below = losses.reshape(-1, 2).T
        slope = (above - below) / (2.0 * options.difference_rad)
        self._steps[places] += 1
        self._mean[places] += (1.0 - options.beta_1) * (slope - self._mean[places])
        self._square[places] += (1.0 - options.beta_2) * (slope**2 - self._square[places])
        steps = self._steps[places]
        mean = self._mean[places] / (1.0 - options.beta_1**steps)
        square = self._square[places] / (1.0 - options.beta_2**steps)
        return Move(
            -options.learning_rate * decay * mean / (np.sqrt(square) + _EPSILON), float(losses.mean())
        )


def start(options: ZadamConfig, setting: Setting) -> Program:
    """Return the search from the design phases; raises ``ConfigError`` where not one coordinate fits."""
    return start_estimate(options, AdamOnDifferences(options, len(setting.phases)), setting)


KIND = Kind("zadam", ZadamConfig, needs=frozenset({"chip", DEPLOYMENT}), start=start)
