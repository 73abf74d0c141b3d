"""An instrument's place on the bench: its commands take turns, take time, and leave rows in the trace.

What a command takes is known when it is asked for, and so is its turn: nobody waits for a queue to move. The
physics of commands is carried out in the order of their turns, when a reply is due or when a later one needs it.
"""

from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Final

import numpy as np
import simpy

from emulator.arguments import UNREADABLE, unreadable
from emulator.clock import Clock
from emulator.commands import Incumbent, Reply, Served
from emulator.errors import DivergedError
from emulator.instruments.draws import Draws
from emulator.instruments.instrument import (
    Atomic,
    Change,
    Instrument,
    InstrumentKind,
    Note,
    Outcome,
    Pipelined,
    Rows,
    Service,
    is_atomic,
    is_pipelined,
)
from emulator.instruments.rows import RowQueue
from emulator.instruments.turns import Asker, Turn
from emulator.meter import Meter
from emulator.peak import PeakWatch
from emulator.trace import AnyRecorder, NullRecorder

__all__ = ["Answer", "Station"]

Answer = tuple[Reply, int]
"""A reply, and the row of its command in the trace."""

_NOTHING_AT_ONCE: Final[frozenset[type]] = frozenset()


class Station:
    """Have one instrument serve commands, first come first served."""

    def __init__(self, kind: InstrumentKind, instrument: Instrument, clock: Clock, meter: Meter) -> None:
        self.kind = kind
        self.instrument = instrument
        self._clock = clock
        self._meter = meter
        self._begin = instrument.begin
        self._run = instrument.run
        self._pipeline = instrument if is_pipelined(instrument) else None
        self._atomic: Atomic | None = instrument if is_atomic(instrument) else None
        self._at_once = self._atomic.at_once if self._atomic else _NOTHING_AT_ONCE
        self._free_ps = 0
        self._performed_ps = 0
        self._told_ps = 0  # when the last reply comes of all that was carried out
        self._ahead = 0  # queries of turns that are carried out and whose reply has not come
        self._due: deque[Turn] = deque()
        self._behind: deque[Turn] = deque()  # an atomic command that waits for its start, and all after it
        self._draws = Draws(clock, meter)
        self._services: list[Service] = []
        self._rows = RowQueue(NullRecorder(), meter)
        self._watch: PeakWatch | None = None
        self._sets_levels = True

    def watch(self, watch: PeakWatch, sets_levels: bool, rose: Callable[[], None]) -> None:
        """Let ``watch`` know what commands will draw; ``sets_levels`` says whether carrying them out tells more.

        ``rose`` is called at the instant at which a component begins to draw more without a reply being due.
        """
        self._watch = watch
        self._draws.watch(watch, rose)
        self._sets_levels = sets_levels and self._pipeline is None

    def settled_ps(self) -> int:
        """Return the instant until which all that is drawn is known."""
        now = self._clock.now_ps
        return min(now, self._due[0].started_ps) if self._due and self._sets_levels else now

    def attach(self, recorder: AnyRecorder, rows: RowQueue) -> None:
        """Let ``recorder`` keep what is served; call it once, before anything is."""
        self._recorder = recorder
        self._record = recorder.command
        self._rows = rows
        self._label = recorder.label("commands.instrument", self.kind.name)
        self._kinds = {
            command: recorder.label("commands.kind", name) for command, name in self.kind.commands.items()
        }

    def ask(self, command: Served, asker: Asker) -> Answer | Turn:
        """Take ``command``: serve it at once if nothing else is due until its reply, else return its turn.

        Raises ``CommandError`` when it is refused.
        """
        if type(command) in self._at_once:
            return self._ask_at_once(command, asker)
        clock = self._clock
        try:
            service = self._begin(command)
        except UNREADABLE as error:
            raise unreadable(command, error) from error
        if service.number < 0:
            self._introduce(service)
        issued = clock.now_ps
        if self._pipeline is not None:
            return self._admit(self._pipeline, command, service, asker)
        if self._behind:
            return self._stand_behind(Turn(command, service, asker, (issued, issued, issued)))
        started, done = self._take(service, issued)
        if not self._due and not self._rows.pending and clock.skip(done - issued) >= 0:
            try:
                outcome = self._run(command, service, started)
            except DivergedError as error:
                raise self._at_row(error) from error
            return self._conclude(outcome, service, command, asker, (issued, started, done))
        turn = Turn(command, service, asker, (issued, started, done))
        self._due.append(turn)
        return turn

    def _take(self, service: Service, issued: int) -> tuple[int, int]:
        """Take the next place in the instrument's time; return when it starts, and when the reply is due."""
        started = max(self._free_ps, issued)
        self._free_ps = started + service.free_ps
        if self._watch is not None:
            self._watch.steps(started, service.steps)
        return started, started + service.reply_ps

    def serve(self, command: Served, asker: Asker) -> Generator[simpy.Event, Any, Answer]:
        """Serve ``command`` and let its time pass; raises ``CommandError`` when it is refused."""
        answer = self.ask(command, asker)
        if type(answer) is Turn:
            answer = yield from self.wait_for(answer)
        return answer  # type: ignore[return-value]  # no turn is left

    def wait_for(self, turn: Turn) -> Generator[simpy.Event, Any, Answer]:
        """Wait until the reply to ``turn`` is due; without an event where nothing else is due before."""
        clock = self._clock
        if turn.called is not None:
            yield turn.called
        delay_ps = turn.done_ps - clock.now_ps
        if clock.skip(delay_ps) < 0:
            yield clock.timeout(delay_ps)
        return self.settle(turn)

    def settle(self, turn: Turn) -> Answer:
        """Return the answer to ``turn``, whose reply is due now."""
        if turn.found is not None:
            return self._keep_rows(turn.found)
        if self._rows.pending:
            self._rows.flush(turn.done_ps)
        self._carry_out(turn)
        self._ahead -= turn.queries
        assert turn.service is not None and turn.outcome is not None  # noqa: S101, PT018  (it has no rows)
        times_ps = turn.issued_ps, turn.started_ps, turn.done_ps
        return self._conclude(turn.outcome, turn.service, turn.command, turn.asker, times_ps)

    def busy_ps(self) -> dict[str, int]:
        """Return the time that each "resource.activity" has taken so far."""
        busy = {} if self._pipeline is None else self._pipeline.busy_ps()
        for service in self._services:
            for step in service.steps:
                name = f"{step.resource}.{step.activity}"
                busy[name] = busy.get(name, 0) + service.uses * step.ps
        return busy

    def catch_up(self) -> None:
        """Carry out the physics of all whose time has come, for somebody who looks at the instrument."""
        while self._due and self._ends_ps(self._due[0]) <= self._clock.now_ps:
            self._carry_out(self._due[0])

    def disturb(self, name: str, index: int, value: float, asker: Asker) -> int:
        """Change hidden state, and return the row that says so; raise ``CommandError`` if it cannot be.

        What is under way is finished first; what is pipelined sees to that itself, as something always is.
        """
        change = self.instrument.disturb(name, index, value)
        self.catch_up()
        now = self._clock.now_ps
        self._rows.flush(now)
        if self._pipeline is not None or self._under_way_until_ps() <= now:
            self._change(change, now)
        else:
            self._clock.process(self._change_later(change))
        work = ("disturbed", list(self.kind.disturbs).index(name))
        return self._record_at_once(f"disturb.{name}", work, asker, (index, value))

    def name_incumbent(self, command: Incumbent, asker: Asker) -> int:
        """Let the instrument know by what it is judged from now on, and return the row that says so.

        Nothing waits for it, nor does it wait: what is driven stays. Raises ``CommandError`` if it is refused.
        """
        instrument: Any = self.instrument  # of a kind that says so, it is Judged
        size, note = instrument.name_incumbent(command)
        self._rows.flush(self._clock.now_ps)
        return self._record_at_once(self.kind.named, ("named", size), asker, (-1, 0.0), note)

    def _record_at_once(
        self,
        kind: str,
        work: tuple[str, int],
        asker: Asker,
        numbers: tuple[int, float],
        note: Note | None = None,
    ) -> int:
        """Record what took no time, and return its row."""
        recorder, now = self._recorder, self._clock.now_ps
        plan = recorder.plan((), (work,), f"{self.kind.name}.{kind}")
        label = recorder.label("commands.kind", kind)
        self._note_joins(asker)
        if note is not None:
            note(recorder)
        return self._record(asker.label, self._label, label, plan, asker.cause, now, now, now, *numbers, 0.0)

    def _change_later(self, change: Change) -> Generator[simpy.Event, Any, None]:
        """Change hidden state as soon as no command is under way."""
        clock = self._clock
        while (until_ps := self._under_way_until_ps()) > clock.now_ps:
            yield clock.timeout(until_ps - clock.now_ps)
            self.catch_up()
        self._change(change, self._told_ps)  # a command that is cut off takes along what came after it

    def _change(self, change: Change, due_ps: int) -> None:
        free_ps = self._set_in_order(partial(change, self._clock.now_ps), due_ps)
        self._free_ps = max(self._free_ps, free_ps or 0)

    def _under_way_until_ps(self) -> int:
        """Return until when a command whose physics cannot be interrupted is under way, or some time past."""
        first = self._due[0] if self._due else None
        begun = first is not None and first.started_ps < self._clock.now_ps
        return max(self._performed_ps, self._ends_ps(first) if first is not None and begun else 0)

    def _ends_ps(self, turn: Turn) -> int:
        service = turn.service
        return turn.done_ps - (0 if service is None or self._pipeline else service.reply_ps - service.free_ps)

    def _carry_out(self, turn: Turn) -> None:
        """Carry out the physics of every turn up to ``turn``."""
        while turn.outcome is None:
            first = self._due.popleft()
            self._told_ps = max(self._told_ps, first.done_ps)
            if first.done_ps > self._clock.now_ps or self._rows.pending:
                self._set_in_order(partial(self._run_turn, first), first.done_ps)
            else:
                self._run_turn(first)

    def _set_in_order(self, work: Callable[[], int | None], due_ps: int) -> int | None:
        """Do ``work``; the levels that it sets come behind all that wait, and wait for ``due_ps`` themselves."""
        self._meter.hold()
        try:
            done = work()
        finally:
            self._rows.announce(self._meter.release(), due_ps)
        if due_ps <= self._clock.now_ps:
            self._rows.flush(due_ps)
        return done

    def _run_turn(self, turn: Turn) -> None:
        service, before = turn.service, self.instrument.queries
        assert service is not None  # noqa: S101  (a turn that was performed at once never waits here)
        try:
            turn.outcome = self._run(turn.command, service, turn.started_ps)
        except DivergedError as error:
            raise self._at_row(error) from error
        turn.queries = self.instrument.queries - before
        self._ahead += turn.queries

    def _at_row(self, error: DivergedError) -> DivergedError:
        return DivergedError(f"{error}; it would have been commands row {self._recorder.row_count}")

    @property
    def queries(self) -> int:
        """Return the queries whose replies have come; the physics of others may have been carried out."""
        told = self.instrument.queries - self._ahead
        if not self._rows.waiting:
            return told
        self._rows.flush(self._clock.now_ps)
        return told - self._rows.untold(self._label, self.kind.counts)

    def _admit(self, pipeline: Pipelined, command: Served, service: Service, asker: Asker) -> Turn:
        issued = self._clock.now_ps
        started, done, draws = pipeline.admit(command, issued)
        for draw in draws:
            self._draws.add(draw)
        turn = Turn(command, service, asker, (issued, started, done))
        self._due.append(turn)
        return turn

    def _ask_at_once(self, command: Served, asker: Asker) -> Answer | Turn:
        """Take an atomic command: carry it out now, or when it starts, as what it finds may change until then."""
        atomic = self._atomic
        assert atomic is not None  # noqa: S101  (only an atomic instrument names commands to be performed)
        try:
            atomic.expect(command)
        except UNREADABLE as error:
            raise unreadable(command, error) from error
        clock = self._clock
        issued = clock.now_ps
        turn = Turn(command, None, asker, (issued, issued, issued))
        if self._behind or self._free_ps > issued or not clock.nothing_due:
            return self._stand_behind(turn)
        found = self._perform(atomic, turn)
        return self._keep_rows(found) if clock.skip(turn.done_ps - issued) >= 0 else turn

    def _stand_behind(self, turn: Turn) -> Turn:
        """Let ``turn`` wait until it can be told when it starts."""
        turn.called = self._clock.event()
        self._behind.append(turn)
        if len(self._behind) == 1:
            self._clock.process(self._call())
        return turn

    def _call(self) -> Generator[simpy.Event, Any, None]:
        """Call those who stand behind, in order; what changes at the instant of a start comes before it."""
        clock, atomic = self._clock, self._atomic
        while self._behind:
            turn = self._behind[0]
            service, called = turn.service, turn.called
            assert atomic is not None and called is not None  # noqa: S101, PT018  (else nobody stands here)
            try:
                if service is None:
                    while (wait_ps := self._free_ps - clock.now_ps) > 0:
                        yield clock.timeout(wait_ps)
                    yield clock.afterwards()
                    if self._free_ps > clock.now_ps:  # since this instant
                        continue
                    self._perform(atomic, turn)
                else:
                    turn.started_ps, turn.done_ps = self._take(service, turn.issued_ps)
                    self._due.append(turn)
                called.succeed()
            except Exception as error:  # noqa: BLE001  (it is raised where the command was asked for)
                called.fail(error)
            self._behind.popleft()

    def _perform(self, atomic: Atomic, turn: Turn) -> tuple[Reply | DivergedError, Rows]:
        """Have an atomic command carried out in one go, after all that were asked for before it."""
        self.catch_up()
        turn.started_ps = started = self._clock.now_ps
        try:
            turn.found = found = atomic.perform(turn.command, started)
        except DivergedError as error:
            raise self._at_row(error) from error
        rows = found[1]
        last = rows.services[int(rows.service_of[-1])]
        self._free_ps = self._performed_ps = int(rows.started_ps[-1]) + last.free_ps
        turn.done_ps = int(rows.done_ps[-1])
        self._told_ps = max(self._told_ps, turn.done_ps)
        used = np.bincount(rows.service_of, minlength=len(rows.services)).tolist()
        for service, uses in zip(rows.services, used, strict=True):
            if uses and service.number < 0:
                self._introduce(service)
        self._rows.add(rows, turn.asker, self._label, turn.issued_ps)
        if self._watch is not None:
            self._watch_rows(self._watch, rows)
        return found

    def _watch_rows(self, watch: PeakWatch, rows: Rows) -> None:
        steps = [step for service in rows.service_of.tolist() for step in rows.services[service].steps]
        watch.steps(int(rows.started_ps[0]), steps)
        watch.levels(rows.handle, rows.level_ps.tolist(), rows.level_w.tolist())

    def _keep_rows(self, found: tuple[Reply | DivergedError, Rows]) -> Answer:
        reply, rows = found
        row = self._rows.finish(rows)
        if isinstance(reply, DivergedError):
            raise self._at_row(reply)
        return reply, row

    def _introduce(self, service: Service) -> None:
        service.number = self._recorder.plan(service.template, service.work)
        self._meter.plan(service)
        self._services.append(service)

    def _note_joins(self, asker: Asker) -> None:
        for other in asker.others:
            self._recorder.join(other)

    def _conclude(
        self, outcome: Outcome, service: Service, command: Any, asker: Asker, times_ps: tuple[int, int, int]
    ) -> Answer:
        """Record a command whose time has passed, and count it."""
        reply, target, value, result, note = outcome
        service.uses += 1
        issued, started, done = times_ps
        label, cause, others = asker
        if others:
            self._note_joins(asker)
        if note is not None:
            note(self._recorder)
        row = self._record(
            label, self._label, self._kinds[type(command)], service.number, cause,
            issued, started, done, target, value, result,
        )  # fmt: skip
        return reply, row
