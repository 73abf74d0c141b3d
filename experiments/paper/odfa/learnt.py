"""What tables of ODFA's experiments need of one training, read from its trace; it judges nothing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.open import open_trace
from experiments.output.statistics import Stat, stat

__all__ = ["Learnt", "read_learnt", "stat_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """One finished training: the last value of each metric, its arrays, and what it took on the bench."""

    seed: int
    status: str
    created: str
    metrics: Mapping[str, float]
    states: Mapping[str, Floats]
    seconds: float
    """Emulated time, from the first batch to the end."""
    joules: float
    """Energy of everything on the bench."""

    @property
    def hours(self) -> float:
        """Return the emulated time in hours."""
        return self.seconds / 3600.0

    def value(self, name: str) -> float:
        """Return the last value of the metric ``name``; NaN where the run logged none."""
        return self.metrics.get(name, float("nan"))


def read_learnt(path: Path) -> Learnt:
    """Read the trace at ``path``; raises ``TraceError`` when it is damaged or nothing was learnt in it."""
    with open_trace(path) as trace:
        metrics = trace.metrics()
        if "energy_j" not in metrics or "epoch" not in metrics:
            raise TraceError(f"{path}: no training was recorded")
        return Learnt(
            seed=trace.seed,
            status=trace.status,
            created=trace.created,
            metrics={name: float(series.value[-1]) for name, series in metrics.items()},
            states={name: trace.state(name) for name in trace.states},
            seconds=trace.elapsed_s,
            joules=math.fsum(trace.totals()["energy_j"].values()),
        )


def stat_of(runs: Sequence[Learnt], name: str) -> Stat:
    """Return the statistics over ``runs`` of the last value of the metric ``name``."""
    return stat(run.value(name) for run in runs)
