"""Faults of the lasers of a chip or a processing unit: power that drifts, and power that fluctuates."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from emulator.config.models import DecibelsPerHertz, Hertz
from emulator.physics.laser import drifted_power, intensity_std
from experiments.agents.faults.fault import (
    FaultOptions,
    Gradual,
    Period,
    Timed,
    abrupt,
    fault_kind,
    gradual,
)

__all__ = ["KINDS"]

_POWER: Final = "laser"
_NOISE: Final = "laser_noise"


class LaserDrift(Gradual):
    """Let the lasers' power drift towards another level."""

    kind: Literal["laser_drift"]
    """Which agent this entry configures."""
    instrument: Literal["chip", "opu"] = "chip"
    """Whose lasers."""
    change: Annotated[float, Field(ge=-0.99, le=9)] = -0.05
    """Relative change of the power in the end, [-0.99, 9]; assumed: 5 % is what a drift is tested with here."""
    tau_s: Period = 0.1
    """Time constant of the drift, in seconds, (0, 9e6]; assumed."""


class LaserNoise(FaultOptions):
    """Let the lasers' power fluctuate from query to query, or frame to frame, the same for all receivers."""

    kind: Literal["laser_noise"]
    """Which agent this entry configures."""
    instrument: Literal["chip", "opu"] = "chip"
    """Whose lasers."""
    rin_db_per_hz: Annotated[DecibelsPerHertz, Field(ge=-250, le=-10)] = -120.0
    """White relative intensity noise, one-sided, in decibels per hertz, [-250, -10]; assumed: 1 % in 100 MHz."""
    corner_hz: Annotated[Hertz, Field(ge=0, le=1e12)] = 0.0
    """Frequency at which 1/f noise equals the white one, in hertz, [0, 1e12]; 0 is none."""
    low_hz: Annotated[Hertz, Field(gt=0, le=1e12)] = 1.0
    """Lower end of the band: one over the time of a run, in hertz, (0, 1e12]; assumed."""
    high_hz: Annotated[Hertz, Field(gt=0, le=1e12)] = 1e8
    """Upper end of the band, in hertz, (0, 1e12]; assumed: faster noise averages out in a reading.

    A camera's is 1/(2 exposure)."""


def _drift(options: LaserDrift) -> Iterator[Timed]:
    target = f"{options.instrument}.{_POWER}"
    return gradual(target, options, lambda t_s: drifted_power(t_s, options.change, options.tau_s), 1.0)


def _noise(options: LaserNoise) -> Iterator[Timed]:
    white = 10.0 ** (options.rin_db_per_hz / 10.0)
    spread = intensity_std(white, options.low_hz, options.high_hz, options.corner_hz)
    return abrupt(f"{options.instrument}.{_NOISE}", options, spread, 0.0)


KINDS = (
    fault_kind(
        LaserDrift, f"chip.{_POWER}", "the lasers' power drifts", _drift,
        lambda rng, horizon_s: {
            "tau_s": horizon_s / 4,
            "change": float(rng.uniform(-0.1, 0.1)),
        },
    ),
    fault_kind(
        LaserNoise, f"chip.{_NOISE}", "the lasers' power fluctuates", _noise,
        lambda rng, horizon_s: {
            "rin_db_per_hz": float(rng.uniform(-140.0, -115.0))
        },
    ),
)  # fmt: skip
"""The faults of lasers."""
