"""How the cost of a query grows with the mesh: two layers N-N-N, N = 8 ... 128, and the plain oracle beside it."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from experiments.benchmarks.chip.plant import square_plant
from experiments.benchmarks.chip.workloads import bare_timeouts, plain_queries
from experiments.benchmarks.paced import PacedRun
from experiments.benchmarks.timing import Sample, Workload, interleave
from experiments.run.study import Study

__all__ = ["SIZES", "SizeCost", "exponent", "measure_sizes"]

SIZES = (8, 16, 32, 64, 128)

_DEVICE_QUERIES = 800_000  # of one slice, within the limits below
_FEWEST, _MOST = 60, 800
_TIMEOUTS = 30_000


@dataclass(frozen=True, slots=True)
class SizeCost:
    """Give the cost of a query on N-N-N in bare timeouts, and that of the plain oracle."""

    size: int
    phases: int
    query: float
    spread: float
    plain: float


def measure_sizes(study: Study, rounds: int, sizes: Sequence[int] = SIZES) -> list[SizeCost]:
    """Measure all sizes in turn, in one set of rounds; nothing is recorded."""
    workloads: dict[str, Workload] = {"timeout": bare_timeouts(_TIMEOUTS)}
    with ExitStack() as stack:
        for size in sizes:
            plant = square_plant(study, size)
            count = min(max(_DEVICE_QUERIES // (2 * size * size), _FEWEST), _MOST)
            workloads[f"query {size}"] = stack.enter_context(PacedRun(plant, count))
            workloads[f"plain {size}"] = plain_queries(plant, max(1, 512 // (size * size)))
        samples = interleave(workloads, rounds)
    return [_cost(samples, size) for size in sizes]


def _cost(samples: dict[str, Sample], size: int) -> SizeCost:
    timeout_s, query = samples["timeout"].cpu_s, samples[f"query {size}"]
    plain_s = samples[f"plain {size}"].cpu_s
    return SizeCost(size, 2 * size * size, query.cpu_s / timeout_s, query.spread, plain_s / timeout_s)


def exponent(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """Return b of the least-squares fit cost = a size^b, on logarithmic scales."""
    slope, _ = np.polyfit(np.log(sizes), np.log(costs), 1)
    return float(slope)
