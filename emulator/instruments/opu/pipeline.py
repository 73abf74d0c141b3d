"""The timing of frames in the optical processing unit, from the host and back; no physics, no power.

Patterns go from the host to the DMD's memory, are loaded, and are shown and exposed at the beat of a frame clock;
the camera reads out while the next frame is exposed, frames travel to the host, and the host turns them into
numbers. Every place between two stages is bounded: the DMD's memory makes the upload wait, a full buffer of the
camera or of the host loses a frame. All instants are whole picoseconds, and frame n of a sequence starts at
t0 + n/rate, rounded once.

The recurrences are those of a tandem queue with finite buffers; a SimPy model of the same stages, in the tests,
gives the same instants.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import kernel
from emulator.units import LAST_PS, PS_PER_S, beyond_time, ps_to_s

__all__ = ["Fate", "FrameTimes", "Pipeline", "PipelineTiming", "side_by_side"]

Times = NDArray[np.int64]

_NEVER: Final = np.iinfo(np.int64).min // 2
_T0, _SLOTS, _UPLOADED, _CARRIED, _GRABBED = range(5)
"""Instants in the state: start and length of the sequence; upload, transfer and host are free again."""

_EXPOSED: Final = 2  # the place of ``exposure_start`` in ``FrameTimes``

_SHOWN, _SENT, _TAKEN = 5, 6, 7
"""Counts in the state: frames shown, frames sent by the camera, frames taken by the host."""


class Fate(IntEnum):
    """What becomes of a frame."""

    USED = 0
    TORN = 1
    """The mirrors moved during the exposure; the host sees that the identifiers at both ends differ."""
    MISSED = 2
    """The camera lost it."""
    CAMERA_FULL = 3
    """No room in the camera's buffer."""
    HOST_FULL = 4
    """No room in the host's buffer."""
    LATE = 5
    """It came, but after its deadline."""


@dataclass(frozen=True, slots=True)
class PipelineTiming:
    """Hold the durations of the stages, in ps, and the sizes of the places between them, in frames."""

    upload_ps: int
    """Pattern from the host into the DMD's memory."""
    load_ps: int
    """Pattern from the DMD's memory onto the mirrors; it overlaps with the frame before."""
    rate_hz: float
    """Beat of the frame clock."""
    exposure_ps: int
    readout_ps: int
    transfer_ps: int
    """Frame from the camera to the host."""
    latency_ps: int
    """Delay of a transfer that keeps no other waiting."""
    grab_ps: int
    """Frame from counts to numbers, on the host."""
    deadline_ps: int
    """Age, from the start of its exposure, at which a frame is too late; 0 is never."""
    memory_patterns: int
    camera_frames: int
    host_frames: int


@dataclass(frozen=True, slots=True, eq=False)
class FrameTimes:
    """Hold what happened to each of n frames: instants (n,), int64 ps, and fates (n,), int64.

    A frame that was lost has the instants up to its loss; those after it repeat the last one.
    """

    upload_start: Times
    upload_end: Times
    exposure_start: Times
    exposure_end: Times
    readout_end: Times
    transfer_start: Times
    transfer_end: Times
    grab_start: Times
    grab_end: Times
    fate: Times

    def count(self, *fates: Fate) -> int:
        """Return how many frames met one of ``fates``."""
        return int(np.isin(self.fate, fates).sum())

    @property
    def done_ps(self) -> int:
        """Return when the last of the frames was used or found lost."""
        return int(self.grab_end.max())


def side_by_side(passes: Sequence[FrameTimes]) -> FrameTimes:
    """Return the frames of ``passes`` through several pipelines as of one, in the order of their exposure."""
    columns = [
        np.concatenate([getattr(times, name) for times in passes]) for name in FrameTimes.__dataclass_fields__
    ]
    order = np.argsort(columns[_EXPOSED], kind="stable")
    return FrameTimes(*(column[order] for column in columns))


class Pipeline:
    """Keep where the frames of earlier commands are, and pass those of the next one through, in order."""

    def __init__(self, timing: PipelineTiming) -> None:
        self.timing = timing
        self._state = np.zeros(8, dtype=np.int64)
        self._state[_T0] = _NEVER
        self._memory = np.full(timing.memory_patterns, _NEVER, dtype=np.int64)
        self._camera = np.full(timing.camera_frames, _NEVER, dtype=np.int64)
        self._host = np.full(timing.host_frames, _NEVER, dtype=np.int64)
        t = timing
        stages_ps = (
            t.upload_ps, t.load_ps, t.exposure_ps, t.readout_ps, t.transfer_ps, t.latency_ps, t.grab_ps
        )  # fmt: skip
        if (whole_ps := sum(stages_ps)) > LAST_PS:
            raise beyond_time(f"opu: a frame of {ps_to_s(whole_ps):g} s, from upload to numbers,")
        self._room_ps = LAST_PS - whole_ps
        self._durations = np.array([*stages_ps, t.deadline_ps, self._room_ps], dtype=np.int64)

    def send(self, issued_ps: int, losses: NDArray[np.int64]) -> FrameTimes:
        """Send one frame for each of ``losses`` (n,), a ``Fate`` that the optics decide (USED, TORN or MISSED).

        No pattern leaves the host before ``issued_ps``, nor before those of the calls before. Raises ``ClockError``
        when a frame could come after the end of time.
        """
        if issued_ps > self._room_ps:
            raise beyond_time(f"opu: what becomes of a frame sent at {ps_to_s(issued_ps):g} s")
        table = np.empty((10, len(losses)), dtype=np.int64)
        table[9] = losses
        lost = _send(
            issued_ps, table, self._state, self._memory, self._camera, self._host, self._durations,
            self.timing.rate_hz,
        )  # fmt: skip
        if lost >= 0:
            raise beyond_time(f"opu: what becomes of frame {lost} of those sent at {ps_to_s(issued_ps):g} s")
        return FrameTimes(*table)


_PS_PER_S: Final = float(PS_PER_S)
_ROUNDING_PS: Final = 4096  # more than two sums of instants in doubles can be wrong by, at the end of time
_TORN, _CAMERA_FULL, _HOST_FULL, _LATE = (
    int(fate) for fate in (Fate.TORN, Fate.CAMERA_FULL, Fate.HOST_FULL, Fate.LATE)
)


@kernel
def _send(
    issued: int,
    table: NDArray[np.int64],
    state: Times,
    memory: Times,
    camera: Times,
    host: Times,
    durations: Times,
    rate_hz: float,
) -> int:
    """Fill ``table`` (10, n), whose last row holds the losses that the optics decide, column by column.

    ``memory``, ``camera`` and ``host`` are rings: when the pattern, the transfer and the grabbing that had the
    same place before was shown, began or began. The slot of frame n is t0 + n/rate: one division, whose quotient
    is exact to less than a picosecond up to 2^53 ps (2.5 hours) after t0, rounded to a whole one. Returns the first
    frame of which an instant could not be held, as it begins after ``room``, the last of
    ``durations``; else -1.
    """
    upload, load, exposure, readout, transfer, latency, grab, deadline, room = durations
    for i in range(table.shape[1]):
        begun = max(issued, state[_UPLOADED], memory[state[_SHOWN] % memory.size])
        shift = np.floor(state[_SLOTS] * _PS_PER_S / rate_hz + 0.5)
        late = max(begun, state[_CARRIED], state[_GRABBED]) > room
        if late or shift + max(state[_T0], 0) > room - _ROUNDING_PS:
            return i
        uploaded = begun + upload
        ready = uploaded + load
        slot = state[_T0] + np.int64(shift)
        if state[_T0] < 0 or ready > slot:
            slot = ready
            state[_T0], state[_SLOTS] = slot, 0
        state[_SLOTS] += 1
        state[_UPLOADED] = uploaded
        memory[state[_SHOWN] % memory.size] = slot
        state[_SHOWN] += 1
        exposed = slot + exposure
        read = exposed + readout
        sent = arrived = taken = done = read
        fate = table[9, i]
        if fate <= _TORN and camera[state[_SENT] % camera.size] > read:
            fate = _CAMERA_FULL
        if fate <= _TORN:
            sent = max(read, state[_CARRIED])
            state[_CARRIED] = sent + transfer
            camera[state[_SENT] % camera.size] = sent
            state[_SENT] += 1
            arrived = taken = done = sent + transfer + latency
            if host[state[_TAKEN] % host.size] > arrived:
                fate = _HOST_FULL
        if fate <= _TORN:
            taken = max(arrived, state[_GRABBED])
            done = taken + grab
            state[_GRABBED] = done
            host[state[_TAKEN] % host.size] = taken
            state[_TAKEN] += 1
            if fate == 0 and 0 < deadline < done - slot:
                fate = _LATE
        table[0, i], table[1, i], table[2, i], table[3, i], table[4, i] = begun, uploaded, slot, exposed, read
        table[5, i], table[6, i], table[7, i], table[8, i], table[9, i] = sent, arrived, taken, done, fate
    return -1
