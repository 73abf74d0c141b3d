"""What the tables of a chip's experiments need of one run, read from its trace; it judges nothing."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import MetricSeries, Trace

__all__ = ["Outcome", "read_outcome"]

Floats = NDArray[np.float64]

TWO_PI = 2.0 * math.pi
LATE = 0.1
"""The part of a run, at its end, whose mean accuracy is its final one."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One finished run. Accuracies are fractions of the test set; the arrays run over its evaluations."""

    seed: int
    status: str
    created: str
    ideal: float
    """Accuracy of the electronic network."""
    queries: NDArray[np.int64]
    t_s: Floats
    accuracy: Floats
    """Test accuracy; the first is the deployed chip's."""
    selected: float
    """Test accuracy of the state with the lowest validation loss."""
    energy_j: Floats
    """Energy of all components so far."""
    heater_w: Floats
    """Power of all heaters; it is proportional to the total active phase."""
    heaters_j: float
    host_j: float
    queries_per_iteration: float
    """Mean over whole iterations; NaN if there was none."""
    heaters: NDArray[np.int64]
    """Which devices have a heater."""
    initial_rad: Floats
    """Phases the active heaters are driven to at the start, in [0, 2 pi)."""
    final_rad: Floats
    visited: int
    """Coordinates that were visited, of which the next three count some; 0 where a controller counts none."""
    accepted: int
    tied: int
    pruned: int
    test_samples: int
    """Samples behind each accuracy; 0 where the trace does not say."""

    @property
    def active(self) -> int:
        """Return how many devices have a heater."""
        return len(self.heaters)

    @property
    def deployed(self) -> float:
        """Return the accuracy before any tuning."""
        return float(self.accuracy[0])

    @property
    def final(self) -> float:
        """Return the mean accuracy over the last tenth of the evaluations: one of them alone is noisy."""
        return float(self.accuracy[-max(1, round(LATE * len(self.accuracy))) :].mean())

    @property
    def best(self) -> float:
        """Return the highest accuracy seen: it was found by looking at the test set."""
        return float(self.accuracy.max())

    @property
    def moved_rad(self) -> Floats:
        """Return how far each active phase has gone, the short way round, in [-pi, pi)."""
        return (self.final_rad - self.initial_rad + math.pi) % TWO_PI - math.pi

    @property
    def initial_total_rad(self) -> float:
        """Return the total active phase at the start."""
        return float(self.initial_rad.sum())

    @property
    def total_rad(self) -> float:
        """Return the total active phase at the end."""
        return float(self.final_rad.sum())


def read_outcome(path: Path) -> Outcome:
    """Read the trace at ``path``; raises ``TraceError`` when it is damaged or lacks what a recovery logs."""
    with open_trace(path) as trace:
        metrics = trace.metrics()
        missing = {"ideal_test_accuracy", "test_accuracy", "energy_j"} - metrics.keys()
        if missing:
            raise TraceError(f"{path}: the run logged no {', '.join(sorted(missing))}")
        return _outcome(trace, metrics)


def _outcome(trace: Trace, metrics: dict[str, MetricSeries]) -> Outcome:
    accuracy = metrics["test_accuracy"]
    losses = metrics.get("train_loss")
    active = trace.state("active").astype(np.bool_)
    energy_j = trace.totals()["energy_j"]
    return Outcome(
        seed=trace.seed,
        status=trace.status,
        created=trace.created,
        ideal=float(metrics["ideal_test_accuracy"].value[-1]),
        queries=accuracy.queries,
        t_s=accuracy.t_s,
        accuracy=accuracy.value,
        selected=float(metrics["selected_test_accuracy"].value[-1]),
        energy_j=metrics["energy_j"].value,
        heater_w=metrics["heater_power_w"].value,
        heaters_j=energy_j["chip.heaters"],
        host_j=energy_j["host"],
        queries_per_iteration=math.nan if losses is None else float(losses.queries[-1]) / len(losses.queries),
        heaters=np.flatnonzero(active),
        initial_rad=trace.state("initial_phases")[active] % TWO_PI,
        final_rad=trace.state("final_phases")[active] % TWO_PI,
        visited=_count(metrics, "coordinates_visited"),
        accepted=_count(metrics, "steps_accepted"),
        tied=_count(metrics, "losses_tied"),
        pruned=_count(metrics, "steps_pruned"),
        test_samples=_count(metrics, "test_samples"),
    )


def _count(metrics: dict[str, MetricSeries], name: str) -> int:
    return int(metrics[name].value[-1]) if name in metrics else 0
