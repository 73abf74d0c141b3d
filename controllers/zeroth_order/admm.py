"""ADMM: the loss plus a weighed power, split and tuned by coordinate descent; what SZO-SCD's paper compares with.

J. Gu et al., AAAI 2021, Eq. 8 and Table 3: minimise L(phi) + lambda P(phi), where P is the sum of phi mod 2 pi over
the active phases, "using alternating direction multiplier method". The paper says no more. Here is the method's
standard form (S. Boyd et al., 2011, section 3.1.1), with scaled duals u: a copy z of the phases carries the power,

    phi <- coordinate descent on L(phi) + rho/2 |phi - z + u|^2 (Algorithm 1 without pruning)
    z   <- phi + u - lambda/rho, within [0, 2 pi]               (the best z for lambda P(z) + rho/2 |phi - z + u|^2)
    u   <- u + phi - z

With ``splitting = "none"`` the descent is on L + lambda P itself. The penalty rho and the iterations between two
updates are choices of ours. The sequencer decides by the loss alone, so the host closes this loop.
"""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from controllers.kind import DEPLOYMENT, Kind, Program, Setting
from controllers.phases import TWO_PI, wrapped
from controllers.zeroth_order.descent import descend
from controllers.zeroth_order.options import DescentOptions
from emulator.config.models import PositiveInt

__all__ = ["KIND", "AdmmConfig", "Lagrangian", "start"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class AdmmConfig(DescentOptions):
    """Configure ADMM; step, sparsity and batch are SZO-SCD's."""

    kind: Literal["admm"] = "admm"
    """Which controller this section configures."""
    power_weight: Annotated[float, Field(ge=0, le=1000)] = 0.05
    """Weight of the power, in units of loss a radian, [0, 1000]; the paper's lambda, 0.05 to 0.3."""
    splitting: Literal["admm", "none"] = "admm"
    """Whether a copy of the phases carries the power (ADMM), or the descent itself weighs it."""
    penalty: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """Weight of half the squared distance from the copy, in units of loss a square radian, (0, 1000]; the rho."""
    dual_iterations: PositiveInt | None = None
    """Iterations between two updates of the copy and its duals; None is one pass over the training set."""


class Lagrangian:
    """What the descent pays besides the loss, and the copy and duals that change it."""

    def __init__(self, options: AdmmConfig, phases: Floats, samples: int) -> None:
        self._options = options
        self._every = options.dual_iterations or max(1, samples // options.batch_size)
        self._iterations = 0
        self.copy = phases.copy()
        self.duals = np.zeros(len(phases))

    def toll(self, places: Ints, home: Floats, moved: Floats) -> Floats:
        """Return what moving the phases at ``places`` (m,) from ``home`` to ``moved`` (m,) costs, loss apart."""
        if self._options.splitting == "none":
            return self._options.power_weight * (wrapped(moved) - wrapped(home))
        target = self.copy[places] - self.duals[places]
        return 0.5 * self._options.penalty * ((moved - target) ** 2 - (home - target) ** 2)

    def after(self, phases: Floats) -> None:
        """Count an iteration that ended at ``phases`` (n,), and update copy and duals when it is time."""
        self._iterations += 1
        if self._iterations % self._every:
            return
        shrunk = phases + self.duals - self._options.power_weight / self._options.penalty
        self.copy = np.clip(shrunk, 0.0, TWO_PI)
        self.duals = self.duals + phases - self.copy


def start(options: AdmmConfig, setting: Setting) -> Program:
    """Return the descent from the design phases; raises ``ConfigError`` for a batch beyond the training set."""
    batches = setting.batches(options.batch_size, "controller/batches")
    lagrangian = Lagrangian(options, wrapped(setting.phases), len(setting.inputs))
    rng = setting.stream("controller/choices")
    controller = descend(options, "step_back", setting, batches, rng, toll=lagrangian)
    return Program(controller, options.queries, "recovering")


KIND = Kind("admm", AdmmConfig, needs=frozenset({"chip", DEPLOYMENT}), start=start)
