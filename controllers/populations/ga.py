"""A genetic algorithm: the best of parents and children survive; children mix two parents, and mutate.

pymoo's GA: binary tournaments, simulated binary crossover (K. Deb and R. B. Agrawal, Complex Systems 9, 115, 1995),
polynomial mutation, survival of the best. Where the search would end is the candidate of least loss so far: parents
keep the loss they once had, so losses of different generations have to compare.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import Field

from controllers.kind import Kind, Program, Setting
from controllers.populations.from_pymoo import Generations, first_generation
from controllers.populations.search import NEEDS, Population, PopulationOptions, needed, program
from emulator.config.models import Fraction, Radians

__all__ = ["KIND", "GaConfig", "start"]

_NAME = "ga"


class GaConfig(PopulationOptions):
    """Configure the genetic algorithm."""

    kind: Literal["ga"] = "ga"
    """Which controller this section configures."""
    population: Population = 30
    """Parents, and children of a generation."""
    spread_rad: Annotated[Radians, Field(gt=0, le=math.pi)] = 0.1
    """Standard deviation of the first generation around the design phases, in radians, (0, pi]."""
    span_rad: Annotated[Radians, Field(gt=0, le=math.pi)] = 0.5
    """How far from its design phase a phase may go, either way, in radians, (0, pi]; mutations scale with it."""
    crossover: Fraction = 0.9
    """Probability that two parents are mixed, [0, 1]; pymoo's is 0.9."""
    mutation: Fraction = 0.9
    """Probability that a child mutates, in about one phase, [0, 1]; pymoo's is 0.9."""


def _flops(phases: int, candidates: int) -> int:
    """Return the operations of a generation: 60 for each phase of a child.

    Counted in pymoo: crossover draws two numbers and raises two to a power (30), mutation one of each (20), and two
    comparisons with the bounds and one with each other child's phases (10).
    """
    return 60 * phases * candidates


def start(options: GaConfig, setting: Setting) -> Program:
    """Return the search around the design phases; raises ``ConfigError`` for what cannot be."""
    with needed(_NAME, "pymoo"):
        from pymoo.algorithms.soo.nonconvex.ga import GA
        from pymoo.operators.crossover.sbx import SBX
        from pymoo.operators.mutation.pm import PM

    def make(given: Setting) -> Any:
        algorithm = GA(
            pop_size=options.population,
            sampling=first_generation(_NAME, given, options.population, options.spread_rad, options.span_rad),
            crossover=SBX(prob=options.crossover),
            mutation=PM(prob=options.mutation),
        )
        return Generations(_NAME, algorithm, given, options.span_rad)

    return program(options, setting, make, options.population, _flops)


KIND = Kind(_NAME, GaConfig, NEEDS, start)
