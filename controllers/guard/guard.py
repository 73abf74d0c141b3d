"""The guard: it passes a controller's commands on, looks at the replies, and asks for more where it has doubts.

It sees what a controller sees and nothing else. What it finds it logs, and puts into the setting's ``health``,
where controllers look which heaters to leave out; readings it hands on are those of a bench without the fault, as
far as that can be had: normalised by the reference arm, without outputs that are broken. A deciding Sequence shows
the host no reading, so that nothing is found there.
"""

from collections.abc import Generator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from controllers.guard.heaters import HeaterWatch
from controllers.guard.options import GuardConfig
from controllers.guard.outputs import OutputWatch, without
from controllers.guard.projections import ProjectionWatch
from controllers.kind import Setting
from controllers.losses import loss_for
from emulator.commands import (
    Batch,
    Command,
    Controller,
    Forward,
    Join,
    Log,
    Probe,
    Project,
    Projection,
    Reading,
    SetPhases,
    Spending,
    Spent,
    Start,
    Ticket,
    Wait,
)
from emulator.errors import CommandError
from emulator.units import s_to_ps

__all__ = ["guarded"]

_QUARTERS: Final = (0.5 * np.pi, np.pi, 1.5 * np.pi)
_REPEATS: Final = 2  # readings of one state from which noise is learnt
_MEMORY: Final = 0.02  # share of the last reading's loss in the running one

Talk = Generator[Command, Any, Any]


def guarded(controller: Controller, options: GuardConfig, setting: Setting) -> Controller:
    """Return ``controller`` with a guard between it and the bench; logs ``guard_*`` when something is found."""
    guard = _Guard(options, setting)
    message: Any = None
    advance = controller.send
    try:
        while True:
            try:
                command = advance(message)
            except StopIteration:
                return
            advance = controller.send
            try:
                reply = yield command
            except CommandError as error:
                advance, message = controller.throw, error
                continue
            message = yield from guard.seen(command, reply)
    finally:
        controller.close()


class _Guard:
    """What is known of one bench."""

    def __init__(self, options: GuardConfig, setting: Setting) -> None:
        self.options = options
        self.health = setting.health
        self.health.heaters.clear()  # a setting may serve several runs
        self.health.outputs.clear()
        self.heaters = HeaterWatch(
            options, dict(zip(setting.heaters.tolist(), setting.phases.tolist(), strict=True))
        )
        self.outputs = OutputWatch(options)
        self.projections = ProjectionWatch(options, setting.stream("guard/vectors"))
        self.layers = 1 if setting.deployment is None else len(setting.deployment.layers)
        self.started: dict[int, Project] = {}
        self.told: set[int] = set()
        self.given_up: set[int] = set()  # broken outputs that patience has ended for
        self.running: float | None = None
        self.lowest = np.inf
        self.diverging = False

    def seen(self, command: Command, reply: Any) -> Talk:
        """Look at the ``reply`` to ``command``, ask for more if need be, and return what the controller gets."""
        if isinstance(command, SetPhases):
            self.heaters.drive(_driven(command))
        elif isinstance(command, Probe | Forward):
            if isinstance(command, Probe):
                self.heaters.drive(_driven(command))
            return (yield from self._read(command.batch, reply))
        elif isinstance(command, Start) and isinstance(command.command, Project):
            self.started[reply.number] = command.command
        elif isinstance(command, Project):
            yield from self._projected(command, reply)
        elif isinstance(command, Join):
            yield from self._joined(command.ticket, reply)
        return reply

    def _read(self, batch: Batch, reading: Reading) -> Talk:
        """Look at a reading of a chip."""
        options = self.options
        if options.reference and abs(reading.reference - 1.0) > options.reference_range:
            reading = yield from self._wait_for_light(batch, reading)
        outputs = self._normalised(reading)
        if not self.heaters.calibrated and (options.heaters or options.detectors):
            yield from self._learn_noise(batch, outputs)
        suspect, doubted = None, False
        if options.heaters:
            suspect = self.heaters.seen(batch, outputs)
            doubted = suspect is not None and suspect not in self.health.heaters
        raw = outputs
        if options.detectors:
            outputs = yield from self._check_outputs(batch, reading, outputs)
        if doubted and suspect is not None:
            yield from self._make_sure(suspect, batch, raw)
        yield from self._follow(batch, outputs)
        return reading._replace(outputs=outputs)

    def _normalised(self, reading: Reading) -> NDArray[np.float64]:
        """Return the outputs at the laser's power of old: every layer follows it in proportion."""
        if not self.options.reference or reading.reference == 1.0:
            return reading.outputs
        return np.asarray(reading.outputs / reading.reference**self.layers)

    def _learn_noise(self, batch: Batch, outputs: NDArray[np.float64]) -> Talk:
        for _ in range(_REPEATS):
            again: Reading = yield Forward(batch)
            self.heaters.learn(outputs, self._normalised(again))

    def _make_sure(self, heater: int, batch: Batch, outputs: NDArray[np.float64]) -> Talk:
        """Drive a silent heater by quarter turns; leave it out if it answers none."""
        home = self.heaters.phase(heater)
        silent = True
        for turn in _QUARTERS:
            reading: Reading = yield Probe((heater,), ((home + turn) % (2.0 * np.pi),), batch)
            if self.options.detectors:
                yield from self._look_at_outputs(reading)
            if not self.heaters.silent(outputs, self._normalised(reading)):
                silent = False
                break
        yield SetPhases((heater,), (home,))
        if silent:
            self.health.heaters.add(heater)
            yield Log("guard_silent_heater", heater)
        else:
            self.heaters.answered(heater)

    def _check_outputs(self, batch: Batch, reading: Reading, outputs: NDArray[np.float64]) -> Talk:
        """Wait for outputs that have broken, then leave out those that are stuck; take back what is whole again.

        One that is dark stays as it is read: it is a logit of nearly nothing, and the network learns around it.
        """
        broken = yield from self._look_at_outputs(reading)
        for output in sorted(self.given_up - broken):
            if self.outputs.whole(output):
                self.given_up.discard(output)
                yield Log("guard_mended_output", output)
        fresh = broken - self.given_up
        if fresh:
            outputs = yield from self._wait_for_outputs(fresh, batch, outputs)
        self.health.outputs.clear()
        self.health.outputs |= self.given_up & self.outputs.stuck
        return without(outputs, batch, self.health)

    def _look_at_outputs(self, reading: Reading) -> Talk:
        """Return which outputs are broken, having told of those that were not before."""
        broken = self.outputs.seen(reading.outputs, reading.saturated, self.heaters.noise_square)
        for output in sorted(broken - self.told):
            yield Log("guard_broken_output", output)
        self.told = {output for output in self.told | broken if not self.outputs.whole(output)}
        return broken

    def _wait_for_outputs(self, fresh: set[int], batch: Batch, outputs: NDArray[np.float64]) -> Talk:
        """Read again and again until the ``fresh`` outputs are whole or patience ends; return the last outputs."""
        left = set(fresh)
        for _ in range(self._looks):
            yield from self._pause()
            reading: Reading = yield Forward(batch)
            outputs = self._normalised(reading)
            self.outputs.seen(reading.outputs, reading.saturated, self.heaters.noise_square)
            left = {output for output in left if not self.outputs.whole(output)}
            if not left:
                break
        self.given_up |= left
        return outputs

    def _wait_for_light(self, batch: Batch, reading: Reading) -> Talk:
        yield Log("guard_reference", reading.reference)
        for _ in range(self._looks):
            yield from self._pause()
            reading = yield Forward(batch)
            if abs(reading.reference - 1.0) <= self.options.reference_range:
                break
        return reading

    def _follow(self, batch: Batch, outputs: NDArray[np.float64]) -> Talk:
        """Say when the running loss has risen too far above the lowest one."""
        loss = loss_for(batch.labels)(np.ascontiguousarray(outputs), batch.labels)
        self.running = loss if self.running is None else self.running + _MEMORY * (loss - self.running)
        self.lowest = min(self.lowest, self.running)
        diverging = self.running > self.options.divergence_ratio * self.lowest
        if diverging and not self.diverging:
            yield Log("guard_diverging", self.running)
        self.diverging = diverging

    def _joined(self, ticket: Ticket, reply: Any) -> Talk:
        command = self.started.pop(ticket.number, None)
        if command is not None:
            yield from self._projected(command, reply)

    def _projected(self, command: Project, reply: Projection) -> Talk:
        """Look at a projection, and now and then at the medium."""
        count, features = command.vectors.shape
        if not self.projections.adds_up(reply.frames, count):
            yield Log("guard_lost_frames", reply.frames.sent - reply.frames.used)
        if self.projections.due():
            yield from self._look_at_medium(features)

    def _look_at_medium(self, features: int) -> Talk:
        """Wait while the medium changes; what it has become is what is looked for from then on."""
        vectors = self.projections.vectors(features)
        found: Projection = yield Project(vectors)
        look = self.projections.look(found)
        if look.mispaired:
            yield Log("guard_mispaired", look.mispaired)
        if look.correlation >= self.options.min_correlation:
            return
        yield Log("guard_correlation", look.correlation)
        for _ in range(self._looks):
            self.projections.start_anew(found)
            yield from self._pause()
            found = yield Project(vectors)
            if self.projections.look(found).correlation >= self.options.min_correlation:
                break

    @property
    def _looks(self) -> int:
        return int(self.options.patience_s / self.options.pause_s)

    def _pause(self) -> Talk:
        now: Spent = yield Spending()
        yield Wait(now.time_ps + s_to_ps(self.options.pause_s))


def _driven(command: SetPhases | Probe) -> Mapping[int, float]:
    pairs = zip(command.heaters, command.radians, strict=True)
    return {int(heater): float(phase) for heater, phase in pairs}
