"""The bench: it puts instruments, host, clock, meter and recorder together and runs agents on them.

An agent's generator yields commands; the bench has the instrument that knows them serve them, and sends back the
replies. After a query of the chip the host thinks (computes the loss and decides) for its overhead: that is the
time between a reply and the agent's next command. Work that an agent asks for by Compute is the host's, too.
"""

import math
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import simpy

from emulator.clock import RealTimeClock, make_clock
from emulator.commands import (
    Command,
    Controller,
    Forward,
    Join,
    Keep,
    Log,
    Reply,
    Served,
    Start,
    Ticket,
    Wait,
)
from emulator.errors import CommandError, ConfigError, DivergedError
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.config import BudgetConfig, ChipConfig, ClockConfig, HostConfig
from emulator.instruments.chip.state import Design
from emulator.instruments.host.host import Host
from emulator.instruments.instrument import Instrument
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.opu import Opu
from emulator.instruments.opu.timing import OpuDesign
from emulator.instruments.station import Answer, Asker, Station
from emulator.instruments.tickets import Tickets
from emulator.meter import Meter
from emulator.trace import AnyRecorder, NullRecorder
from emulator.units import PS_PER_S, ps_to_s, s_to_ps

__all__ = ["Bench", "Observer", "RunResult", "RunStatus"]

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

    A chip stands on it when there is a ``chip`` with its ``design``, an optical processing unit when there is an
    ``opu`` with its ``opu_design``; the host is always there. Raises ``ConfigError`` when a part has no design.
    """

    def __init__(  # noqa: PLR0913  (what stands on a bench; all but the first three have defaults)
        self,
        chip: ChipConfig | None,
        design: Design | None,
        seed: int,
        host: HostConfig | None = None,
        budget: BudgetConfig | None = None,
        clock: ClockConfig | None = None,
        recorder: AnyRecorder | None = None,
        *,
        opu: OpuConfig | None = None,
        opu_design: OpuDesign | None = None,
    ) -> None:
        clock = clock or ClockConfig()
        host = host or HostConfig()
        self.clock = make_clock(clock.mode, clock.factor)
        self.recorder: AnyRecorder = recorder or NullRecorder()
        self.meter = Meter(self.recorder)
        self.host = Host(host, self.meter, self.recorder)
        self.budget = budget or BudgetConfig()
        self._think_ps = s_to_ps(host.overhead_s)
        self._stop: tuple[RunStatus, str] | None = None
        self._observers: list[tuple[int, Observer]] = []
        self._next_look = math.inf
        self._budgeted = any(limit is not None for limit in self.budget.model_dump().values())
        if (chip is None) != (design is None) or (opu is None) != (opu_design is None):
            raise ConfigError("bench: an instrument needs its configuration and its design, or neither")
        self._chip = Chip(chip, design, seed, self.meter, self.recorder) if chip and design else None
        self._opu = (
            Opu(opu, opu_design, seed, host, self.meter, self.recorder) if opu and opu_design else None
        )
        standing: tuple[Instrument | None, ...] = (self._chip, self._opu, self.host)
        instruments = [each for each in standing if each is not None]
        self._counting = instruments[0]
        self._instruments = instruments
        self._stations: dict[type, Station] = {}
        for instrument in instruments:
            station = Station(instrument, self.clock, self.meter, self.recorder)
            self._stations.update(dict.fromkeys(instrument.kinds, station))

    @property
    def chip(self) -> Chip:
        """Return the chip; raises ``CommandError`` when none stands on this bench."""
        if self._chip is None:
            raise CommandError("bench: no chip stands on this bench")
        return self._chip

    @property
    def opu(self) -> Opu:
        """Return the optical processing unit; raises ``CommandError`` when none stands on this bench."""
        if self._opu is None:
            raise CommandError("bench: no optical processing unit stands on this bench")
        return self._opu

    @property
    def now_ps(self) -> int:
        """Return the present emulated time, in picoseconds."""
        return self.clock.now_ps

    @property
    def queries(self) -> int:
        """Return the queries that were served: the chip's readings, else projected vectors, else computations."""
        return self._counting.queries

    def stop(self, status: RunStatus, reason: str) -> None:
        """End the run as soon as the command in flight has finished; safe to call from a signal handler."""
        if self._stop is None:
            self._stop = (status, reason)

    def log(self, name: str, value: float) -> None:
        """Record a metric at the present time."""
        self.recorder.metric(name, self.now_ps, self.queries, float(value))

    def run(self, agents: Mapping[str, Controller], observers: Sequence[Observer] = ()) -> RunResult:
        """Run ``agents`` (name -> controller) until the first of them, the main one, ends; close the trace.

        The result's status is "complete", "budget", "diverged" or "aborted". An exception of an agent closes the
        trace as "failed" and is raised again.
        """
        processes = [self.clock.process(self._drive(name, controller)) for name, controller in agents.items()]
        self._observers = [(0, observer) for observer in observers]
        for instrument in self._instruments:
            for name, values, units in instrument.opening_states():
                self.recorder.state(name, values, units)
        status: RunStatus
        try:
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
        station = self._station(command)
        asker = Asker(self.recorder.label("commands.agent", "caller"))
        answer: Any = self.clock.run(until=self.clock.process(station.serve(command, asker)))
        reply: Reply = answer[0]
        return reply

    def _station(self, command: Command) -> Station:
        station = self._stations.get(type(command))
        if station is None:
            kinds = ", ".join(kind.__name__ for kind in self._stations)
            name = type(command).__name__
            raise CommandError(f"bench: no instrument here serves {name}; those on it serve {kinds}")
        return station

    def _drive(self, name: str, controller: Controller) -> Generator[simpy.Event, Any, None]:
        """Pass the agent's commands to whoever serves them until it ends or the bench stops."""
        label = self.recorder.label("commands.agent", name)
        agent = Tickets(Asker(label))
        advance: Callable[[Any], Command] = controller.send
        message: Any = None
        while self._stop is None:
            try:
                command = advance(message)
            except StopIteration:
                return
            advance = controller.send
            try:
                station = self._stations.get(type(command))
                if station is not None:
                    answer = station.serve_at_once(command, agent.asker)  # type: ignore[arg-type]  # it has a station
                    if answer is None:
                        answer = yield from station.serve(command, agent.asker)  # type: ignore[arg-type]
                    message, row = answer
                    agent.asker = Asker(label, row)
                    self._after_command()
                    if self._think_ps and type(command) is Forward:
                        yield from self._think()
                else:
                    message = yield from self._administer(command, agent)
            except CommandError as error:  # the agent gets it where it yielded the command
                advance, message = controller.throw, error
        controller.close()

    def _after_command(self) -> None:
        """Check the budget and let observers look, at the instant at which a command has been completed."""
        if self._budgeted:
            self._check_budget()
        if self._counting.queries >= self._next_look:
            self._look()

    def _think(self) -> Generator[simpy.Event, Any, None]:
        """Let the host compute what a reading means; it is active while any agent thinks."""
        clock, host = self.clock, self.host
        host.begin_thought(clock.now_ps, self._think_ps)
        if self._budgeted:
            self._check_budget()
        done = clock.skip(self._think_ps)
        if done < 0:
            yield clock.timeout(self._think_ps)
            done = clock.now_ps
        host.rest(done)

    def _start(
        self, station: Station, command: Served, asker: Asker
    ) -> Generator[simpy.Event, Any, Answer | CommandError]:
        """Serve a started command; a refusal is kept for whoever joins it."""
        try:
            answer = yield from station.serve(command, asker)
        except CommandError as error:
            return error
        self._after_command()
        if self._think_ps and type(command) is Forward:
            yield from self._think()
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

    def _check_budget(self) -> None:
        budget, now = self.budget, self.now_ps
        if budget.queries is not None and self.queries >= budget.queries:
            self.stop("budget", f"budget.queries: {self.queries} of {budget.queries} queries spent")
        if budget.time_s is not None and now >= budget.time_s * PS_PER_S:
            self.stop("budget", f"budget.time_s: {ps_to_s(now):.6g} of {budget.time_s:g} s spent")
        if budget.energy_j is not None and (spent := self.meter.total_j(now)) >= budget.energy_j:
            self.stop("budget", f"budget.energy_j: {spent:.6g} of {budget.energy_j:g} J spent")
        if budget.peak_power_w is not None and (power := self.meter.power_w()) > budget.peak_power_w:
            self.stop(
                "budget", f"budget.peak_power_w: {power:.6g} W drawn, {budget.peak_power_w:g} W allowed"
            )

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
        busy: dict[str, int] = {}
        for instrument in self._instruments:
            for name, total_ps in instrument.busy_ps().items():
                busy[name] = busy.get(name, 0) + total_ps
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
            self.log(f"energy_j.{component}", energy_j)
        for span, busy_s in result.busy_by_span_s.items():
            self.log(f"busy_s.{span}", busy_s)
        for instrument in self._instruments:
            for name, values, units in instrument.closing_states():
                self.recorder.state(name, values, units)
        self.recorder.close(status, reason, now, self.queries)
        return result
