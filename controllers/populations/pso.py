"""Particle swarm: every candidate flies on, drawn to the best place it has been at and to the best of all.

pymoo's PSO (J. Kennedy and R. Eberhart, ICNN 1995), whose inertia and attractions adapt to how the swarm is spread
(Z.-H. Zhan et al., IEEE Trans. SMC B 39, 1362, 2009). Particles begin at rest. Where the search would end is
the candidate of least loss so far: places keep the loss they once had, so losses of different generations have to
compare.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import Field

from controllers.kind import Kind, Program, Setting
from controllers.populations.from_pymoo import Generations, first_generation
from controllers.populations.search import NEEDS, Population, PopulationOptions, needed, program
from emulator.config.models import Radians

__all__ = ["KIND", "PsoConfig", "start"]

_NAME = "pso"


class PsoConfig(PopulationOptions):
    """Configure the particle swarm."""

    kind: Literal["pso"] = "pso"
    """Which controller this section configures."""
    population: Population = 30
    """Particles; each is read once a generation."""
    spread_rad: Annotated[Radians, Field(gt=0, le=math.pi)] = 0.1
    """Standard deviation of the first particles around the design phases, in radians, (0, pi]."""
    span_rad: Annotated[Radians, Field(gt=0, le=math.pi)] = 0.5
    """How far from its design phase a phase may go, either way, in radians, (0, pi]."""
    speed: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Greatest move of a phase in one generation, as a share of 2 span_rad, (0, 1]; pymoo's is 0.2."""
    adaptive: bool = True
    """Whether inertia and attractions follow the spread of the swarm, or stay at 0.9, 2 and 2."""


def _flops(phases: int, candidates: int) -> int:
    """Return the operations of a generation: 30 to move a phase, and 3 for its distance to each other particle's.

    Counted in pymoo: two draws (10 each) and ten to move and to keep within bounds.
    """
    return (30 + 3 * candidates) * phases * candidates


def start(options: PsoConfig, setting: Setting) -> Program:
    """Return the search around the design phases; raises ``ConfigError`` for what cannot be."""
    with needed(_NAME, "pymoo"):
        from pymoo.algorithms.soo.nonconvex.pso import PSO

    def make(given: Setting) -> Any:
        algorithm = PSO(
            pop_size=options.population,
            sampling=first_generation(_NAME, given, options.population, options.spread_rad, options.span_rad),
            max_velocity_rate=options.speed,
            adaptive=options.adaptive,
            initial_velocity="zero",
        )
        return Generations(_NAME, algorithm, given, options.span_rad)

    return program(options, setting, make, options.population, _flops)


KIND = Kind(_NAME, PsoConfig, NEEDS, start)
