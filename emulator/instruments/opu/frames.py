"""How a projection's frames are sent: in acquisitions, through the pipeline, and again where they were lost.

It knows no physics and no vectors, so that a re-timing of a recorded run sends its frames by the same rules.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.commands import FrameCounts
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Draw
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.pipeline import Fate, FrameTimes, Pipeline, side_by_side
from emulator.instruments.opu.timing import OpuDesign, frames_of, patterns_of, pipeline_timing, working_units
from emulator.physics.opu.camera import straddle_probability
from emulator.streams import stream
from emulator.units import ps_to_s, s_to_ps

__all__ = ["FRAME_STATES", "FrameSender", "Sent", "calls_s"]

FRAME_STATES: Final = frozenset({"torn", "missed", "trigger", "link"})
"""Hidden states that decide which frames come through, and when."""


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """Hold what became of a command's frames, pass by pass, and which of them (frames,) were used in the end.

    The first ``setup`` frames serve all vectors; ``formatted`` is when the host formatted patterns, from, to. The
    reply is not there before ``earliest_ps``: replies come in the order of the commands, also where a later one
    sends no frame or loses its last ones early.
    """

    issued_ps: int
    earliest_ps: int
    setup: int
    passes: tuple[FrameTimes, ...]
    used: NDArray[np.bool_]
    formatted: tuple[tuple[int, int], ...] = ()

    @property
    def started_ps(self) -> int:
        """Return when the first pattern left the host."""
        if not self.passes:
            return self.issued_ps
        return min(int(times.upload_start[0]) for times in self.passes)

    @property
    def done_ps(self) -> int:
        """Return when the last frame was used or found lost, and all commands before have their replies."""
        return max([self.issued_ps, self.earliest_ps, *(each.done_ps for each in self.passes)])

    def counts(self, vectors: int, skipped: int) -> FrameCounts:
        """Return the ledger of the frames."""
        torn = sum(each.count(Fate.TORN) for each in self.passes)
        lost = sum(each.count(Fate.MISSED, Fate.CAMERA_FULL, Fate.HOST_FULL) for each in self.passes)
        late = sum(each.count(Fate.LATE) for each in self.passes)
        sent = sum(len(each.fate) for each in self.passes)
        return FrameCounts(vectors, skipped, sent, int(self.used.sum()), torn + lost, late, torn)


class FrameSender:
    """Send the frames of command after command; lost ones again, as often as the configuration allows.

    Of several units each has a pipeline for its share of the patterns. Those that share the outputs march in step,
    as one pipeline. Setup frames are sent by the first unit alone.
    """

    def __init__(self, config: OpuConfig, host: HostConfig, design: OpuDesign, seed: int) -> None:
        timing = pipeline_timing(config, host, design)
        self._pipelines = tuple(Pipeline(timing) for _ in range(working_units(config)))
        self.pipeline = self._pipelines[0]
        self._config = config
        self._frame_w = host.frame_power_w
        self._chances = stream(seed, "opu/frames")
        self._seen = config.count if config.split == "outputs" else 1
        self._online = config.acquisition == "online"
        self._most = 1 if self._online else config.batch_patterns
        self._acquisition_ps = s_to_ps(config.online_s if self._online else config.acquisition_s)
        self._format_ps = s_to_ps(config.format_s_per_byte * design.features)
        self._free_ps = [0] * len(self._pipelines)
        self._held_ps = 0
        self._replied_ps = 0
        self._set_up = False
        self._slack_s = max(0.0, 1.0 / timing.rate_hz - ps_to_s(timing.exposure_ps))
        self._shares = {
            "torn": config.dmd.torn_probability, "missed": config.camera.missed_probability, "trigger": 0.0
        }  # fmt: skip

    def disturb(self, name: str, value: float, now_ps: int) -> None:
        """Let the share of "torn" or "missed" frames, or the mean delay of the "trigger" in s, become ``value``.

        A "link" lets no pattern through for so many seconds from ``now_ps`` on. It holds for later commands.
        """
        if name == "link":
            self._held_ps = max(self._held_ps, now_ps + s_to_ps(value))
        else:
            self._shares[name] = value

    def share(self, name: str) -> float | None:
        """Return the share of "torn" or "missed" frames, or the delay of the "trigger"; None of the "link"."""
        return self._shares.get(name)

    def send(self, issued_ps: int, patterns: int) -> Sent:
        """Send the frames of ``patterns``, none before ``issued_ps``.

        The mode's setup frames come first, until a command has brought them all through.
        """
        count = frames_of(self._config, patterns, first=not self._set_up)
        setup = count - frames_of(self._config, patterns, first=False)
        used = np.zeros(count, dtype=np.bool_)
        passes: list[FrameTimes] = []
        formatted: list[tuple[int, int]] = []
        begin_ps = max(issued_ps, self._held_ps)
        for _ in range(1 + self._config.retries):
            missing = np.flatnonzero(~used)
            if missing.size == 0:
                break
            new = formatted if not passes else None  # what was formatted once is sent again as it is
            acquired = [
                self._acquire(unit, begin_ps, piece, used, new)
                for unit, share in enumerate(np.array_split(missing, len(self._pipelines)))
                for piece in self._acquisitions(share)
                if piece.size
            ]
            begin_ps = max(times.done_ps for times in acquired)
            passes += acquired if len(self._pipelines) == 1 else [side_by_side(acquired)]
        self._set_up = self._set_up or (patterns > 0 and bool(used[:setup].all()))
        sent = Sent(issued_ps, self._replied_ps, setup, tuple(passes), used, tuple(formatted))
        self._replied_ps = sent.done_ps
        return sent

    def draws(self, sent: Sent, handle: int) -> tuple[Draw, ...]:
        """Return what the host draws: its power while it formats, and while it grabs, which is spread evenly."""
        grab_ps = self.pipeline.timing.grab_ps
        draws = [Draw(handle, begin, end, self._frame_w) for begin, end in sent.formatted if self._frame_w]
        for times in sent.passes:
            came = times.grab_end > times.grab_start
            if self._frame_w and came.any():
                begin, end = int(times.grab_start[came].min()), int(times.grab_end[came].max())
                duty = int(came.sum()) * grab_ps / (end - begin)
                draws.append(Draw(handle, begin, end, duty * self._frame_w))
        return tuple(draws)

    def _acquisitions(self, missing: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Return ``missing`` in pieces of one acquisition; without set-up time one is as good as many."""
        if not (self._acquisition_ps or self._format_ps or self._online):
            return [missing]
        return [missing[begin : begin + self._most] for begin in range(0, missing.size, self._most)]

    def _acquire(
        self,
        unit: int,
        begin_ps: int,
        piece: NDArray[np.int64],
        used: NDArray[np.bool_],
        formatted: list[tuple[int, int]] | None,
    ) -> FrameTimes:
        """Send ``piece`` by ``unit`` when its acquisition before is done: formatted, unless it was, and set up."""
        format_ps = 0 if formatted is None else self._format_ps * piece.size
        if format_ps or self._acquisition_ps or self._online:
            begin_ps = max(begin_ps, self._free_ps[unit])
        if formatted is not None and format_ps:
            formatted.append((begin_ps, begin_ps + format_ps))
        begin_ps += format_ps + self._acquisition_ps
        times = self._pipelines[unit].send(begin_ps, self._losses(piece.size))
        self._free_ps[unit] = times.done_ps
        used[piece[times.fate == Fate.USED]] = True
        return times

    def _losses(self, frames: int) -> NDArray[np.int64]:
        """Draw which frames are torn or missed."""
        whole, missed = 1.0 - self._shares["torn"], self._shares["missed"]
        if self._seen > 1:  # a pattern of which any unit loses its outputs is lost
            whole, missed = whole**self._seen, 1.0 - (1.0 - missed) ** self._seen
        if self._shares["trigger"]:
            whole *= 1.0 - straddle_probability(self._shares["trigger"], self._slack_s)
        torn = 1.0 - whole
        fates = np.full(frames, Fate.USED, dtype=np.int64)
        if torn or missed:
            chances = self._chances.random((frames, 2))
            fates[chances[:, 0] < torn] = Fate.TORN
            fates[chances[:, 1] < missed] = Fate.MISSED
        return fates


def calls_s(config: OpuConfig, host: HostConfig, design: OpuDesign, calls: int, vectors: int) -> float:
    """Return the seconds that ``calls`` of ``vectors`` each take, each asked for when the one before is done."""
    sender, done_ps = FrameSender(config, host, design, seed=0), 0
    for _ in range(calls):
        done_ps = sender.send(done_ps, patterns_of(config, vectors, 0)).done_ps
    return ps_to_s(done_ps)
