"""What the optimisers of populations draw, in few imports: a fresh process tells it soon. No test lives here."""

import hashlib
from functools import partial
from typing import Any

import cmaes
import numpy as np
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.algorithms.soo.nonconvex.pso import PSO

from controllers.kind import Setting
from controllers.populations.from_pymoo import Generations, first_generation
from controllers.populations.search import seed_of
from emulator.streams import stream

__all__ = ["digests"]

_SIZE, _POPULATION, _GENERATIONS = 20, 8, 6


def digests() -> list[str]:
    """Return a digest of what each optimiser asks for in a few generations."""
    setting = Setting(
        np.ones((2, 2)), np.zeros(2, dtype=np.int64), partial(stream, 3), np.arange(_SIZE),
        np.linspace(0.0, 6.0, _SIZE),
    )  # fmt: skip
    return [_digest(_Single(setting)), *(_digest(_pymoo(sort, setting)) for sort in (GA, PSO))]


def _pymoo(sort: Any, setting: Setting) -> Generations:
    first = first_generation("ga", setting, _POPULATION, 0.1, 0.5)
    return Generations("ga", sort(pop_size=_POPULATION, sampling=first), setting, 0.5)


class _Single:
    """CMA-ES by generations, as the others."""

    def __init__(self, setting: Setting) -> None:
        seed = seed_of("cmaes", setting)
        self._strategy = cmaes.CMA(mean=setting.phases, sigma=0.1, seed=seed, population_size=_POPULATION)

    def ask(self) -> Any:
        return np.array([self._strategy.ask() for _ in range(_POPULATION)])

    def tell(self, phases: Any, losses: list[float]) -> None:
        self._strategy.tell(list(zip(phases, losses, strict=True)))


def _digest(optimiser: Any) -> str:
    seen = hashlib.blake2b(digest_size=16)
    for _ in range(_GENERATIONS):
        phases = optimiser.ask()
        seen.update(phases.tobytes())
        optimiser.tell(phases, ((phases - 3.0) ** 2).sum(axis=1).tolist())
    return seen.hexdigest()
