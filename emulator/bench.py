"""The bench: it puts instruments, clock, meter and recorder together and runs agents on them.

An agent's generator yields commands; the bench has the instrument that knows them serve them, and sends back the
replies. What a command takes, the host's thought upon a reading included, is its plan's affair.
"""

import math
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import simpy

from emulator.agents.agent import Failed, check_observers, checked_agents, in_use
from emulator.agents.desk import Desk, Floor, disturbed, hidden_parts
from emulator.agents.observing import Observing, Turns
from emulator.agents.result import RunResult, RunStatus, busy_s, note_end
from emulator.arguments import checked_kind, checked_whole
from emulator.bench_config import BudgetConfig, ClockConfig
from emulator.budgets import Budgets
from emulator.clock import Clock, Halted, PacedClock, RealTimeClock, make_clock
from emulator.commands import Command, Controller, Disturb, Reply, Served
from emulator.errors import CommandError, ConfigError, DivergedError
from emulator.instruments.instrument import InstrumentKind, Lab, Setting
from emulator.instruments.registry import INSTRUMENTS, with_host
from emulator.instruments.rows import RowQueue
from emulator.instruments.station import Station
from emulator.instruments.tickets import Tickets
from emulator.instruments.turns import Asker, Turn
from emulator.meter import Meter
from emulator.peak import PeakWatch
from emulator.trace import AnyRecorder, NullRecorder
from emulator.units import ps_to_s

__all__ = ["Bench", "Observer", "RunResult", "RunStatus"]

_Sort = TypeVar("_Sort")

Observer = Observing["Bench"]
"""Who looks at the bench every so many queries, at no cost in emulated time or energy."""


class Bench:
    """One laboratory bench; build it, ``run`` agents on it once, read the result.

    ``lab`` says what stands on it, by the name of its kind; a host is always there. Nothing is recorded, and no
    file is touched, before ``attach`` or ``run``; ``kinds`` are what names in ``lab`` stand for. Raises what the
    kinds raise for what cannot be built, ``ConfigError`` for a kind that is not known.
    """

    def __init__(
        self,
        lab: Lab,
        seed: int,
        budget: BudgetConfig | None = None,
        clock: ClockConfig | PacedClock | None = None,
        kinds: Mapping[str, InstrumentKind] = INSTRUMENTS,
    ) -> None:
        checked_whole("bench: seed", seed, 0)
        if isinstance(clock, PacedClock):
            self.clock: Clock = clock
        else:
            config = ClockConfig() if clock is None else clock
            said = checked_kind("bench: clock", config, ClockConfig, "a ClockConfig, or None")
            self.clock = make_clock(said.mode, said.factor)
        self.meter = Meter()
        self.recorder: AnyRecorder = NullRecorder()
        self._attached = self._ran = False
        self._in_use = threading.Lock()
        self._stop: tuple[RunStatus, str] | None = None
        self._turns: Turns[Bench] = Turns()
        self._next_look = math.inf
        lab = with_host(lab)
        setting = Setting(seed, lab["host"].config, self.meter)
        for name, stand in lab.items():
            kinds[name].check(stand, setting.host)
        self._by_name = {
            name: Station(kind, kind.build(lab[name], setting), self.clock, self.meter)
            for name, kind in kinds.items()
            if name in lab
        }
        self._stations = {kind: one for one in self._by_name.values() for kind in one.kind.commands}
        self.budgets = Budgets(BudgetConfig() if budget is None else budget, self.meter)
        if self.budgets.peak is not None:
            self._tell_of_power(self.budgets.peak, lab)
        self._counting = next(iter(self._by_name.values()))

    def _tell_of_power(self, peak: PeakWatch, lab: Lab) -> None:
        """Have all stations tell ``peak`` what they draw; a component without an idle power has levels."""
        standing = self._by_name.items()
        idle = {part for name, station in standing for part in station.kind.idle_w(lab[name])}
        levels = {part.partition(".")[0] for part in self.meter.energy_j(0) if part not in idle}
        for name, station in standing:
            station.watch(peak, name in levels, self._check_budget)

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

    def named(self, kind: str) -> Any:
        """Return the instrument of that ``kind``, its physics up to date; ``KeyError`` where none stands."""
        station = self._by_name[kind]
        station.catch_up()
        return station.instrument

    @property
    def standing(self) -> tuple[InstrumentKind, ...]:
        """Return the kinds of what stands on the bench, in their order."""
        return tuple(station.kind for station in self._by_name.values())

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
        recorder.counts(self._counting.kind.counts)
        self.meter.attach(recorder)
        self._rows = RowQueue(recorder, self.meter)
        floor = Floor(
            self.clock, self._by_name, self._stations, self.budgets, lambda: self.queries, self._after_command,
            lambda: self._stop is None,
        )  # fmt: skip
        self._desk = Desk(floor, recorder)
        for station in self._by_name.values():
            station.attach(recorder, self._rows)

    def check(self, command: Disturb) -> None:
        """Raise ``CommandError`` unless ``command`` can be carried out on this bench; change nothing."""
        station, state, index, value = disturbed(self._by_name, command)
        station.instrument.disturb(state, index, value)

    def hidden(self) -> Mapping[str, tuple[int, ...]]:
        """Return all hidden states that an agent may change here, and the parts that each has; () is none."""
        return hidden_parts(self._by_name)

    def stop(self, status: RunStatus, reason: str) -> None:
        """End the run as soon as the command in flight has finished; safe to call from a signal handler.

        In real time an "aborted" run does not wait for that: it ends at the instant that the wall clock says.
        """
        if self._stop is None:
            self._stop = (status, reason)
        if status == "aborted" and isinstance(self.clock, RealTimeClock):
            self.clock.halt()

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
        trace as "failed" and is raised again, with a note of the agent. Raises ``CommandError`` for what is no
        agent, and while another thread, or an agent of this bench, has it in use; ``ConfigError`` the second time.
        """
        check_observers(observers)
        with self._alone():
            self._begin(recorder)
            try:
                status, reason = self._attended(checked_agents(agents), observers)
            except DivergedError as error:
                status, reason = "diverged", str(error)
            except BaseException:
                self.fail()
                raise
            return self._close(status, reason)

    def _begin(self, recorder: AnyRecorder | None) -> None:
        """Begin the one run of this bench; raise ``ConfigError`` the second time, and close ``recorder`` then."""
        try:
            if self._ran:
                raise ConfigError("bench: it has run already, and a bench runs once; build another one")
            if not self._attached or recorder is not None:
                self.attach(recorder or NullRecorder())
        except ConfigError as error:
            if recorder is not None and recorder is not self.recorder:
                recorder.close("failed", str(error), 0, 0)
            raise
        self._ran = True

    def open(
        self,
        agents: Mapping[str, Controller],
        observers: Sequence[Observer] = (),
        recorder: AnyRecorder | None = None,
    ) -> None:
        """Begin a run whose time somebody else lets pass, by ``clock``; ``close`` ends it.

        Raises ``CommandError`` for what is no agent and while the bench is in use; ``ConfigError`` the second time.
        """
        check_observers(observers)
        checked = checked_agents(agents) if agents else {}
        if not self._in_use.acquire(blocking=False):
            raise in_use()
        self._begin(recorder)
        self._enter(checked, observers)

    def admit(self, name: str, agent: Controller) -> None:
        """Let one more agent work from now on; raises ``CommandError`` for what is none."""
        for checked, controller in checked_agents({name: agent}).items():
            self.clock.process(self._drive(checked, controller))

    def close(self, status: RunStatus = "complete", reason: str = "") -> RunResult:
        """End the run that ``open`` began, unless it has ended otherwise, and close the trace."""
        self._turns.all_again()
        self._look()
        return self._close(*(self._stop or (status, reason)))

    @property
    def ended(self) -> tuple[RunStatus, str] | None:
        """Return how the run was ended while its agents worked, and why; None while it goes on."""
        return self._stop

    def fail(self) -> None:
        """Close the trace as "failed" by the exception that is being handled, unless it is closed already."""
        error = sys.exception()
        try:
            self._close("failed", traceback.format_exc(limit=-8))
        except Exception as second:  # noqa: BLE001  (the first error is the one to be told)
            if error is not None and second is not error:
                error.add_note(f"While the trace was closed: {second}")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep the bench to one caller; raise ``CommandError`` where there is another."""
        if not self._in_use.acquire(blocking=False):
            raise in_use()
        try:
            yield
        finally:
            self._in_use.release()

    def _attended(
        self, agents: Mapping[str, Controller], observers: Sequence[Observer]
    ) -> tuple[RunStatus, str]:
        """Run ``agents`` before ``observers``, and return how that ended; raise what an agent raised."""
        processes = self._enter(agents, observers)
        if isinstance(self.clock, RealTimeClock):
            self.clock.sync()
        failure = self._pass_time(processes[0], agents.values())
        if failure is not None:
            raise failure
        self._turns.all_again()
        self._look()
        return self._stop or ("complete", "")

    def _enter(self, agents: Mapping[str, Controller], observers: Sequence[Observer]) -> list[simpy.Process]:
        """Let ``agents`` begin, before ``observers``, and keep what instruments are at that instant."""
        processes = [self.clock.process(self._drive(name, controller)) for name, controller in agents.items()]
        self._turns = Turns(observers)
        for station in self._by_name.values():
            for name, values, units in station.instrument.opening_states():
                self.recorder.state(name, values, units)
        if self.budgets.peak is not None:
            self._check_budget()
        self._look()
        return processes

    def _pass_time(self, until: simpy.Process, agents: Collection[Controller]) -> BaseException | None:
        """Let time pass ``until`` a process ends; return the error of an agent as it was raised."""
        try:
            self.clock.run(until=until)
        except Failed as failed:
            return failed.error
        except Halted:
            for controller in agents:
                controller.close()
        return None

    def ask(self, command: Served) -> Reply:
        """Serve one ``command`` for somebody who is no agent, let its time pass, and return the reply.

        Raises ``CommandError`` when no instrument knows it or it is refused, and while the bench is in use.
        """
        with self._alone():
            if not self._attached:
                self.attach(NullRecorder())
            station = self._desk.station(command)
            asker = Asker(self.recorder.label("commands.agent", "caller"))
            answer: Any = self.clock.run(until=self.clock.process(station.serve(command, asker)))
            reply: Reply = answer[0]
            return reply

    def _drive(self, name: str, controller: Controller) -> Generator[simpy.Event, Any, None]:
        """Pass the agent's commands to whoever serves them until it ends or the bench stops."""
        try:
            label = self.recorder.label("commands.agent", name)
            agent = Tickets(Asker(label), name)
            stations, count, clock = self._stations, self.budgets.ask, self.clock
            advance: Callable[[Any], Command] = controller.send
            message: Any = None
            while self._stop is None:
                spent = count(clock.now_ps)
                if spent is not None:
                    self._spend(spent)
                    break
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
                            answer = yield from station.wait_for(answer)
                        message, row = answer
                        agent.asker = Asker(label, row)
                        self._after_command()
                    else:
                        message = yield from self._desk.answer(command, agent)
                except CommandError as error:  # the agent gets it where it yielded the command
                    advance, message = controller.throw, error
            controller.close()
        except (Exception, KeyboardInterrupt) as error:
            raise Failed.of(name, error) from error

    def _after_command(self) -> None:
        """Check the budget and let observers look, at the instant at which a reply has come."""
        if self.budgets.any:
            self._check_budget()
        if self._counting.instrument.queries >= self._next_look:
            self._look()

    def _check_budget(self) -> None:
        spent = self.budgets.spent(self.now_ps, self.queries, self._settled_ps)
        if spent is not None:
            self._spend(spent)

    def _spend(self, reason: str) -> None:
        """End the run because a budget is spent; nobody waits any longer."""
        self.stop("budget", reason)
        self._desk.end_waits()

    def _settled_ps(self) -> int:
        return min(station.settled_ps() for station in self._by_name.values())

    def _look(self) -> None:
        """Let the observers look whose turn it is, and note when the next one's turn comes."""
        self._next_look = self._turns.look(self, self.queries)

    def _close(self, status: RunStatus, reason: str) -> RunResult:
        """Put the totals into the trace and close it, whatever goes wrong meanwhile; raise what did first."""
        now, queries = self.now_ps, self.queries
        result, failure = None, None
        try:
            self._rows.end(now)
            queries = self.queries
            energy_j, stations = self.meter.energy_j(now), self._by_name.values()
            late = self.clock.late_count if isinstance(self.clock, RealTimeClock) else 0
            result = RunResult(status, reason, ps_to_s(now), self.queries, energy_j, busy_s(stations), late)
            note_end(self.recorder, result, stations)
        except BaseException as error:  # noqa: BLE001  (it is raised when the trace is closed)
            failure = error
            if status != "failed":
                status, reason = "failed", traceback.format_exc(limit=-8)
        try:
            self.recorder.close(status, reason, now, queries)
        except Exception as second:
            if failure is None:
                raise
            failure.add_note(f"While the trace was closed: {second}")
        if failure is not None:
            raise failure
        assert result is not None  # noqa: S101  (else there was a failure)
        return result
