"""CMA-ES: a normal distribution of phases whose mean, width and covariance learn from ranked candidates.

N. Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv 1604.00772; the separable variant, which learns
variances alone, is R. Ros and N. Hansen's (PPSN 2008). Both are the package ``cmaes`` (M. Nomura and M. Shibata,
arXiv 2402.01373). Where the search would end is the mean. What this module does not do: it implements neither.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import Field

from controllers.ask_tell import separable_flops
from controllers.kind import Kind, Program, Setting
from controllers.populations.search import NEEDS, Population, PopulationOptions, needed, program, seed_of
from emulator.config.models import Radians

__all__ = ["KIND", "CmaesConfig", "start"]

_NAME = "cmaes"


class CmaesConfig(PopulationOptions):
    """Configure CMA-ES."""

    kind: Literal["cmaes"] = "cmaes"
    """Which controller this section configures."""
    population: Population | None = None
    """Candidates in a generation; None is 4 + 3 ln n for n active phases (the tutorial's, rounded down)."""
    sigma_rad: Annotated[Radians, Field(gt=0, le=math.pi)] = 0.1
    """First spread of the candidates around the mean, in radians, (0, pi]."""
    covariance: Literal["full", "separable"] = "full"
    """Whether correlations of phases are learnt, at n^3 operations of the host a generation, or variances alone."""


def _full_flops(phases: int, candidates: int) -> int:
    """Return the operations of a generation: candidates through the matrix and back into it, and its eigenvectors.

    4 n n k are multiplied and added; 10 n^3 is about what a symmetric eigenproblem with vectors takes (9 n^3 in
    G. H. Golub and C. F. Van Loan, "Matrix Computations", 8.3).
    """
    return 4 * phases * phases * candidates + 10 * phases**3


def start(options: CmaesConfig, setting: Setting) -> Program:
    """Return the search around the design phases; raises ``ConfigError`` for what cannot be."""
    full = options.covariance == "full"
    with needed(_NAME, "cmaes"):
        from cmaes import CMA, SepCMA
    size = options.population or 4 + math.floor(3 * math.log(max(1, setting.heaters.size)))

    def make(given: Setting) -> Any:
        strategy = CMA if full else SepCMA
        return strategy(
            mean=given.phases, sigma=options.sigma_rad, seed=seed_of(_NAME, given), population_size=size
        )

    return program(options, setting, make, size, _full_flops if full else separable_flops)


KIND = Kind(_NAME, CmaesConfig, NEEDS, start)
