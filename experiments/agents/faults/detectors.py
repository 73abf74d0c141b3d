"""Faults of receivers: dead, or saturated; of the chip's, and of pixels behind a scattering medium."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from experiments.agents.faults.fault import OfParts, Timed, abrupt, fault_kind

__all__ = ["KINDS"]

_RESPONSE, _OFFSET, _PIXELS = "chip.responsivity", "chip.offset", "opu.responsivity"
_BEYOND: Final = 1e3  # activation units, beyond the range of any converter that a preset has


class DeadDetector(OfParts):
    """Let receivers give no signal, or less; they are numbered layer by layer."""

    kind: Literal["dead_detector"]
    """Which agent this entry configures."""
    share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of their signal that they still give, [0, 1)."""


class SaturatedDetector(OfParts):
    """Let receivers read the end of their range; they are numbered layer by layer."""

    kind: Literal["saturated_detector"]
    """Which agent this entry configures."""
    sign: Literal[-1, 1] = 1
    """Which end."""


class DeadPixels(OfParts):
    """Let outputs of an optical processing unit give no signal, or less."""

    kind: Literal["dead_pixels"]
    """Which agent this entry configures."""
    share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of their signal that they still give, [0, 1)."""


def _saturated(options: SaturatedDetector) -> Iterator[Timed]:
    return abrupt(_OFFSET, options, options.sign * _BEYOND, 0.0)


KINDS = (
    fault_kind(
        DeadDetector, _RESPONSE, "a receiver gives no signal", lambda o: abrupt(_RESPONSE, o, o.share, 1.0)
    ),
    fault_kind(SaturatedDetector, _OFFSET, "a receiver reads the end of its range", _saturated),
    fault_kind(
        DeadPixels, _PIXELS, "outputs behind the medium give no signal", lambda o: abrupt(_PIXELS, o, o.share, 1.0)
    ),
)  # fmt: skip
"""The faults of receivers."""
