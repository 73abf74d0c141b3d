"""Where the time of a projection goes, sample by sample, for batches of one to three thousand.

The frames are sent by the unit's own rules (``FrameSender``), no image is formed. Of every instant from the call to
the reply the ledger says what it waited for: going back from the last frame, always to whatever ended last before
the next could begin. So the stages add up to the elapsed time exactly.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from emulator.commands import FrameCounts
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.frames import FrameSender, Sent
from emulator.instruments.opu.pipeline import FrameTimes, PipelineTiming
from emulator.instruments.opu.timing import OpuDesign, costs_of, frame_budget
from emulator.physics.opu.holography import patterns_per_vector
from emulator.units import PS_PER_S

__all__ = ["STAGES", "Ledger", "ledger_of_call", "ledger_of_sent"]

STAGES: Final = (
    "set-up",
    "upload",
    "DMD load",
    "frame clock",
    "exposure",
    "readout",
    "transfer",
    "grab",
    "host",
)
"""What an instant can be spent on; ``frame clock`` is the wait for the next beat."""


@dataclass(frozen=True)
class Ledger:
    """Tell where the time of one call went: whole picoseconds that add up to ``elapsed_ps``."""

    vectors: int
    spent_ps: tuple[tuple[str, int], ...]
    """Stage and time, in the order of ``STAGES``."""
    elapsed_ps: int
    nominal_hz: float
    """Projections per second of the frame clock alone."""
    counts: FrameCounts

    @property
    def rate_hz(self) -> float:
        """Return the projections per second of this call."""
        return self.vectors * PS_PER_S / self.elapsed_ps

    @property
    def share(self) -> float:
        """Return the rate over the nominal one."""
        return self.rate_hz / self.nominal_hz

    @property
    def binds(self) -> str:
        """Return the stage that most of the time went into."""
        return max(self.spent_ps, key=lambda pair: pair[1])[0]

    def seconds_a_sample(self, stage: str) -> float:
        """Return the time of ``stage``, in seconds for each vector."""
        return dict(self.spent_ps)[stage] / PS_PER_S / self.vectors


def ledger_of_call(
    config: OpuConfig, host: HostConfig, design: OpuDesign, vectors: int, host_ps: int = 0
) -> Ledger:
    """Return the ledger of one call that projects ``vectors``, the unit having been idle.

    ``host_ps`` is what the caller computes between two calls, while no frame is under way. Raises ``ConfigError``
    or ``PhysicsError`` when the unit cannot be built.
    """
    dmd = config.dmd
    patterns = patterns_per_vector(dmd.encoding, dmd.precision)
    frames = patterns * costs_of(config).frames
    sender = FrameSender(config, host, design, seed=0)
    sent = sender.send(0, vectors * patterns)
    spent = Counter(ledger_of_sent(sent, sender.pipeline.timing))
    spent["host"] += host_ps
    return Ledger(
        vectors=vectors,
        spent_ps=tuple((stage, spent[stage]) for stage in STAGES),
        elapsed_ps=sent.done_ps + host_ps,
        nominal_hz=frame_budget(config, host, design).rate_hz / frames,
        counts=sent.counts(vectors, 0),
    )


def ledger_of_sent(sent: Sent, timing: PipelineTiming) -> Counter[str]:
    """Return the picoseconds from the call to the last frame's end by stage; they add up to that time.

    Passes follow each other: a further acquisition, or frames that are sent again. What lies between them, and
    before the first pattern, is set-up: formatting, too.
    """
    spent: Counter[str] = Counter()
    t_ps = sent.done_ps
    for times in reversed(sent.passes):
        spent["set-up"] += t_ps - times.done_ps
        t_ps = times.done_ps
        for stage, start_ps in _Walk(times, timing).back():
            spent[stage] += t_ps - start_ps
            t_ps = start_ps
    spent["set-up"] += t_ps - sent.issued_ps
    return spent


class _Place(NamedTuple):
    """Where the walk back has come to: a stage of a frame."""

    stage: str
    frame: int


class _Walk:
    """Go back through one pass, from a stage to what ended when it began; a pass finds the pipeline at rest."""

    def __init__(self, times: FrameTimes, timing: PipelineTiming) -> None:
        self._times = times
        self._timing = timing
        self._steps: dict[str, Callable[[int], tuple[int, _Place | None]]] = {
            "grab": self._grab,
            "transfer": self._transfer,
            "readout": self._readout,
            "exposure": self._exposure,
            "frame clock": self._clock,
            "DMD load": self._load,
            "upload": self._upload,
        }

    def back(self) -> Iterator[tuple[str, int]]:
        """Yield each stage and its start, in ps, from the last frame's end back to the first pattern's upload."""
        place: _Place | None = _Place("grab", int(self._times.grab_end.argmax()))
        while place is not None:
            start_ps, before = self._steps[place.stage](place.frame)
            yield place.stage, start_ps
            place = before

    def _grab(self, frame: int) -> tuple[int, _Place]:
        """A frame is grabbed when it has come, or when the host has done with the one before."""
        start = int(self._times.grab_start[frame])
        if start == self._times.transfer_end[frame]:
            return start, _Place("transfer", frame)
        return start, _Place("grab", int(np.flatnonzero(self._times.grab_end[:frame] == start)[-1]))

    def _transfer(self, frame: int) -> tuple[int, _Place]:
        """A frame is sent when it has been read, or when the link is free; the latency keeps no other waiting."""
        start = int(self._times.transfer_start[frame])
        if start == self._times.readout_end[frame]:
            return start, _Place("readout", frame)
        free = self._times.transfer_end[:frame] - self._timing.latency_ps
        return start, _Place("transfer", int(np.flatnonzero(free == start)[-1]))

    def _readout(self, frame: int) -> tuple[int, _Place]:
        return int(self._times.exposure_end[frame]), _Place("exposure", frame)

    def _exposure(self, frame: int) -> tuple[int, _Place]:
        return self._shown(frame)

    def _shown(self, frame: int) -> tuple[int, _Place]:
        """Return when a pattern was shown, and what it had waited for: its own loading, or the beat."""
        shown = int(self._times.exposure_start[frame])
        loaded = int(self._times.upload_end[frame]) + self._timing.load_ps
        return shown, _Place("DMD load" if shown == loaded else "frame clock", frame)

    def _clock(self, frame: int) -> tuple[int, _Place]:
        """A beat follows the one before; the first of a pass may wait for a clock that is running."""
        if frame == 0:
            return int(self._times.upload_end[0]) + self._timing.load_ps, _Place("DMD load", 0)
        return self._shown(frame - 1)

    def _load(self, frame: int) -> tuple[int, _Place]:
        return int(self._times.upload_end[frame]), _Place("upload", frame)

    def _upload(self, frame: int) -> tuple[int, _Place | None]:
        """A pattern is sent after the one before it, and when the DMD's memory has a place free."""
        start = int(self._times.upload_start[frame])
        if frame == 0:
            return start, None
        if start == self._times.upload_end[frame - 1]:
            return start, _Place("upload", frame - 1)
        before = frame - self._timing.memory_patterns
        return start, self._shown(before)[1] if before >= 0 else None
