"""Faults of frames: dropped by the camera, torn by the mirrors, exposed too late."""

from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from experiments.agents.faults.fault import FaultOptions, Period, abrupt, fault_kind

__all__ = ["KINDS"]

_MISSED, _TORN, _TRIGGER = "opu.missed", "opu.torn", "opu.trigger"
_MOST: Final = 0.2  # share of lost frames that a random plan has at most


class DroppedFrames(FaultOptions):
    """Let the camera lose frames."""

    kind: Literal["dropped_frames"]
    """Which agent this entry configures."""
    share: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of frames that it loses, [0, 1); assumed."""


class TornFrames(FaultOptions):
    """Let the mirrors move during frames."""

    kind: Literal["torn_frames"]
    """Which agent this entry configures."""
    share: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of frames that are torn, [0, 1); assumed."""


class LateTrigger(FaultOptions):
    """Let the camera be triggered late, so that exposures reach into the next pattern."""

    kind: Literal["late_trigger"]
    """Which agent this entry configures."""
    mean_s: Period = 50e-6
    """Mean delay, exponentially distributed, in seconds, (0, 9e6]; assumed."""


def _share(rng: np.random.Generator, horizon_s: float) -> dict[str, object]:
    return {"share": float(rng.uniform(0.0, _MOST))}


KINDS = (
    fault_kind(
        DroppedFrames, _MISSED, "the camera loses frames", lambda o: abrupt(_MISSED, o, o.share, 0.0), _share
    ),
    fault_kind(
        TornFrames, _TORN, "the mirrors move during frames", lambda o: abrupt(_TORN, o, o.share, 0.0), _share
    ),
    fault_kind(
        LateTrigger, _TRIGGER, "the camera is triggered late", lambda o: abrupt(_TRIGGER, o, o.mean_s, 0.0),
        lambda rng, horizon_s: {
            "mean_s": float(rng.uniform(5e-6, 2e-4))
        },
    ),
)  # fmt: skip
"""The faults of frames; what a study configures of losses itself ends where one of them does."""
