"""The optical processing unit on the bench: it serves Project, and says when and from which frames the reply comes.

Vectors become patterns, patterns frames, and frames pass through a pipeline (``pipeline``) of upload, exposure,
readout, transfer and grabbing, in which they may be torn, missed, dropped or late; a frame that was lost is sent
again. Frames carry the number of their pattern: what is recovered is paired with its input by that number alone.
Medium, pixels, laser, frames and link may change while it works (``hidden.states``). Not modelled: light that
reaches the camera between frames.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from emulator.commands import FrameCounts, Project, ProjectFrames, Projection
from emulator.errors import CommandError, DivergedError
from emulator.instruments.again import Recorded
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Admission, Change, Outcome, Service, Setting, Stand, State
from emulator.instruments.opu.check import SHOWN, VALUES, needed_values
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.frames import FrameSender, Sent
from emulator.instruments.opu.hidden.states import check
from emulator.instruments.opu.optics import OpuCore
from emulator.instruments.opu.resend import GRABBING
from emulator.instruments.opu.spans import STAGES, FrameSpan, frame_spans, stage_busy_ps, stage_spans
from emulator.instruments.opu.timing import OpuDesign, patterns_of
from emulator.physics.laser import Laser
from emulator.plan import Plan, Work
from emulator.trace import AnyRecorder

__all__ = ["Opu", "idle_w", "opu_plan", "recorded_projection"]

_MOST_VECTORS = 2**31


def opu_plan(config: OpuConfig, host: HostConfig, kind: str, work: Mapping[str, int]) -> Plan:
    """Return a plan without steps: only the pipeline knows when frames come and go."""
    return Plan((), tuple(work.items()))


def idle_w(stand: Stand) -> Mapping[str, float]:
    """Return what all units draw all the time, in watts: that of their boxes, whatever part of them is used."""
    return {"opu.box": stand.config.power_w * stand.config.count}


def recorded_projection(row: Recorded) -> Project | ProjectFrames:
    """Return the projection that a row of a trace was; raises ``TraceError`` where its vectors were not kept."""
    if row.kind == "project_frames":
        return ProjectFrames(row.work["vectors"], row.work["dark"])
    return Project(row.vectors())


@dataclass(frozen=True, slots=True, eq=False)
class _Unseen:
    """Hold a command that is under way of which only the frames count."""

    counts: FrameCounts
    sent: Sent


@dataclass(frozen=True, slots=True, eq=False)
class _Shot:
    """Hold a command that is under way: its vectors as they were sent, which are shown (n,), and their frames.

    ``correlation``, ``responses`` (outputs,) and ``laser`` are those of the instant at which it was asked for.
    """

    vectors: NDArray[np.float32]
    shown: NDArray[np.bool_]
    sent: Sent
    correlation: float
    responses: NDArray[np.float32] | None
    laser: Laser

    @property
    def counts(self) -> FrameCounts:
        """Return the ledger of the frames."""
        return self.sent.counts(len(self.shown), int((~self.shown).sum()))

    def valid(self) -> NDArray[np.bool_]:
        """Return which vectors (n,) have all their frames; setup frames, which come first, count for all."""
        valid, shown = ~self.shown, int(self.shown.sum())
        if shown:
            setup, own = np.split(self.sent.used, [self.sent.setup])
            valid[self.shown] = own.reshape(shown, -1).all(axis=1) & setup.all()
        return valid


class Opu:
    """Serve projections, one behind the other: the next command's frames follow while the last ones come in."""

    pipelined = True

    def __init__(self, config: OpuConfig, design: OpuDesign, setting: Setting) -> None:
        self.sender = FrameSender(config, setting.host, design, setting.seed)
        self.queries = 0
        self._seed = setting.seed
        self._config = config
        self._draw = 0
        self._needed = 0
        self.exposure_ps = self.sender.pipeline.timing.exposure_ps
        self._skip_zero = config.skip_zero
        self.design = design
        self._services: dict[Work, Service] = {}
        self._shots: deque[_Shot | _Unseen] = deque()
        self._busy = {f"{resource}.{activity}": 0 for resource, activity, _, _ in STAGES}
        for component, watts in idle_w(Stand(config, design)).items():
            setting.meter.component(component, watts)
        self._grabber = setting.meter.component(GRABBING)
        self._correlation = 1.0
        self._responses: NDArray[np.float32] | None = None
        self._laser = Laser()

    @cached_property
    def core(self) -> OpuCore:
        """Return the optics, which are made when light is asked for the first time."""
        return OpuCore(self._config, self.design, self._seed)

    @classmethod
    def build(cls, stand: Stand, setting: Setting) -> "Opu":
        """Return the unit of ``stand``; raises ``ConfigError`` or ``PhysicsError`` for what cannot be."""
        return cls(stand.config, stand.design, setting)

    @property
    def outputs(self) -> int:
        """Return how many outputs a projection has."""
        return self.design.outputs

    def begin(self, command: Project | ProjectFrames) -> Service:
        """Check ``command`` and return its service, whose time only ``admit`` can tell.

        Raises ``CommandError`` for another shape or type, a number that is not finite, and one that the encoding
        cannot show.
        """
        if isinstance(command, ProjectFrames):
            self._needed = max(self._needed, VALUES.index(self.design.shows))
            return self._served(*_checked(command))
        vectors = command.vectors
        if not isinstance(vectors, np.ndarray):
            raise CommandError(f"Project: vectors is a {type(vectors).__name__}; allowed: a NumPy array")
        if vectors.ndim != 2 or vectors.shape[1] != self.design.features or len(vectors) == 0:
            raise CommandError(
                f"Project: vectors have shape {vectors.shape}; the unit takes (n >= 1, {self.design.features})"
            )
        if vectors.dtype != np.float32 or not np.isfinite(vectors).all():
            raise CommandError(
                f"Project: vectors of type {vectors.dtype}; allowed: float32, every number finite"
            )
        self.core.check(vectors)
        self._needed = max(self._needed, needed_values(vectors, self._needed))
        return self._served(len(vectors), len(vectors) - int(vectors.any(axis=1).sum()))

    def _served(self, vectors: int, dark: int) -> Service:
        work: Work = (
            ("vectors", vectors),
            ("dark", dark),
            ("features", self.design.features),
            ("outputs", self.design.outputs),
        )
        service = self._services.get(work)
        if service is None:
            service = self._services[work] = Service.of(Plan((), work))
        return service

    def admit(self, command: Project | ProjectFrames, now_ps: int) -> Admission:
        """Send the frames of ``command``, which ``begin`` has checked, behind all frames before them."""
        if isinstance(command, ProjectFrames):
            patterns = patterns_of(self._config, command.vectors, command.dark)
            sent = self.sender.send(now_ps, patterns)
            skipped = command.dark if self._skip_zero else 0
            self._shots.append(_Unseen(sent.counts(command.vectors, skipped), sent))
            return Admission(sent.started_ps, sent.done_ps, self.sender.draws(sent, self._grabber))
        shown = self._shown(command.vectors)
        sent = self.sender.send(now_ps, int(shown.sum()) * self.core.planes)
        self._shots.append(
            _Shot(command.vectors.copy(), shown, sent, self._correlation, self._responses, self._laser)
        )
        return Admission(sent.started_ps, sent.done_ps, self.sender.draws(sent, self._grabber))

    def run(self, command: Project | ProjectFrames, service: Service, start_ps: int) -> Outcome:
        """Project what was shown; outputs of a vector of which a frame was lost for good are 0, and not valid."""
        shot = self._shots.popleft()
        self._count(shot)
        if isinstance(shot, _Unseen) or isinstance(command, ProjectFrames):
            self.queries += shot.counts.vectors
            note = partial(_note, shot, shot.counts)
            return shot.counts, shot.counts.vectors, float(shot.counts.used), 0.0, note
        vectors = shot.vectors
        valid, counts = shot.valid(), shot.counts
        draw = self._draw if command.draw is None else command.draw
        self.core.decorrelate(shot.correlation)
        self.core.laser = shot.laser
        outputs, saturated = self.core.project(vectors, draw)
        if shot.responses is not None:
            np.multiply(outputs, shot.responses, out=outputs, casting="unsafe")
        dark = ~(shot.shown & valid)
        if dark.any():
            outputs[dark] = 0
        outputs.setflags(write=False)
        self.queries += len(vectors)
        self._draw = draw + len(vectors)
        wide = (
            np.uint32 if outputs.dtype == np.uint8 else None
        )  # a row's sum, in the fastest type that holds it
        total = float(outputs.sum(axis=1, dtype=wide).sum(dtype=np.float64))
        if not math.isfinite(total):
            raise _diverged(outputs, draw)
        note = partial(_note, shot, counts)
        return Projection(outputs, valid, counts, saturated), len(vectors), float(counts.used), total, note

    def _count(self, shot: _Shot | _Unseen) -> None:
        for times in shot.sent.passes:
            for name, busy_ps in stage_busy_ps(times).items():
                self._busy[name] += busy_ps

    def busy_ps(self) -> dict[str, int]:
        """Return the time that each stage has taken so far, frame by frame."""
        return dict(self._busy)

    def opening_states(self) -> Sequence[State]:
        """Return nothing: the medium follows from the seed."""
        return ()

    def closing_states(self) -> Sequence[State]:
        """Return which values the projected vectors needed."""
        return ((SHOWN, np.array([self._needed]), "1"),)

    def _shown(self, vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which vectors (n,) send frames."""
        return np.asarray(vectors.any(axis=1)) if self._skip_zero else np.ones(len(vectors), dtype=np.bool_)

    def disturb(self, name: str, index: int, value: float) -> Change:
        """Return what changes the hidden state ``name`` of the part ``index``; raise ``CommandError`` if none can.

        What is under way keeps what held when it was asked for.
        """
        check(name, index, value, self.design.outputs)
        return partial(self._disturb, name, index, value)

    def hidden(self, name: str, index: int) -> float | None:
        """Return the value of the hidden state ``name`` of the part ``index``; None of a link that is held."""
        if name == "correlation":
            return self._correlation
        if name == "responsivity":
            return 1.0 if self._responses is None else float(self._responses[index])
        if name in {"laser", "laser_noise"}:
            return self._laser.power if name == "laser" else self._laser.noise
        return self.sender.share(name)

    def _disturb(self, name: str, index: int, value: float, now_ps: int) -> None:
        if name == "correlation":
            self._correlation = value
        elif name == "responsivity":
            known = self._responses
            responses = np.ones(self.design.outputs, dtype=np.float32) if known is None else known.copy()
            responses[index] = value
            self._responses = responses
        elif name == "laser":
            self._laser = replace(self._laser, power=value)
        elif name == "laser_noise":
            self._laser = replace(self._laser, noise=value)
        else:
            self.sender.disturb(name, value, now_ps)


def _diverged(outputs: NDArray[np.float32] | NDArray[np.uint8], first: int) -> DivergedError:
    """Return an error that names the first of ``outputs`` that is no number; vectors are counted from ``first``."""
    places = np.argwhere(~np.isfinite(outputs))
    if not len(places):
        return DivergedError("opu: the sum of a projection's outputs is beyond what a number can hold")
    row, column = places[0].tolist()
    return DivergedError(f"opu: output {column} of vector {first + row} is {outputs[row, column]}")


def _checked(command: ProjectFrames) -> tuple[int, int]:
    """Return vectors and dark ones of ``command``; raise ``CommandError`` for no such numbers."""
    vectors, dark = command.vectors, command.dark
    if type(vectors) is not int or not 1 <= vectors <= _MOST_VECTORS:
        raise CommandError(f"ProjectFrames: vectors={vectors!r}; allowed: 1 to {_MOST_VECTORS}")
    if type(dark) is not int or not 0 <= dark <= vectors:
        raise CommandError(f"ProjectFrames: dark={dark!r}; allowed: 0 to {vectors}")
    return vectors, dark


def _note(shot: _Shot | _Unseen, counts: FrameCounts, recorder: AnyRecorder) -> None:
    """Put what became of the frames into the trace."""
    recorder.frames(counts)
    if isinstance(shot, _Shot):
        recorder.patterns(shot.vectors)
    for times in shot.sent.passes:
        for span in frame_spans(times) if recorder.detail == "full" else stage_spans(times):
            _note_span(span, recorder)


def _note_span(span: FrameSpan, recorder: AnyRecorder) -> None:
    resource = recorder.label("spans.resource", span.resource)
    recorder.span(resource, recorder.label("spans.activity", span.activity), span.t_start, span.t_end)
