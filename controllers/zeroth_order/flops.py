"""FLOPS: the slope estimated by Gaussian smoothing, all chosen phases perturbed at once.

J. Gu et al., "FLOPS: efficient on-chip learning for optical neural networks through stochastic zeroth-order
optimization", DAC 2020. Of Q random perturbations d ~ N(0, sigma^2 I), each read on the same mini-batch as the
unperturbed phases, the slope is the mean of (L(phi + d) - L(phi)) d / sigma^2. With ``sparsity`` below 1 a random
part of the active phases is perturbed and moved, another in every iteration: the two-level sparsity of the SZO-SCD
paper (AAAI 2021, Table 1). That paper gives Q = 60 and a learning rate of 0.1, and no sigma: 0.1 is a choice of
ours. The authors' public code gives the first sample another weight than the rest; here all weigh the same.
"""

import math
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from controllers.kind import DEPLOYMENT, Kind, Program, Setting
from controllers.zeroth_order.estimate import EstimateOptions, Move, start_estimate
from emulator.config.models import PositiveInt, Radians

__all__ = ["KIND", "FlopsConfig", "Smoothing", "start"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FLOPS: Final = 15
"""Operations of a perturbed phase: a normal draw 10, scaled and added 2, weighed into the slope 2, wrapped 1."""


class FlopsConfig(EstimateOptions):
    """Configure FLOPS; the defaults are those of the SZO-SCD paper's comparison, but for sigma."""

    kind: Literal["flops"] = "flops"
    """Which controller this section configures."""
    learning_rate: Annotated[float, Field(gt=0, le=100)] = 0.1
    """Factor on the estimated slope, in square radians a unit of loss, (0, 100]; the paper's 0.1."""
    samples: PositiveInt = 60
    """Perturbations read in an iteration, besides the unperturbed phases; the paper's Q."""
    sigma_rad: Annotated[Radians, Field(gt=0, le=math.pi)] = 0.1
    """Standard deviation of the perturbations, in radians, (0, pi]; the paper gives none."""


class Smoothing:
    """Read the phases as they are and ``samples`` perturbations of all, and go down the mean slope."""

    flops = _FLOPS

    def __init__(self, options: FlopsConfig, rng: np.random.Generator) -> None:
        self.least = 1 + options.samples
        self._options = options
        self._rng = rng
        self._drawn = np.empty((0, 0))

    def fits(self, places: Ints, queries: int) -> Ints:
        """Return all places, or none: an estimate of fewer samples would move phases by noise."""
        return places if queries >= self.least else places[:0]

    def probes(self, places: Ints, home: Floats) -> tuple[Ints, Floats]:
        """Return the present phases, and the perturbed ones."""
        self._drawn = self._rng.normal(0.0, self._options.sigma_rad, (self._options.samples, len(places)))
        every = np.tile(np.arange(len(places)), (self.least, 1))
        return every, np.vstack([home, home + self._drawn])

    def move(self, places: Ints, losses: Floats, decay: float) -> Move:
        """Return the step down the mean slope; the loss is that of the unperturbed phases."""
        del places
        rises = (losses[1:] - losses[0]) / self._options.sigma_rad**2
        slope = rises @ self._drawn / self._options.samples
        return Move(-self._options.learning_rate * decay * slope, float(losses[0]))


def start(options: FlopsConfig, setting: Setting) -> Program:
    """Return the search from the design phases; raises ``ConfigError`` where not one iteration fits."""
    return start_estimate(options, Smoothing(options, setting.stream("controller/perturbations")), setting)


KIND = Kind("flops", FlopsConfig, needs=frozenset({"chip", DEPLOYMENT}), start=start)
