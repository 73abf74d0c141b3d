"""The bench's own desk: commands that occupy no instrument are answered here, and waits end when the run stops."""

import operator
from collections.abc import Callable, Generator, Mapping
from typing import Any, NamedTuple

import simpy

from emulator.agents.agent import Failed
from emulator.agents.listening import Inbox, Listen
from emulator.agents.taking import taken
from emulator.budgets import Budgets
from emulator.clock import Clock
from emulator.commands import (
    Command,
    Disturb,
    Incumbent,
    Join,
    Keep,
    Log,
    Reply,
    Served,
    Spending,
    Spent,
    Start,
    Ticket,
    Wait,
)
from emulator.errors import CommandError, TraceError, nearest
from emulator.instruments.station import Answer, Station
from emulator.instruments.tickets import Tickets
from emulator.instruments.turns import Asker
from emulator.trace import AnyRecorder
from emulator.trace.schema import ASKED_METRICS, ASKED_STATES
from emulator.trace.writing.header import Label, State
from emulator.units import LAST_PS, beyond_time

__all__ = ["Desk", "Floor", "disturbed", "hidden_parts"]

_Answering = Generator[simpy.Event, Any, Reply]


class Floor(NamedTuple):
    """Hold what the desk has to know of its bench.

    ``queries`` tells how many there were, ``served`` is called when a reply is there or a wait is over, ``goes_on``
    tells whether the bench has not been stopped.
    """

    clock: Clock
    stations: Mapping[str, Station]
    by_command: Mapping[type, Station]
    budgets: Budgets
    queries: Callable[[], int]
    served: Callable[[], None]
    goes_on: Callable[[], bool]


class Desk:
    """Answer the commands of all agents that no instrument serves."""

    def __init__(self, floor: Floor, recorder: AnyRecorder) -> None:
        self._floor = floor
        self._recorder = recorder
        self._logged: set[str] = set()
        self._kept: set[str] = set()
        self._waiting: dict[simpy.Process, None] = {}

    def station(self, command: Command) -> Station:
        """Return the station that serves ``command``; raises ``CommandError`` when none does."""
        station = self._floor.by_command.get(type(command))
        if station is None:
            kinds = ", ".join(kind.__name__ for kind in self._floor.by_command)
            name = type(command).__name__
            raise CommandError(f"bench: no instrument here serves {name}; those on it serve {kinds}")
        return station

    def end_waits(self) -> None:
        """Let all who wait for an instant, but whoever asks, go on now."""
        for process in list(self._waiting):
            if process is not self._floor.clock.active_process:
                process.interrupt()

    def answer(self, command: Command | Listen, agent: Tickets) -> Generator[simpy.Event, Any, Any]:
        """Carry out ``command`` for ``agent``; raises ``CommandError`` when it is refused."""
        if isinstance(command, Log):
            self._log(command)
        elif isinstance(command, Keep):
            self._keep(command)
        elif isinstance(command, Wait):
            yield from self._wait(command)
        elif isinstance(command, Spending):
            return self._spent()
        elif isinstance(command, Disturb):
            agent.asker = Asker(agent.asker.label, self._disturb(command, agent.asker))
        elif isinstance(command, Incumbent):
            agent.asker = Asker(agent.asker.label, self._name(command, agent.asker))
        elif isinstance(command, Start):
            return (yield from self._start(command, agent))
        elif isinstance(command, Join):
            return (yield from self._join(command.ticket, agent))
        elif isinstance(command, Listen):
            return (yield from self._listen(command.inbox))
        else:
            self.station(command)
        return None

    def _log(self, command: Log) -> None:
        name = command.name
        if not isinstance(name, str) or name not in self._logged:
            self._admit("Log", name, self._logged, ASKED_METRICS)
        try:
            value = float(command.value)
        except (TypeError, ValueError, OverflowError) as error:
            raise CommandError(f"Log: value {command.value!r} of {name!r} is no number") from error
        self._recorder.metric(name, self._floor.clock.now_ps, self._floor.queries(), value)
        self._logged.add(name)

    def _keep(self, command: Keep) -> None:
        self._admit("Keep", command.name, self._kept, ASKED_STATES)
        try:
            State.of(command.name, command.values, "1")
        except (TraceError, TypeError, ValueError) as error:
            raise CommandError(f"Keep: {error}") from error
        self._recorder.state(command.name, command.values)
        self._kept.add(command.name)

    def _admit(self, what: str, name: object, names: set[str], most: int) -> None:
        """Refuse a name that no trace could hold, and one more than the agents may use between them."""
        if not isinstance(name, str):
            raise CommandError(f"{what}: the name {name!r} is no text")
        try:
            Label("metric", 0, name)
        except TraceError as error:
            raise CommandError(f"{what}: {error}") from error
        if name not in names and len(names) >= most:
            raise CommandError(
                f"{what}: {name!r} is one name too many; allowed: {most} different names in a run, of all agents; "
                "numbers that belong together make one array, for Keep"
            )

    def _wait(self, command: Wait) -> Generator[simpy.Event, Any, None]:
        """Let time pass until the instant that was asked for, or until a budget is spent or the bench stops."""
        clock, until_ps = self._floor.clock, command.until_ps
        if type(until_ps) is not int:
            raise CommandError(f"Wait: until_ps={until_ps!r} is not a whole number of picoseconds")
        if until_ps > LAST_PS:
            raise CommandError(str(beyond_time(f"Wait: until_ps={until_ps}")))
        process = clock.active_process
        assert process is not None  # noqa: S101  (the desk answers processes alone)
        self._waiting[process] = None
        try:
            first = True
            while first or (clock.now_ps < until_ps and self._floor.goes_on()):
                now, first = clock.now_ps, False
                delay_ps = max(0, min(until_ps, self._floor.budgets.last_until_ps(now)) - now)
                if clock.waits_are_events or clock.skip(delay_ps) < 0:
                    yield clock.timeout(delay_ps)
                self._floor.served()
        except simpy.Interrupt:
            pass
        finally:
            del self._waiting[process]

    def _listen(self, inbox: Inbox) -> Generator[simpy.Event, Any, Any]:
        """Wait until something comes from outside, or the run ends; no budget counts it."""
        clock = self._floor.clock
        self._floor.budgets.excuse()
        awaited = inbox.ear(clock)
        process = clock.active_process
        assert process is not None  # noqa: S101  (the desk answers processes alone)
        if awaited is not None:
            self._waiting[process] = None
            try:
                yield awaited
            except simpy.Interrupt:
                return None
            finally:
                del self._waiting[process]
        return inbox.take()

    def _spent(self) -> Spent:
        return self._floor.budgets.account(self._floor.clock.now_ps, self._floor.queries())

    def _start(self, command: Start, agent: Tickets) -> Generator[simpy.Event, Any, Ticket]:
        clock = self._floor.clock
        station = self._floor.by_command.get(type(command.command))
        if station is None:
            raise CommandError(
                f"Start: {type(command.command).__name__} occupies no instrument; yield it itself"
            )
        begun = self._begin(station, taken(command.command), agent.asker, agent.name)
        ticket = agent.start(clock.process(begun))
        yield clock.timeout(0)  # the command begins now, not after what the agent asks next
        return ticket

    def _begin(
        self, station: Station, command: Served, asker: Asker, name: str
    ) -> Generator[simpy.Event, Any, Answer | CommandError]:
        """Serve a started command; a refusal is kept for whoever joins it."""
        try:
            answer = yield from station.serve(command, asker)
            self._floor.served()
        except CommandError as error:
            return error
        except Exception as error:
            raise Failed.of(name, error) from error
        return answer

    def _join(self, ticket: Ticket, agent: Tickets) -> _Answering:
        """Wait for a started command; of its reply and the earlier ones, the last to come causes what is next."""
        answer: Answer | CommandError = yield agent.process(ticket)
        if isinstance(answer, CommandError):
            raise answer
        reply, row = answer
        agent.join(ticket, row)
        return reply

    def _disturb(self, command: Disturb, asker: Asker) -> int:
        """Change hidden state that an instrument declares, and return the row that says so."""
        station, state, index, value = disturbed(self._floor.stations, command)
        return station.disturb(state, index, value, asker)

    def _name(self, command: Incumbent, asker: Asker) -> int:
        """Let the instrument that has an incumbent know it, and return the row that says so."""
        for station in self._floor.stations.values():
            if station.kind.named:
                return station.name_incumbent(command, asker)
        standing = ", ".join(self._floor.stations)
        raise CommandError(
            f"Incumbent: nothing on this bench is driven to phases that could be named; on it stand: {standing}"
        )


def hidden_parts(stations: Mapping[str, Station]) -> Mapping[str, tuple[int, ...]]:
    """Return all hidden states of ``stations`` by their targets, and the parts that each has; () is none."""
    return {
        f"{name}.{state}": tuple(station.kind.parts(station.instrument, state).tolist())
        for name, station in stations.items()
        for state in station.kind.disturbs
    }


def disturbed(stations: Mapping[str, Station], command: Disturb) -> tuple[Station, str, int, float]:
    """Return whose hidden state ``command`` changes, the state's name, of which part, and what it becomes."""
    name, _, state = str(command.target).partition(".")
    station = stations.get(name)
    if station is None or state not in station.kind.disturbs:
        known = [f"{each}.{key}" for each, s in stations.items() for key in s.kind.disturbs]
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
    return station, state, index, value
