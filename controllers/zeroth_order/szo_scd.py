"""SZO-SCD: stochastic zeroth-order sparse coordinate descent with power-aware pruning, in the phases of a chip.

Algorithm 1 of J. Gu et al., AAAI 2021. In every iteration a mini-batch is drawn and a sparse random part of the
active phases is visited: phi + delta is tried and kept if the loss falls; otherwise phi - delta is taken without
asking (and its loss measured, as the next coordinate's reference), unless power-aware pruning prevents it.

Where the paper's text, its printed algorithm and the authors' later code differ, an option says so; the default
is the paper's text. What this module does not do: it never sees temperatures, gamma or test data.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from controllers.kind import DEPLOYMENT, Kind, Loop, Program, Setting
from controllers.phases import TWO_PI, wrapped
from controllers.zeroth_order.descent import UNVISITED, Rule, descend
from controllers.zeroth_order.options import DescentOptions, LoopOptions
from emulator.commands import Batch, Controller
from emulator.config.models import Fraction

__all__ = ["KIND", "RULES", "SzoScdConfig", "power_rises", "pruned", "start", "szo_scd"]

Estimate = Literal["wrapped", "signed"]

RULES: Final[dict[str, Rule]] = {
    "none": "step_back",
    "restore": "three_point",
    "best_of_both": "best_of_both",
}
"""What a descent does by the option ``verify``."""


class SzoScdConfig(DescentOptions, LoopOptions):
    """Configure SZO-SCD; the defaults are the paper's for its MNIST network."""

    kind: Literal["szo_scd"] = "szo_scd"
    """Which controller this section configures."""
    verify: Literal["none", "restore", "best_of_both"] = "none"
    """Whether a step back is unverified (Algorithm 1), taken only if better, or the better side is (Eq. 7)."""
    power_awareness: Fraction = 0.0
    """Probability of skipping a step back that would raise the power, [0, 1]; the paper's p."""
    pruning: Literal["text", "printed"] = "text"
    """Whether such a step is skipped with probability p (the text) or taken with it (Algorithm 1 as printed)."""
    power_estimate: Estimate = "wrapped"
    """Power of a phase in the pruning test: phi mod 2 pi (the text), or |phi| with phi in (-pi, pi]."""


def power_rises(
    phases: NDArray[np.float64], moved: NDArray[np.float64], estimate: Estimate
) -> NDArray[np.bool_]:
    """Return which heaters at ``moved`` (n,) are estimated to draw more than at ``phases`` (n,), in radians.

    "wrapped" takes phi mod 2 pi as the power (paper, Eq. 8), so that a small step down raises it only where it
    wraps from 0 to 2 pi; "signed" takes |phi| on (-pi, pi], as for a pair of heaters in push-pull.
    """
    if estimate == "wrapped":
        return np.asarray(wrapped(moved) > wrapped(phases))
    return np.asarray(_signed(moved) > _signed(phases))


def _signed(phases: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.abs(phases - TWO_PI * np.rint(phases / TWO_PI))


def pruned(
    options: SzoScdConfig,
    home: NDArray[np.float64],
    back: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Return which steps from ``home`` (n,) to ``back`` (n,) are skipped: they raise power, and chance says so."""
    p = options.power_awareness
    taken = p if options.pruning == "text" else 1.0 - p
    if taken == 0.0:
        return np.zeros(len(home), dtype=np.bool_)
    rises = power_rises(home, back, options.power_estimate)
    return rises if taken == 1.0 else rises & (rng.random(len(home)) < taken)


def szo_scd(
    options: SzoScdConfig, setting: Setting, batches: Iterator[Batch], rng: np.random.Generator
) -> Controller:
    """Tune the setting's active phases until ``options.queries`` queries have been asked; logs as ``descend``."""
    return descend(
        options, RULES[options.verify], setting, batches, rng, options.loop, partial(pruned, options)
    )


def start(options: SzoScdConfig, setting: Setting) -> Program:
    """Return the descent from the design phases; raises ``ConfigError`` for a batch beyond the training set."""
    batches = setting.batches(options.batch_size, "controller/batches")
    controller = szo_scd(options, setting, batches, setting.stream("controller/choices"))
    return Program(controller, options.queries, "recovering")


KIND = Kind(
    "szo_scd", SzoScdConfig, needs=frozenset({"chip", DEPLOYMENT}), start=start, loop=Loop("loop", UNVISITED)
)
