"""Faults of heaters and their drivers: stuck, open, without a DAC channel, ageing."""

import math
from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from emulator.config.models import Radians
from emulator.physics.chip.ageing import aged_gamma
from experiments.agents.faults.fault import (
    Gradual,
    OfParts,
    Period,
    Timed,
    abrupt,
    fault_kind,
    gradual,
)

__all__ = ["KINDS"]

_STUCK, _OPEN, _CHANNEL, _GAMMA = "chip.stuck", "chip.dead", "chip.channel", "chip.gamma"
_LET_GO: Final = -1.0
_RAIL_RAD: Final = 2.0 * math.pi


class StuckHeater(OfParts):
    """Let heaters stay at a phase whatever they are told."""

    kind: Literal["stuck_heater"]
    """Which agent this entry configures."""
    radians: Annotated[Radians, Field(ge=0, le=_RAIL_RAD)] = _RAIL_RAD
    """Phase at which they stay, in radians, [0, 2 pi]; 2 pi is the rail of their drivers, 0 the other one."""


class OpenHeater(OfParts):
    """Let heaters heat no more, as with a broken wire."""

    kind: Literal["open_heater"]
    """Which agent this entry configures."""


class LostChannel(OfParts):
    """Let DAC channels hold what they were told last."""

    kind: Literal["lost_channel"]
    """Which agent this entry configures."""


class GammaAgeing(OfParts, Gradual):
    """Let heaters age: their phase for a voltage drifts by a power law of time."""

    kind: Literal["gamma_ageing"]
    """Which agent this entry configures."""
    change: Annotated[float, Field(gt=-1, le=10)] = -0.05
    """Relative change of gamma after ``after_s``, (-1, 10]; assumed."""
    after_s: Period = 1.0
    """Time after which gamma has changed by ``change``, in seconds, (0, 9e6]; assumed."""
    exponent: Annotated[float, Field(gt=0, le=4)] = 0.5
    """Exponent of the power law, (0, 4]; assumed."""


def _stuck(options: StuckHeater) -> Iterator[Timed]:
    return abrupt(_STUCK, options, options.radians, _LET_GO)


def _ageing(options: GammaAgeing) -> Iterator[Timed]:
    return gradual(
        _GAMMA, options, lambda t_s: aged_gamma(t_s, options.change, options.after_s, options.exponent), 1.0
    )


KINDS = (
    fault_kind(
        StuckHeater, _STUCK, "a heater stays at one phase", _stuck,
        lambda rng, horizon_s: {
            "radians": float(rng.uniform(0.0, _RAIL_RAD))
        },
    ),
    fault_kind(OpenHeater, _OPEN, "a heater heats no more", lambda o: abrupt(_OPEN, o, 1.0, 0.0)),
    fault_kind(
        LostChannel, _CHANNEL, "a DAC channel holds what it was told last", lambda o: abrupt(_CHANNEL, o, 1.0, 0.0)
    ),
    fault_kind(
        GammaAgeing, _GAMMA, "the phase for a voltage drifts", _ageing,
        lambda rng, horizon_s: {
            "after_s": horizon_s,
            "change": float(rng.uniform(-0.1, 0.1)),
        },
    ),
)  # fmt: skip
"""The faults of heaters."""
