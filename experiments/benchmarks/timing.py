"""Timing of workloads side by side: rounds in turn, medians and quartiles; it does not know what is timed.

On a shared machine a rate means little and a ratio of two rates a lot, provided that both were taken in the same
minutes. So all workloads run once a round, in an order that moves on from round to round.
"""

import gc
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import numpy as np

from experiments.run.preflight.machine import resident_bytes

__all__ = ["Cost", "Ratio", "Sample", "Stopwatch", "Workload", "interleave", "peak_mb", "ratio"]


@dataclass(frozen=True, slots=True)
class Cost:
    """Give what one operation of a workload cost in one round, in seconds of CPU and of wall time."""

    cpu_s: float
    wall_s: float


Workload = Callable[[], Cost]
"""Runs one round and returns the cost of one of its operations."""


class Stopwatch:
    """Measure what happens inside ``with``: CPU time of this process, and wall time."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self.wall_s = 0.0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Forget what was measured and begin anew."""
        self.wall_s = -time.perf_counter()
        self.cpu_s = -time.process_time()

    def stop(self) -> None:
        """End what ``start`` began."""
        self.cpu_s += time.process_time()
        self.wall_s += time.perf_counter()

    def per(self, operations: int) -> Cost:
        """Return the cost of one of ``operations``."""
        return Cost(self.cpu_s / operations, self.wall_s / operations)


@dataclass(slots=True)
class Sample:
    """Collect the costs of one workload, one a round, in the order of the rounds."""

    costs: list[Cost] = field(default_factory=list)

    @property
    def cpu_s(self) -> float:
        """Return the median CPU seconds of one operation."""
        return float(np.median([cost.cpu_s for cost in self.costs]))

    @property
    def wall_s(self) -> float:
        """Return the median wall seconds of one operation."""
        return float(np.median([cost.wall_s for cost in self.costs]))

    @property
    def spread(self) -> float:
        """Return the interquartile range of the CPU seconds, as a fraction of their median."""
        low, high = np.quantile([cost.cpu_s for cost in self.costs], (0.25, 0.75))
        return float(high - low) / self.cpu_s


@dataclass(frozen=True, slots=True)
class Ratio:
    """Compare two workloads: the median and the quartiles of the ratios of each round.

    Neighbours change a machine's speed from minute to minute, but hardly between two workloads of one round.
    """

    value: float
    low: float
    high: float
    wall: float


def interleave(workloads: Mapping[str, Workload], rounds: int) -> dict[str, Sample]:
    """Run every workload once a round; a first round, which compiles and fills caches, is thrown away."""
    samples = {name: Sample() for name in workloads}
    names = list(workloads)
    for number in range(-1, rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            gc.collect()
            cost = workloads[name]()
            if number >= 0:
                samples[name].costs.append(cost)
    return samples


def ratio(top: Sample, bottom: Sample) -> Ratio:
    """Return how many times as much ``top`` costs as ``bottom``, of CPU time and of wall time."""
    cpu = [a.cpu_s / b.cpu_s for a, b in zip(top.costs, bottom.costs, strict=True)]
    wall = [a.wall_s / b.wall_s for a, b in zip(top.costs, bottom.costs, strict=True)]
    low, middle, high = np.quantile(cpu, (0.25, 0.5, 0.75))
    return Ratio(float(middle), float(low), float(high), float(np.median(wall)))


def peak_mb() -> float:
    """Return the most memory that this process has held at once so far, in MB; NaN where nobody says.

    The peak of ``getrusage`` is that of the process it came from, if that was higher.
    """
    return 1e-6 * (resident_bytes() or math.nan)
