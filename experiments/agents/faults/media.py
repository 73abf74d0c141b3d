"""Drifts of what light passes: the chip's substrate, and the scattering medium."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from emulator.config.models import Meters
from emulator.physics.chip.ageing import gradient_phase_rad
from emulator.physics.laser import drifted_power
from emulator.physics.opu.decorrelation import decayed_correlation, warmed_correlation
from experiments.agents.faults.fault import Gradual, Period, Timed, fault_kind, gradual

__all__ = ["KINDS"]

_SUBSTRATE, _MEDIUM = "chip.substrate", "opu.correlation"


class SubstrateDrift(Gradual):
    """Let a gradient of temperature build up on the chip, which adds the same phase to every device."""

    kind: Literal["substrate_drift"]
    """Which agent this entry configures."""
    kelvin: Annotated[float, Field(ge=-100, le=100)] = 1.0
    """Temperature between interfering paths in the end, in kelvin, [-100, 100]; assumed."""
    tau_s: Period = 0.1
    """Time constant, in seconds, (0, 9e6]; assumed: substrate and temperature control respond in ms to s."""
    length_m: Annotated[Meters, Field(gt=0, le=1)] = 61.6e-6
    """Length of the paths, in metres, (0, 1]; the heater of Harris 2014 (arXiv 1410.3616)."""
    wavelength_m: Annotated[Meters, Field(gt=0, le=1)] = 1.55e-6
    """Wavelength, in metres, (0, 1]."""


class MediumDrift(Gradual):
    """Let the scattering medium forget what it was, exponentially in time."""

    kind: Literal["medium_drift"]
    """Which agent this entry configures."""
    tau_s: Period = 60.0
    """Time in which the correlation of fields falls to 1/e, in seconds, (0, 9e6]; assumed."""


class MediumWarmUp(Gradual):
    """Let the scattering medium and the mirrors warm up, and stay warm."""

    kind: Literal["medium_warm_up"]
    """Which agent this entry configures."""
    spread_rad: Annotated[float, Field(ge=0, le=100)] = 1.0
    """Standard deviation, over paths, of the phase by which they change in the end, in radians; assumed."""
    tau_s: Period = 60.0
    """Time constant of the temperature, in seconds, (0, 9e6]; assumed."""


def _substrate(options: SubstrateDrift) -> Iterator[Timed]:
    full_rad = gradient_phase_rad(options.kelvin, options.length_m, options.wavelength_m)
    return gradual(
        _SUBSTRATE, options, lambda t_s: full_rad * (drifted_power(t_s, 1.0, options.tau_s) - 1.0), 0.0
    )


def _drift(options: MediumDrift) -> Iterator[Timed]:
    return gradual(_MEDIUM, options, lambda t_s: decayed_correlation(t_s, options.tau_s), 1.0)


def _warm_up(options: MediumWarmUp) -> Iterator[Timed]:
    return gradual(
        _MEDIUM, options, lambda t_s: warmed_correlation(t_s, options.spread_rad, options.tau_s), 1.0
    )


KINDS = (
    fault_kind(
        SubstrateDrift, _SUBSTRATE, "the chip warms up unevenly", _substrate,
        lambda rng, horizon_s: {
            "tau_s": horizon_s / 4,
            "kelvin": float(rng.uniform(-5.0, 5.0)),
        },
    ),
    fault_kind(
        MediumDrift, _MEDIUM, "the medium forgets what it was", _drift,
        lambda rng, horizon_s: {
            "tau_s": float(horizon_s * rng.uniform(0.5, 5.0)),
        },
    ),
    fault_kind(
        MediumWarmUp, _MEDIUM, "the medium warms up", _warm_up,
        lambda rng, horizon_s: {
            "tau_s": horizon_s / 4,
            "spread_rad": float(rng.uniform(0.1, 2.0)),
        },
    ),
)  # fmt: skip
"""The drifts."""
