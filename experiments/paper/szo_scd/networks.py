"""The three networks of the paper with their settings and the lengths of their runs (Figures 4 to 6)."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.physics.chip.mesh import Shape, idle_rotators
from experiments.output.statistics import first_crossing, running_mean
from experiments.paper.outcome import Outcome

__all__ = ["ALL", "LONG_VOWEL", "MNIST", "PAPER", "VOWEL", "Network", "evaluated", "queries_to"]

PAPER: Final = ("chip.preset=paper", "controller.loop=sequencer")
"""The paper's chip. Without noise and dynamics the sequencer decides as a host would."""

_STEPS: Final = ("controller.step_rad=0.02", "controller.step_decay=0.985", "controller.batch_size=32")
_SMOOTH: Final = 3


@dataclass(frozen=True)
class Network:
    """One of the paper's pairs of data set and network."""

    name: str
    title: str
    queries: int
    """Length of the paper's runs, in queries: the axis of its Figure 6."""
    layers: tuple[int, ...]
    """Inputs, hidden units, outputs."""
    base: tuple[str, ...]
    """Task and what the paper says of every controller's run on it."""
    szo_scd: tuple[str, ...]
    """What is SZO-SCD's own: the sparsity s, the step and its decay."""

    @property
    def overrides(self) -> tuple[str, ...]:
        """Return the paper's setting for SZO-SCD."""
        return (*self.base, *self.szo_scd)

    def idle(self, shape: Shape) -> NDArray[np.bool_]:
        """Return which devices of its chip no output depends on."""
        layers = pairwise(self.layers)
        return np.concatenate([idle_rotators(outputs, inputs, shape) for inputs, outputs in layers])

    def spent(self, queries: int) -> tuple[str, ...]:
        """Return the overrides of a run of ``queries``, or of the paper's where that is shorter."""
        return (f"controller.queries={min(queries, self.queries)}",)


VOWEL: Final = Network(
    "vowel4", "vowels, 8-16-16-4", 20_000, (8, 16, 16, 4), ("task.name=vowel",),
    ("controller.sparsity=0.6", "controller.epoch_iterations=8", *_STEPS),
)  # fmt: skip
LONG_VOWEL: Final = Network(
    "vowel6", "vowels, 10-24-24-6", 60_000, (10, 24, 24, 6),
    ("task.name=vowel", "task.classes=[0, 1, 2, 3, 4, 5]", "task.components=10", "task.hidden=[24, 24]"),
    ("controller.sparsity=0.6", "controller.epoch_iterations=12", *_STEPS),
)  # fmt: skip
"""The paper's text does not name it; its counts of radians and queries fit these sizes."""
MNIST: Final = Network(
    "mnist", "MNIST 8x8, 64-24-24-10", 2_000_000, (64, 24, 24, 10), ("task.name=mnist8x8",),
    ("controller.sparsity=0.1", "controller.epoch_iterations=1875", *_STEPS),
)  # fmt: skip
"""An epoch there is 60,000 samples in batches of 32."""

ALL: Final = (VOWEL, LONG_VOWEL, MNIST)


def evaluated(queries: int, times: int = 200, finest: int = 1) -> str:
    """Return the override that looks ``times`` times at a run of ``queries``, at most every ``finest`` of them."""
    return f"evaluation.every_queries={max(finest, queries // times, 1)}"


def queries_to(outcome: Outcome, margin: float) -> float | None:
    """Return the queries until accuracy is at most ``margin`` below the ideal; None if it never is.

    Accuracy is the running mean of three evaluations: first crossings of a jumping curve come too early.
    """
    return first_crossing(outcome.queries, running_mean(outcome.accuracy, _SMOOTH), outcome.ideal - margin)
