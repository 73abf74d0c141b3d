"""Made-up runs of a chip: curves that rise from a deployed accuracy to a final one at a known query."""

import numpy as np
from numpy.typing import NDArray

from experiments.paper.outcome import Outcome

__all__ = ["made_up", "of_curve"]


def of_curve(
    accuracy: NDArray[np.float64],
    every: int = 100,
    seed: int = 0,
    ideal: float = 0.93,
    heaters: NDArray[np.int64] | None = None,
    final_rad: NDArray[np.float64] | None = None,
    tied: int = 0,
) -> Outcome:
    """Return a run whose test accuracy was ``accuracy`` (n,), evaluated ``every`` queries."""
    queries = np.arange(len(accuracy)) * every
    held = np.arange(4) if heaters is None else heaters
    return Outcome(
        seed=seed, status="complete", created="2026-01-01T00:00:00+00:00", ideal=ideal, queries=queries,
        t_s=1e-5 * queries, accuracy=accuracy, selected=float(accuracy.max()), energy_j=1e-3 * queries,
        heater_w=np.full(len(accuracy), 2.0), heaters_j=1.0, host_j=2.0, queries_per_iteration=53.0, heaters=held,
        initial_rad=np.full(len(held), 1.0), final_rad=np.full(len(held), 2.0) if final_rad is None else final_rad,
        visited=100, accepted=50, tied=tied, pruned=3, test_samples=2000,
    )  # fmt: skip


def made_up(seed: int = 0, deployed: float = 0.6, final: float = 0.88, active: int = 353) -> Outcome:
    """Return a run that rises from ``deployed`` to ``final`` over the first of its four quarters."""
    curve = np.concatenate([np.linspace(deployed, final, 11), np.full(30, final)])
    return of_curve(curve, seed=seed, heaters=np.arange(active))
