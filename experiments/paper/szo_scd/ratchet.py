"""The null model of power-aware pruning: phases that step up or down by the toss of a coin, without any network.

A phase moves by +delta when a coin says so (the loss "fell"), else by -delta unless that step is pruned; then it
is wrapped to [0, 2 pi). On the sites phi = j delta, j = 0 .. K-1 with K = 2 pi/delta, p = 1 and the reading
"wrapped", only the step from site 0 down is pruned. Balance of the probabilities f_j:

    f_j = (f_(j-1) + f_(j+1)) / 2                  for 0 < j < K-1
    f_0 = (f_0 + f_1 + f_(K-1)) / 2                (pruned, from above, and the wrap from below 2 pi)
    f_(K-1) = f_(K-2) / 2

is solved by f_j proportional to K - j: the density (2 pi - phi)/(2 pi^2), with mean delta (K-1)/3 -> 2 pi/3, a
third below the mean pi of unpruned phases. A mode cos or sin(k phi) decays by k^2 delta^2/2 a visit and the slowest
has k = 1, so the limit is near after several times 2/delta^2 visits: 5,000 at delta = 0.02.

With "signed", all steps down from phases in (pi, 2 pi) are pruned too: there phases can only rise and soon leave
through 2 pi; below pi they diffuse from 0 to pi. The density tends to 2 (pi - phi)/pi^2, the mean to pi/3.
A finite step adds to that mean in proportion: phases on their way through (pi, 2 pi), and those that came to rest
within half a step below 2 pi, where a step down from (delta/2, delta) takes them unpruned.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "READINGS",
    "SIGNED_LIMIT_RAD",
    "WRAPPED_LIMIT_RAD",
    "Reading",
    "Schedule",
    "drift",
    "walk",
    "wrapped_chain",
]

Floats = NDArray[np.float64]
Reading = Literal["none", "wrapped", "signed"]

READINGS: Final[tuple[Reading, ...]] = ("none", "wrapped", "signed")
WRAPPED_LIMIT_RAD: Final = 2.0 * math.pi / 3.0
"""Mean phase that "wrapped" pruning tends to as delta -> 0."""
SIGNED_LIMIT_RAD: Final = math.pi / 3.0
"""Mean phase that "signed" pruning tends to as delta -> 0."""

_TWO_PI: Final = 2.0 * math.pi


@dataclass(frozen=True)
class Schedule:
    """How often each phase is visited, and with what step (rad), which decays by ``decay`` an epoch."""

    visits: int
    step_rad: float = 0.02
    decay: float = 1.0
    visits_per_epoch: float = 187.5

    def step(self, visit: int) -> float:
        """Return the step of visit 0, 1, ..., in radians."""
        return self.step_rad * self.decay ** int(visit / self.visits_per_epoch)

    @classmethod
    def of_run(
        cls,
        queries: int,
        active: int,
        sparsity: float,
        epoch_iterations: int,
        step_rad: float = 0.02,
        decay: float = 0.985,
    ) -> "Schedule":
        """Return the visits that ``queries`` pay for, at 1 + 1.5 s|A| queries an iteration."""
        chosen = max(1, round(sparsity * active))
        share = chosen / active
        return cls(round(queries / (1.0 + 1.5 * chosen) * share), step_rad, decay, epoch_iterations * share)


def walk(
    start_rad: Floats, schedule: Schedule, reading: Reading, p: float, rng: np.random.Generator
) -> Floats:
    """Return where phases that start at ``start_rad`` (n,) end, in [0, 2 pi), pruned with probability ``p``."""
    return drift(start_rad, schedule, reading, p, rng)[1]


def drift(
    start_rad: Floats, schedule: Schedule, reading: Reading, p: float, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return the mean phase after every visit, (visits + 1,), and the last phases (n,)."""
    phases = np.mod(start_rad, _TWO_PI)
    means = np.empty(schedule.visits + 1)
    means[0] = phases.mean()
    for visit in range(schedule.visits):
        step = schedule.step(visit)
        moves = np.where(rng.random(phases.size) < 0.5, step, -step)
        if reading != "none" and p > 0.0:
            pruned = (moves < 0.0) & _rises(phases, step, reading)
            if p < 1.0:
                pruned &= rng.random(phases.size) < p
            moves[pruned] = 0.0
        phases = np.mod(phases + moves, _TWO_PI)
        means[visit + 1] = phases.mean()
    return means, phases


def wrapped_chain(sites: int) -> Floats:
    """Return the stationary distribution (sites,) of the "wrapped" chain, from its transition matrix alone."""
    chain = np.zeros((sites, sites))
    for j in range(sites):
        chain[(j + 1) % sites, j] += 0.5
        chain[max(j - 1, 0), j] += 0.5
    system = np.vstack([chain - np.eye(sites), np.ones(sites)])
    return np.asarray(np.linalg.lstsq(system, np.append(np.zeros(sites), 1.0), rcond=None)[0])


def _rises(phases: Floats, step: float, reading: Reading) -> NDArray[np.bool_]:
    """Return where a step down is estimated to raise the power, as ``controllers`` ``power_rises`` does."""
    if reading == "wrapped":
        return phases < step
    signed = np.where(phases > math.pi, phases - _TWO_PI, phases)
    back = np.where(signed - step < -math.pi, signed - step + _TWO_PI, signed - step)
    return np.abs(back) > np.abs(signed)
