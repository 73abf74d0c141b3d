"""An instrument's place on the bench: its commands take turns, take time, and leave a row in the trace."""

from collections import deque
from collections.abc import Generator
from typing import Any, NamedTuple, TypeGuard

import simpy

from emulator.clock import Clock
from emulator.commands import Reply, Served
from emulator.instruments.instrument import Draw, Instrument, Pipelined, Service
from emulator.meter import Meter
from emulator.trace import NO_COMMAND, AnyRecorder

__all__ = ["Answer", "Asker", "Station"]

Answer = tuple[Reply, int]
"""A reply, and the row of its command in the trace."""


class Asker(NamedTuple):
    """Say who asks, and the rows of the replies that led to it: ``cause`` came last, ``others`` had come before."""

    label: int
    cause: int = NO_COMMAND
    others: tuple[int, ...] = ()


class Station:
    """Have one instrument serve commands, first come first served."""

    def __init__(self, instrument: Instrument, clock: Clock, meter: Meter, recorder: AnyRecorder) -> None:
        self.instrument = instrument
        self._clock = clock
        self._meter = meter
        self._recorder = recorder
        self._record = recorder.command
        self._label = recorder.label("commands.instrument", instrument.name)
        self._kinds = {kind: recorder.label("commands.kind", name) for kind, name in instrument.kinds.items()}
        self._pipeline = instrument if _is_pipelined(instrument) else None
        self._busy = False
        self._queue: deque[simpy.Event] = deque()
        self._drawn: dict[int, list[float]] = {}

    def serve_at_once(self, command: Served, asker: Asker) -> Answer | None:
        """Serve ``command`` if the instrument is free and nothing else is due meanwhile, without an event."""
        if self._busy or self._pipeline is not None:
            return None
        clock = self._clock
        service = self.instrument.begin(command)
        issued = clock.now_ps
        done = clock.skip(service.duration_ps)
        if done < 0:
            return None
        self.instrument.commence(issued)
        return self._complete(command, service, asker, issued, issued, done)

    def serve(self, command: Served, asker: Asker) -> Generator[simpy.Event, Any, Answer]:
        """Have the instrument carry out ``command`` in its turn; return the reply and the row of the trace."""
        if self._pipeline is not None:
            return (yield from self._serve_pipelined(self._pipeline, command, asker))
        clock = self._clock
        issued = clock.now_ps
        if self._busy:
            turn = clock.event()
            self._queue.append(turn)
            yield turn
        self._busy = True
        started = clock.now_ps
        try:
            service = self.instrument.begin(command)
            self.instrument.commence(started)
            yield clock.timeout(service.duration_ps)
            return self._complete(command, service, asker, issued, started, clock.now_ps)
        finally:
            if self._queue:
                self._queue.popleft().succeed()  # the longest waiting command has the instrument
            else:
                self._busy = False

    def _serve_pipelined(
        self, pipeline: Pipelined, command: Served, asker: Asker
    ) -> Generator[simpy.Event, Any, Answer]:
        clock = self._clock
        service = pipeline.begin(command)
        issued = clock.now_ps
        started, done, draws = pipeline.admit(command, issued)
        for draw in draws:
            clock.process(self._draw(draw))
        if clock.skip(done - issued) < 0:
            yield clock.timeout(done - issued)
        return self._complete(command, service, asker, issued, started, done)

    def _draw(self, draw: Draw) -> Generator[simpy.Event, Any, None]:
        """Let a component draw more for a while; what several commands draw at one instant adds up."""
        clock = self._clock
        drawn = self._drawn.setdefault(draw.handle, [])
        yield clock.timeout(draw.start_ps - clock.now_ps)
        drawn.append(draw.watts)
        self._meter.set(draw.handle, clock.now_ps, sum(drawn))
        yield clock.timeout(draw.end_ps - draw.start_ps)
        drawn.remove(draw.watts)
        self._meter.set(draw.handle, clock.now_ps, sum(drawn))

    def _complete(
        self, command: Served, service: Service, asker: Asker, issued: int, started: int, done: int
    ) -> Answer:
        """Carry out the physics of a command whose time has passed, and record it."""
        reply, target, value, result = self.instrument.finish(command, started, done)
        service.uses += 1
        label, cause, others = asker
        for other in others:
            self._recorder.join(other)
        row = self._record(
            label, self._label, self._kinds[type(command)], service.plan, cause,
            issued, started, done, target, value, result,
        )  # fmt: skip
        return reply, row


def _is_pipelined(instrument: Instrument) -> TypeGuard[Pipelined]:
    return instrument.pipelined
