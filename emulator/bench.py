"""The bench: it puts instruments, clock, meter and recorder together and runs agents on them.

An agent's generator yields commands; the bench has the instrument serve them, one at a time and first come first
served, and sends back the replies. After a query the host thinks (computes the loss and decides) for its
overhead: that is the time between a reply and the agent's next command.
"""

import math
import traceback
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

import simpy

from emulator.chip_config import BudgetConfig, ChipConfig, ClockConfig, HostConfig
from emulator.clock import RealTimeClock, make_clock
from emulator.commands import (
    Command,
    Controller,
    Forward,
    Join,
    Keep,
    Log,
    Reply,
    SetPhases,
    Settle,
    Start,
    Ticket,
)
from emulator.errors import CommandError, DivergedError
from emulator.instruments.chip import Chip, Service
from emulator.instruments.core import Design
from emulator.meter import Meter
from emulator.trace import AnyRecorder, NullRecorder
from emulator.units import PS_PER_S, ps_to_s, s_to_ps

__all__ = ["Bench", "Observer", "RunResult", "RunStatus"]

RunStatus = Literal["complete", "budget", "diverged", "aborted", "failed"]

_SERVED: Final = (SetPhases, Settle, Forward)
_KINDS = {SetPhases: "set_phases", Settle: "settle", Forward: "forward"}


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


@dataclass(slots=True, eq=False)
class _Agent:
    """Keep what the bench must know of one agent while it runs."""

    label: int
    controller: Controller
    cause: int = -1
    tickets: dict[int, simpy.Process] = field(default_factory=dict)


class Bench:
    """One laboratory bench with a chip on it; build it, ``run`` agents on it once, read the result."""

    def __init__(
        self,
        chip: ChipConfig,
        design: Design,
        seed: int,
        host: HostConfig | None = None,
        budget: BudgetConfig | None = None,
        clock: ClockConfig | None = None,
        recorder: AnyRecorder | None = None,
    ) -> None:
        clock = clock or ClockConfig()
        host = host or HostConfig()
        self.clock = make_clock(clock.mode, clock.factor)
        self.recorder: AnyRecorder = recorder or NullRecorder()
        self._record = self.recorder.command
        self.meter = Meter(self.recorder)
        self.chip = Chip(chip, design, seed, self.meter, self.recorder)
        self.budget = budget or BudgetConfig()
        self._host_w = (host.idle_power_w, host.active_power_w)
        self._host = self.meter.component("host", host.idle_power_w)
        self._think_ps = s_to_ps(host.overhead_s)
        self._thoughts = 0
        self._thinkers = 0
        self._busy = False
        self._queue: deque[simpy.Event] = deque()
        self._stop: tuple[RunStatus, str] | None = None
        self._observers: list[tuple[int, Observer]] = []
        self._next_look = math.inf
        self._budgeted = any(limit is not None for limit in self.budget.model_dump().values())
        self._instrument = self.recorder.label("commands.instrument", self.chip.name)
        self._kind = {kind: self.recorder.label("commands.kind", name) for kind, name in _KINDS.items()}

    @property
    def now_ps(self) -> int:
        """Return the present emulated time, in picoseconds."""
        return self.clock.now_ps

    @property
    def queries(self) -> int:
        """Return how many queries the chip has served."""
        return self.chip.queries

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
        self.recorder.state("design_phases", self.chip.core.design.phases(), "rad")
        self.recorder.state("active", self.chip.core.design.active)
        self.recorder.state("initial_phases", self.chip.core.driven_phases(), "rad")
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

    def _drive(self, name: str, controller: Controller) -> Generator[simpy.Event, Any, None]:
        """Pass the agent's commands to whoever serves them until it ends or the bench stops."""
        agent = _Agent(self.recorder.label("commands.agent", name), controller)
        advance: Callable[[Any], Command] = controller.send
        message: Any = None
        while self._stop is None:
            try:
                command = advance(message)
            except StopIteration:
                return
            advance = controller.send
            try:
                if isinstance(command, _SERVED):
                    answer = self._serve_at_once(command, agent)
                    if answer is None:
                        answer = yield from self._serve(command, agent)
                    message, agent.cause = answer
                    if self._think_ps and type(command) is Forward:
                        yield from self._think()
                else:
                    message = yield from self._administer(command, agent)
            except CommandError as error:  # the agent gets it where it yielded the command
                advance, message = controller.throw, error
        controller.close()

    def _serve_at_once(
        self, command: SetPhases | Settle | Forward, agent: _Agent
    ) -> tuple[Reply, int] | None:
        """Serve ``command`` if the chip is free and nothing else is due meanwhile, without an event; else None."""
        if self._busy:
            return None
        clock = self.clock
        service = self.chip.begin(command)
        issued = clock.now_ps
        done = clock.skip(service.duration_ps)
        if done < 0:
            return None
        return self._complete(command, service, agent.label, agent.cause, issued, issued, done)

    def _serve(
        self, command: SetPhases | Settle | Forward, agent: _Agent
    ) -> Generator[simpy.Event, Any, tuple[Reply, int]]:
        """Have the chip carry out ``command`` in its turn; return the reply and the row of the trace."""
        clock, cause = self.clock, agent.cause
        issued = clock.now_ps
        if self._busy:
            turn = clock.event()
            self._queue.append(turn)
            yield turn
        self._busy = True
        started = clock.now_ps
        try:
            service = self.chip.begin(command)
            yield clock.timeout(service.duration_ps)
            return self._complete(command, service, agent.label, cause, issued, started, clock.now_ps)
        finally:
            if self._queue:
                self._queue.popleft().succeed()  # the longest waiting command has the chip
            else:
                self._busy = False

    def _complete(
        self,
        command: SetPhases | Settle | Forward,
        service: Service,
        agent: int,
        cause: int,
        issued: int,
        started: int,
        done: int,
    ) -> tuple[Reply, int]:
        """Carry out the physics of a command whose time has passed, and record it."""
        reply, target, value, result = self.chip.finish(command, started, done)
        service.uses += 1
        row = self._record(
            agent, self._instrument, self._kind[type(command)], service.plan, cause,
            issued, started, done, target, value, result,
        )  # fmt: skip
        if self._budgeted:
            self._check_budget()
        if self.chip.queries >= self._next_look:
            self._look()
        return reply, row

    def _think(self) -> Generator[simpy.Event, Any, None]:
        """Let the host compute what a reading means; it is active while any agent thinks."""
        clock = self.clock
        self._thoughts += 1
        self._thinkers += 1
        if self._thinkers == 1:
            self.meter.set(self._host, clock.now_ps, self._host_w[1])
            if self._budgeted:
                self._check_budget()
        done = clock.skip(self._think_ps)
        if done < 0:
            yield clock.timeout(self._think_ps)
            done = clock.now_ps
        self._thinkers -= 1
        if self._thinkers == 0:
            self.meter.set(self._host, done, self._host_w[0])

    def _start(
        self, command: SetPhases | Settle | Forward, agent: _Agent
    ) -> Generator[simpy.Event, Any, tuple[Reply, int] | CommandError]:
        """Serve a started command; a refusal is kept for whoever joins it."""
        try:
            answer = yield from self._serve(command, agent)
        except CommandError as error:
            return error
        if self._think_ps and type(command) is Forward:
            yield from self._think()
        return answer

    def _administer(self, command: Command, agent: _Agent) -> Generator[simpy.Event, Any, Reply]:
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
        elif isinstance(command, Start):
            if type(command.command) not in _KINDS:
                raise CommandError(
                    f"Start: {type(command.command).__name__} occupies no instrument; yield it itself"
                )
            ticket = Ticket(len(agent.tickets))
            agent.tickets[ticket.number] = self.clock.process(self._start(command.command, agent))
            yield self.clock.timeout(0)  # the command begins now, not after what the agent asks next
            return ticket
        elif isinstance(command, Join):
            if command.ticket.number not in agent.tickets:
                raise CommandError(f"Join: ticket {command.ticket.number} was never issued to this agent")
            answer: tuple[Reply, int] | CommandError = yield agent.tickets[command.ticket.number]
            if isinstance(answer, CommandError):
                raise answer
            agent.cause = answer[1]
            return answer[0]
        else:
            raise CommandError(f"bench: {command!r} is no command; see emulator.commands")
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
        busy: dict[str, int] = {"host.compute": self._thoughts * self._think_ps}
        for service in self.chip.services():
            for resource, activity, duration_ps in service.steps:
                name = f"{resource}.{activity}"
                busy[name] = busy.get(name, 0) + service.uses * duration_ps
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
        self.recorder.state("final_phases", self.chip.core.driven_phases(), "rad")
        self.recorder.close(status, reason, now, self.queries)
        return result
