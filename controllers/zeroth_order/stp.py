"""STP: stochastic three points, along one active phase after the other.

phi, phi + delta and phi - delta are compared on one mini-batch, and the best is kept (J. Gu et al., AAAI 2021,
Eq. 9, after E. Bergou et al., SIAM J. Optim. 30, 2020). As in SZO-SCD, whose steps and selection it has, a side is
not read once the other has been found better than the middle; unlike it, a failure on both returns to the middle.
"""

from typing import Literal

from controllers.kind import DEPLOYMENT, Kind, Loop, Program, Setting
from controllers.zeroth_order.descent import UNVISITED, descend
from controllers.zeroth_order.options import DescentOptions, LoopOptions

__all__ = ["KIND", "StpConfig", "start"]


class StpConfig(DescentOptions, LoopOptions):
    """Configure STP; the defaults are those of the paper's comparison."""

    kind: Literal["stp"] = "stp"
    """Which controller this section configures."""


def start(options: StpConfig, setting: Setting) -> Program:
    """Return the descent from the design phases; raises ``ConfigError`` for a batch beyond the training set."""
    batches = setting.batches(options.batch_size, "controller/batches")
    rng = setting.stream("controller/choices")
    controller = descend(options, "three_point", setting, batches, rng, options.loop)
    return Program(controller, options.queries, "recovering")


KIND = Kind(
    "stp", StpConfig, needs=frozenset({"chip", DEPLOYMENT}), start=start, loop=Loop("loop", UNVISITED)
)
