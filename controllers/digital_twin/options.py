"""Options that all controllers with a digital twin share."""

import math
from typing import Annotated, Literal

from pydantic import Field

from controllers.kind import TuningOptions
from emulator.config.models import PositiveInt, Radians

__all__ = ["Poke", "TwinOptions"]

Poke = Literal["auto", "none", "together", "each"]


class TwinOptions(TuningOptions):
    """The options that mean the same in every controller which keeps a twin of its chip."""

    poke: Poke = "auto"
    """When dead heaters are looked for: before all else ("together": a few readings with all heaters at random
    phases; "each": one reading a heater), never, or "together" only where the twin cannot explain the chip."""
    poke_readings: PositiveInt = 16
    """Readings of a poke of all heaters together."""
    poke_rad: Annotated[Radians, Field(gt=0, le=math.pi)] = 0.3
    """How far a heater that is poked alone moves, in radians, (0, pi]."""
    explained: Annotated[float, Field(gt=0, le=1)] = 0.09
    """Share of the readings' root mean square that the fitted twin may miss, (0, 1], before "auto" looks for dead
    heaters."""
    prior_floor_rad: Annotated[Radians, Field(gt=0, le=math.pi)] = 0.01
    """Standard deviation expected of a device's phase beside the data sheet's spread, in radians, (0, pi]."""
    insertion_loss: Literal["sheet", "none"] = "sheet"
    """Whether the twin has the data sheet's loss of a rotator, or, to see what that costs, none."""
    design_error_rad: Annotated[Radians, Field(ge=0, le=math.pi)] = 0.0
    """Standard deviation of errors of the twin's own design phases, to see what a wrong one costs, in radians,
    [0, pi]; they are drawn once, and no spread allows for them."""
    reading_sd: Annotated[float, Field(gt=0, le=100)] = 0.03
    """Standard deviation expected of an output about the fitted twin's, in activation units, (0, 100]."""
    fit_steps: PositiveInt = 3
    """Gauss-Newton steps of a fit."""
    fit_products: PositiveInt = 20
    """Conjugate gradients of a Gauss-Newton step, each a product with the Jacobian and one with its transpose."""
