"""The bench: it puts instruments, clock, meter and recorder together and runs agents on them.

An agent's generator yields commands; the bench has the instrument that knows them serve them, and sends back the
replies. What a command takes, the host's thought upon a reading included, is its plan's affair.
"""

import math
import operator
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

import simpy

from emulator.bench_config import BudgetConfig, ClockConfig
from emulator.budgets import Budgets
from emulator.clock import RealTimeClock, make_clock
from emulator.commands import (
    Command,
    Controller,
    Disturb,
    Join,
    Keep,
    Log,
    Reply,
    Served,
    Start,
    Ticket,
    Wait,
)
from emulator.errors import CommandError, ConfigError, DivergedError, nearest
from emulator.instruments.instrument import Lab, Setting
from emulator.instruments.registry import INSTRUMENTS, with_host
from emulator.instruments.rows import RowQueue
from emulator.instruments.station import Answer, Asker, Station, Turn
from emulator.instruments.tickets import Tickets
from emulator.meter import Meter
from emulator.peak import PeakWatch
from emulator.trace import AnyRecorder, NullRecorder
from emulator.units import ps_to_s

__all__ = ["Bench", "Observer", "RunResult", "RunStatus"]

_Sort = TypeVar("_Sort")

RunStatus = Literal["complete", "budget", "diverged", "aborted", "failed"]


class Observer(Protocol):
    """Look at the bench every ``every_queries`` queries, at no cost in emulated time or energy."""

    every_queries: int

    def observe(self, bench: "Bench") -> Mapping[str, float]:
        """Return the metrics to record, or nothing."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """Sum up a run: ``busy_by_span_s`` counts every span's time, also where spans overlap."""

    status: RunStatus
    reason: str
    elapsed_s: float
    queries: int
    energy_by_component_j: dict[str, float]
    busy_by_span_s: dict[str, float]
    late_events: int = 0

    @property
    def energy_j(self) -> float:
        """Return the energy of all components, in joules."""
        return math.fsum(self.energy_by_component_j.values())


class Bench:
    """One laboratory bench; build it, ``run`` agents on it once, read the result.

    ``lab`` says what stands on it, by the name of its kind; a host is always there. Nothing is recorded, and no
    file is touched, before ``attach`` or ``run``. Raises ``ConfigError`` for a kind that is not known, and what
    the kinds raise for what cannot be built.
    """

    def __init__(
        self, lab: Lab, seed: int, budget: BudgetConfig | None = None, clock: ClockConfig | None = None
    ) -> None:
        clock = clock or ClockConfig()
        self.clock = make_clock(clock.mode, clock.factor)
        self.meter = Meter()
        self.recorder: AnyRecorder = NullRecorder()
        self._attached = False
        self._stop: tuple[RunStatus, str] | None = None
        self._observers: list[tuple[int, Observer]] = []
        self._next_look = math.inf
        lab = with_host(lab)
        setting = Setting(seed, lab["host"].config, self.meter)
        for name, stand in lab.items():
            INSTRUMENTS[name].check(stand, setting.host)
        self._by_name = {
            name: Station(kind, kind.build(lab[name], setting), self.clock, self.meter)
            for name, kind in INSTRUMENTS.items()
            if name in lab
        }
        self._stations = {
            command: station for station in self._by_name.values() for command in station.kind.commands
        }
        self.budgets = Budgets(budget or BudgetConfig(), self.meter)
        if self.budgets.peak is not None:
            self._tell_of_power(self.budgets.peak, lab)
        first = next(iter(self._by_name.values()))
        self._counting, self._counts = first, first.kind.counts

    def _tell_of_power(self, peak: PeakWatch, lab: Lab) -> None:
        """Have all stations tell ``peak`` what they draw; a component without an idle power has levels."""
        standing = self._by_name.items()
        idle = {part for name, station in standing for part in station.kind.idle_w(lab[name])}
        levels = {part.partition(".")[0] for part in self.meter.energy_j(0) if part not in idle}
        for name, station in standing:
            station.watch(peak, name in levels)

    def instrument(self, sort: type[_Sort]) -> _Sort:
        """Return the instrument of the class ``sort``, its physics up to date.

        Raises ``CommandError`` when none stands here.
        """
        for station in self._by_name.values():
            if isinstance(station.instrument, sort):
                station.catch_up()
                return station.instrument
        standing = ", ".join(self._by_name)
        raise CommandError(f"bench: no {sort.__name__} stands on this bench; on it stand: {standing}")

    @property
    def now_ps(self) -> int:
        """Return the present emulated time, in picoseconds."""
        return self.clock.now_ps

    @property
    def queries(self) -> int:
        """Return the queries that were served: the chip's readings, else projected vectors, else computations."""
        return self._counting.queries

    @property
    def energy_j(self) -> float:
        """Return what all components have drawn so far, in joules."""
        return self.meter.total_j(self.now_ps)

    def attach(self, recorder: AnyRecorder) -> None:
        """Let ``recorder`` keep what happens from now on; once, and before any time passes."""
        if self._attached:
            raise ConfigError("bench: a recorder is attached already; a bench runs once")
        self._attached = True
        self.recorder = recorder
        recorder.counts(self._counts)
        self.meter.attach(recorder)
        self._rows = RowQueue(recorder, self.meter)
        for station in self._by_name.values():
            station.attach(recorder, self._rows)

    def stop(self, status: RunStatus, reason: str) -> None:
        """End the run as soon as the command in flight has finished; safe to call from a signal handler."""
        if self._stop is None:
            self._stop = (status, reason)

    def log(self, name: str, value: float) -> None:
        """Record a metric at the present time."""
        self.recorder.metric(name, self.now_ps, self.queries, float(value))

    def run(
        self,
        agents: Mapping[str, Controller],
        observers: Sequence[Observer] = (),
        recorder: AnyRecorder | None = None,
    ) -> RunResult:
        """Run ``agents`` (name -> controller) until the first of them, the main one, ends; close the trace.

        The result's status is "complete", "budget", "diverged" or "aborted". An exception of an agent closes the
        trace as "failed" and is raised again.
        """
        if not self._attached or recorder is not None:
            self.attach(recorder or NullRecorder())
        processes = [self.clock.process(self._drive(name, controller)) for name, controller in agents.items()]
        self._observers = [(0, observer) for observer in observers]
        status: RunStatus
        try:
            for station in self._by_name.values():
                for name, values, units in station.instrument.opening_states():
                    self.recorder.state(name, values, units)
            if self.budgets.peak is not None:
                self._check_budget()
            self._look()
            if isinstance(self.clock, RealTimeClock):
                self.clock.sync()
            self.clock.run(until=processes[0])
            status, reason = self._stop or ("complete", "")
            self._observers = [(0, observer) for observer in observers]
            self._look()
        except DivergedError as error:
            status, reason = "diverged", str(error)
        except BaseException:
            self._close("failed", traceback.format_exc(limit=-8))
            raise
        return self._close(status, reason)

    def ask(self, command: Served) -> Reply:
        """Serve one ``command`` for somebody who is no agent, let its time pass, and return the reply.

        Raises ``CommandError`` when no instrument knows it or it is refused.
        """
        if not self._attached:
            self.attach(NullRecorder())
        station = self._station(command)
        asker = Asker(self.recorder.label("commands.agent", "caller"))
        answer: Any = self.clock.run(until=self.clock.process(self._serve(station, command, asker)))
        reply: Reply = answer[0]
        return reply

    def _station(self, command: Command) -> Station:
        station = self._stations.get(type(command))
        if station is None:
            kinds = ", ".join(kind.__name__ for kind in self._stations)
            name = type(command).__name__
            raise CommandError(f"bench: no instrument here serves {name}; those on it serve {kinds}")
        return station

    def _serve(self, station: Station, command: Served, asker: Asker) -> Generator[simpy.Event, Any, Answer]:
        answer = station.ask(command, asker)
        if type(answer) is Turn:
            answer = yield from self._await(station, answer)
        return answer  # type: ignore[return-value]  # no turn is left

    def _await(self, station: Station, turn: Turn) -> Generator[simpy.Event, Any, Answer]:
        """Wait until the reply to ``turn`` is due; without an event where nothing else is due before."""
        clock = self.clock
        delay_ps = turn.done_ps - clock.now_ps
        if clock.skip(delay_ps) < 0:
            yield clock.timeout(delay_ps)
        return station.settle(turn)

    def _drive(self, name: str, controller: Controller) -> Generator[simpy.Event, Any, None]:
        """Pass the agent's commands to whoever serves them until it ends or the bench stops."""
        label = self.recorder.label("commands.agent", name)
        agent = Tickets(Asker(label))
        stations = self._stations
        advance: Callable[[Any], Command] = controller.send
        message: Any = None
        while self._stop is None:
            try:
                command = advance(message)
            except StopIteration:
                return
            advance = controller.send
            try:
                station = stations.get(type(command))
                if station is not None:
                    answer: Any = station.ask(command, agent.asker)  # type: ignore[arg-type]  # it has a station
                    if type(answer) is Turn:
                        answer = yield from self._await(station, answer)
                    message, row = answer
                    agent.asker = Asker(label, row)
                    self._after_command()
                else:
                    message = yield from self._administer(command, agent)
            except CommandError as error:  # the agent gets it where it yielded the command
                advance, message = controller.throw, error
        controller.close()

    def _after_command(self) -> None:
        """Check the budget and let observers look, at the instant at which a reply has come."""
        if self.budgets.any:
            self._check_budget()
        if self._counting.instrument.queries >= self._next_look:
            self._look()

    def _start(
        self, station: Station, command: Served, asker: Asker
    ) -> Generator[simpy.Event, Any, Answer | CommandError]:
        """Serve a started command; a refusal is kept for whoever joins it."""
        try:
            answer = yield from self._serve(station, command, asker)
        except CommandError as error:
            return error
        self._after_command()
        return answer

    def _join(self, ticket: Ticket, agent: Tickets) -> Generator[simpy.Event, Any, Reply]:
        """Wait for a started command; of its reply and the earlier ones, the last to come causes what is next."""
        answer: Answer | CommandError = yield agent.process(ticket)
        if isinstance(answer, CommandError):
            raise answer
        reply, row = answer
        agent.join(ticket, row)
        return reply

    def _administer(self, command: Command, agent: Tickets) -> Generator[simpy.Event, Any, Reply]:
        """Carry out a command that occupies no instrument."""
        if isinstance(command, Log):
            try:
                self.log(command.name, command.value)
            except (TypeError, ValueError) as error:
                raise CommandError(
                    f"Log: value {command.value!r} of {command.name!r} is no number"
                ) from error
        elif isinstance(command, Keep):
            self.recorder.state(command.name, command.values)
        elif isinstance(command, Wait):
            if type(command.until_ps) is not int:
                raise CommandError(
                    f"Wait: until_ps={command.until_ps!r} is not a whole number of picoseconds"
                )
            yield self.clock.timeout(max(0, command.until_ps - self.now_ps))
        elif isinstance(command, Disturb):
            agent.asker = Asker(agent.asker.label, self._disturb(command, agent.asker))
        elif isinstance(command, Start):
            station = self._stations.get(type(command.command))
            if station is None:
                raise CommandError(
                    f"Start: {type(command.command).__name__} occupies no instrument; yield it itself"
                )
            ticket = agent.start(self.clock.process(self._start(station, command.command, agent.asker)))
            yield self.clock.timeout(0)  # the command begins now, not after what the agent asks next
            return ticket
        elif isinstance(command, Join):
            return (yield from self._join(command.ticket, agent))
        else:
            self._station(command)
        return None

    def _disturb(self, command: Disturb, asker: Asker) -> int:
        """Change hidden state that an instrument declares, and return the row that says so."""
        name, _, state = str(command.target).partition(".")
        station = self._by_name.get(name)
        if station is None or state not in station.kind.disturbs:
            known = [f"{each}.{key}" for each, s in self._by_name.items() for key in s.kind.disturbs]
            raise CommandError(
                f"Disturb: {command.target!r} is no hidden state of this bench; "
                f"{nearest(str(command.target), known)}; allowed: {', '.join(known) or 'none'}"
            )
        try:
            index, value = operator.index(command.index), float(command.value)
        except (TypeError, ValueError) as error:
            raise CommandError(
                f"Disturb: {command.target}: index={command.index!r} is no whole number, or "
                f"value={command.value!r} no number"
            ) from error
        return station.disturb(state, index, value, asker)

    def _check_budget(self) -> None:
        spent = self.budgets.spent(self.now_ps, self.queries, self._settled_ps)
        if spent is not None:
            self.stop("budget", spent)

    def _settled_ps(self) -> int:
        return min(station.settled_ps() for station in self._by_name.values())

    def _look(self) -> None:
        """Let the observers look whose turn it is, and note when the next one's turn comes."""
        turns = []
        for turn, observer in self._observers:
            if self.queries < turn:
                turns.append((turn, observer))
                continue
            for name, value in observer.observe(self).items():
                self.log(name, value)
            turns.append((self.queries + observer.every_queries, observer))
        self._observers = turns
        self._next_look = min((turn for turn, _ in turns), default=math.inf)

    def _close(self, status: RunStatus, reason: str) -> RunResult:
        """Put the totals into the trace and close it."""
        now = self.now_ps
        self._rows.flush(now)
        busy = self._busy_ps()
        result = RunResult(
            status,
            reason,
            ps_to_s(now),
            self.queries,
            self.meter.energy_j(now),
            {name: ps_to_s(total) for name, total in busy.items()},
            self.clock.late_count if isinstance(self.clock, RealTimeClock) else 0,
        )
        for component, energy_j in result.energy_by_component_j.items():
            self.recorder.total("energy_j", component, energy_j)
        for span, busy_s in result.busy_by_span_s.items():
            self.recorder.total("busy_s", span, busy_s)
        for station in self._by_name.values():
            for name, values, units in station.instrument.closing_states():
                self.recorder.state(name, values, units)
        self.recorder.close(status, reason, now, self.queries)
        return result

    def _busy_ps(self) -> dict[str, int]:
        """Return the time that each "resource.activity" has taken, also where spans overlap."""
        busy: dict[str, int] = {}
        for station in self._by_name.values():
            for name, total_ps in station.busy_ps().items():
                busy[name] = busy.get(name, 0) + total_ps
        return busy
