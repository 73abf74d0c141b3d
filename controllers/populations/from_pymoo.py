"""An algorithm of the package pymoo as something that can be asked for a generation and told its losses.

pymoo (J. Blank and K. Deb, IEEE Access 8, 89497, 2020) draws from a generator that its seed makes. It ends for
reasons of its own unless it is told not to, and wants a problem with bounds. What this module does not know:
which algorithm it has been given.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from controllers.kind import Setting
from controllers.populations.search import needed, seed_of

__all__ = ["Generations", "first_generation"]

Floats = NDArray[np.float64]

_EVALUATED: Final = frozenset({"F", "G", "H"})
"""What pymoo wants to be known of a candidate: its loss, and constraints, of which there are none."""


class Generations:
    """Ask a pymoo ``algorithm`` for generations within ``span_rad`` of the design, and tell it their losses."""

    def __init__(self, kind: str, algorithm: Any, setting: Setting, span_rad: float) -> None:
        with needed(kind, "pymoo"):
            from pymoo.core.problem import Problem
            from pymoo.core.termination import NoTermination
        design = setting.phases
        self._algorithm = algorithm.setup(
            Problem(n_var=design.size, n_obj=1, xl=design - span_rad, xu=design + span_rad),
            seed=seed_of(kind, setting),
            termination=NoTermination(),
        )
        self._asked: Any = None
        self.population_size = int(algorithm.pop_size)
        """Candidates in a generation."""

    def ask(self) -> Floats:
        """Return the next generation, (candidates, phases), in radians."""
        self._asked = self._algorithm.ask()
        return np.array(self._asked.get("X"), dtype=np.float64)

    def tell(self, phases: Floats, losses: list[float]) -> None:
        """Take the ``losses`` of the generation that was asked for last."""
        unconstrained = np.zeros((len(phases), 0))
        self._asked.set("F", np.array(losses)[:, np.newaxis], "G", unconstrained, "H", unconstrained)
        for candidate in self._asked:
            candidate.evaluated.update(_EVALUATED)
        self._algorithm.tell(infills=self._asked)


def first_generation(kind: str, setting: Setting, size: int, spread_rad: float, span_rad: float) -> Floats:
    """Return ``size`` candidates: the design phases, and others scattered around them, within ``span_rad``."""
    rng = setting.stream(f"controller/{kind}/first")
    scatter = spread_rad * rng.standard_normal((size, setting.phases.size))
    scatter[0] = 0.0
    return np.asarray(setting.phases + np.clip(scatter, -span_rad, span_rad), dtype=np.float64)
