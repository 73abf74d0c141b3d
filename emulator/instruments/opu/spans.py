"""What the frames of a projection occupy, for the trace: a span a stage, or a span a frame and stage."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from emulator.instruments.opu.pipeline import FrameTimes

__all__ = ["STAGES", "FrameSpan", "frame_spans", "stage_busy_ps", "stage_spans"]

STAGES: Final = (
    ("uplink", "upload", "upload_start", "upload_end"),
    ("camera", "exposure", "exposure_start", "exposure_end"),
    ("sensor", "readout", "exposure_end", "readout_end"),
    ("downlink", "transfer", "transfer_start", "transfer_end"),
    ("grabber", "grab", "grab_start", "grab_end"),
)
"""Resource and activity of each stage, and the instants of ``FrameTimes`` that bound it."""


class FrameSpan(NamedTuple):
    """Name a resource, what it does, and from when to when, in ps."""

    resource: str
    activity: str
    t_start: int
    t_end: int


def stage_spans(times: FrameTimes) -> Iterator[FrameSpan]:
    """Yield for each stage the span from its first frame's start to its last one's end."""
    for resource, activity, first, last in STAGES:
        start, end = getattr(times, first), getattr(times, last)
        came = end > start
        if came.any():
            yield FrameSpan(resource, activity, int(start[came].min()), int(end[came].max()))


def frame_spans(times: FrameTimes) -> Iterator[FrameSpan]:
    """Yield the spans of every frame in every stage that it reached."""
    for resource, activity, first, last in STAGES:
        start, end = getattr(times, first), getattr(times, last)
        for begin, finish in zip(start.tolist(), end.tolist(), strict=True):
            if finish > begin:
                yield FrameSpan(resource, activity, begin, finish)


def stage_busy_ps(times: FrameTimes) -> dict[str, int]:
    """Return the time that the frames took of each "resource.activity"."""
    return {
        f"{resource}.{activity}": int(np.sum(getattr(times, last) - getattr(times, first)))
        for resource, activity, first, last in STAGES
    }
