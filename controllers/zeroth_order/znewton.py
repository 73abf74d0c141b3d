"""ZNewton: coordinate-wise Newton steps on first and second differences of the loss.

P.-Y. Chen et al., "ZOO: zeroth order optimization based black-box attacks", AISec 2017, Algorithm 3, as the SZO-SCD
paper compares it (AAAI 2021, Table 1: three readings a phase, of which the middle one is taken anew for each). A
curvature below 0 counts as 1, one below 0.1 as 0.1, as in ZOO's code. The coordinates of an iteration are read at
the same point and move together.
"""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from controllers.kind import DEPLOYMENT, Kind, Program, Setting
from controllers.zeroth_order.differences import DifferenceOptions, first_of, sides_and_middle
from controllers.zeroth_order.estimate import Move, start_estimate

__all__ = ["KIND", "NewtonOnDifferences", "ZnewtonConfig", "start"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_LEAST_CURVATURE: Final = 0.1
_CURVATURE_OF_A_HILL: Final = 1.0


class ZnewtonConfig(DifferenceOptions):
    """Configure ZNewton; the defaults are those of ZOO and of the SZO-SCD paper's comparison."""

    kind: Literal["znewton"] = "znewton"
    """Which controller this section configures."""


class NewtonOnDifferences:
    """Read every chosen phase in the middle and on both sides, and divide its slope by its curvature."""

    least = 3
    flops = 4  # in each of 3 readings: two differences, their scaling, comparisons, a division

    def __init__(self, options: ZnewtonConfig) -> None:
        self._options = options

    def fits(self, places: Ints, queries: int) -> Ints:
        """Return as many places as the queries allow."""
        return first_of(places, queries, self.least)

    def probes(self, places: Ints, home: Floats) -> tuple[Ints, Floats]:
        """Return both sides and the middle of every phase."""
        del places
        return sides_and_middle(home, self._options.difference_rad)

    def move(self, places: Ints, losses: Floats, decay: float) -> Move:
        """Return Newton's steps times the learning rate; the loss is the mean over the middles."""
        del places
        above, below, middle = losses.reshape(-1, 3).T
        h = self._options.difference_rad
        slope, curvature = (above - below) / (2.0 * h), (above - 2.0 * middle + below) / h**2
        curvature = np.where(curvature < 0.0, _CURVATURE_OF_A_HILL, np.maximum(curvature, _LEAST_CURVATURE))
        return Move(-self._options.learning_rate * decay * slope / curvature, float(middle.mean()))


def start(options: ZnewtonConfig, setting: Setting) -> Program:
    """Return the search from the design phases; raises ``ConfigError`` where not one coordinate fits."""
    return start_estimate(options, NewtonOnDifferences(options), setting)


KIND = Kind("znewton", ZnewtonConfig, needs=frozenset({"chip", DEPLOYMENT}), start=start)
