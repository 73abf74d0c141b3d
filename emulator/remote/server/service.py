"""A bench that is served: clients come and go as agents, and time passes as its pace allows; it knows no socket."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from emulator.agents.agent import Failed
from emulator.agents.result import RunResult, RunStatus
from emulator.bench import Bench, Observer
from emulator.clock import PacedClock
from emulator.commands import Controller
from emulator.errors import ConfigError, DivergedError
from emulator.instruments.instrument import InstrumentKind
from emulator.remote.scpi.faults import ScpiError
from emulator.remote.scpi.messages import units_of
from emulator.remote.scpi.values import Reading, said_by
from emulator.remote.server.limits import Limits
from emulator.remote.server.pacing import Pace, RealTime, Stepped
from emulator.remote.words.client import Client, House
from emulator.remote.words.desk import desk_entries
from emulator.remote.words.ieee import ieee_entries
from emulator.remote.words.instruments import entries_of
from emulator.remote.words.system import STEP, system_entries
from emulator.remote.words.table import Entry, Table
from emulator.trace import AnyRecorder

__all__ = ["Service", "table_of"]

CLIENT: Final = "client"
_STEP_SIGN: Final = b"STEP"
_QUANTILE: Final = 0.99


def table_of(kinds: Sequence[InstrumentKind]) -> Table:
    """Return all that can be said to a bench on which ``kinds`` stand."""

    def entries() -> Iterator[Entry]:
        yield from ieee_entries()
        yield from system_entries()
        yield from desk_entries()
        for kind in kinds:
            if kind.words.root:
                yield from entries_of(kind)

    return Table(entries())


class Service:
    """Serve ``bench``, whose clock is a ``PacedClock``, to clients.

    ``identity`` is what *IDN? answers. After ``open``, time passes in ``pump``, which is called when something was
    said and when it asks for it; ``over`` tells how the run has ended by itself. ``overran`` is called at the first
    overrun.
    """

    def __init__(
        self,
        bench: Bench,
        identity: str,
        pace: Pace,
        limits: Limits,
        overran: Callable[[], None] = lambda: None,
    ) -> None:
        if not isinstance(bench.clock, PacedClock):
            raise ConfigError(
                "service: the bench's clock is not one that a server can pace; allowed: PacedClock"
            )
        self.kinds = bench.standing
        self.table = table_of(self.kinds)
        self.identity = identity
        self.served = 0
        self.over: tuple[RunStatus, str] | None = None
        self.failure: BaseException | None = None
        self._bench = bench
        self._clock = bench.clock
        self._pacer = pace
        self._limits = limits
        self._clients: dict[str, Client] = {}
        self._rested: dict[str, Callable[[], None]] = {}
        self._busy: set[str] = set()
        self._overran = overran
        self._told = 1

    # ------------------------------------------------------------------ what clients look up

    @property
    def pace(self) -> str:
        """Return the name of the pace."""
        return self._pacer.name

    @property
    def now_ps(self) -> int:
        """Return the emulated time, in picoseconds."""
        return self._clock.now_ps

    @property
    def energy_j(self) -> float:
        """Return what the bench has drawn, in joules."""
        return self._bench.energy_j

    @property
    def overruns(self) -> int:
        """Return how many instants came late by the wall clock."""
        return self._pacer.overruns if isinstance(self._pacer, RealTime) else 0

    def instrument(self, name: str) -> Any:
        """Return the instrument of the kind ``name``, its physics up to date."""
        return self._bench.named(name)

    # ------------------------------------------------------------------ a run, from open to close

    def open(
        self,
        recorder: AnyRecorder | None = None,
        agents: Mapping[str, Controller] | None = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        """Begin the run, with other ``agents`` that work beside the clients."""
        self._bench.open(agents or {}, observers, recorder)
        self._pacer.begin(self._clock)
        self.pump()

    def close(self, reason: str) -> RunResult:
        """End the run, and close its trace; raises what an agent has raised."""
        if self.failure is not None:
            raise self.failure
        status: RunStatus = "complete"
        if self.over is not None:
            status, reason = self.over
        self._log_pace()
        return self._bench.close(status, reason)

    def welcome(
        self,
        send: Callable[[bytes], None],
        rested: Callable[[], None],
        role: str = CLIENT,
        house: House | None = None,
        limits: Limits | None = None,
    ) -> Client | None:
        """Return a new client whose answers go to ``send``, or None where the house is full.

        ``rested`` is called when all that it said has been carried out after it had to wait. Of another ``role``,
        it looks up what its own ``house`` has, within ``limits``.
        """
        self._leave()
        bears = self._limits if limits is None else limits
        names = (f"{role}.{number}" for number in range(bears.clients))
        name = next((name for name in names if name not in self._clients), None)
        if name is None or self.over is not None:
            return None
        client = Client(name, house or self, send, bears.errors, bears.units)
        self._clients[name], self._rested[name] = client, rested
        self.served += role == CLIENT
        self._arrive()
        self._bench.admit(name, client.agent())
        self._busy.add(name)
        self.pump()
        return client

    def farewell(self, client: Client) -> None:
        """Let ``client`` go when what it has begun is done."""
        self._rested.pop(client.name, None)
        client.inbox.close()
        self._busy.add(client.name)
        self.pump()
        self._leave()

    def deliver(self, client: Client, message: bytes) -> None:
        """Bring ``message`` to ``client``, which listens; ``pump`` lets it answer."""
        self._arrive()
        client.inbox.put(message)
        self._busy.add(client.name)

    def refuse(self, client: Client, error: ScpiError) -> None:
        """Put ``error``, which is of no message, into the queue of ``client``."""
        client.refuse(error)

    def stepped(self, client: Client, message: bytes) -> bool:
        """Return whether ``message`` lets time pass by a step, which is then allowed; what is wrong is refused."""
        if not isinstance(self._pacer, Stepped) or _STEP_SIGN not in message.upper():
            return False
        try:
            units = list(units_of(message))
            entry = self.table.find(units[0]) if len(units) == 1 else None
            if entry is None or entry.words != STEP:
                return False
            self._pacer.step(said_by(units[0].data, entry.takes, Reading(client.form))["duration"])
        except ScpiError as error:
            client.refuse(error)
        except Exception as error:  # noqa: BLE001  (a step beyond time)
            client.refuse(ScpiError(-222, str(error)))
        return True

    def pump(self) -> float | None:
        """Process what is due; return after how many seconds something will be, None where only words can tell.

        What an agent raises ends the run.
        """
        if self.over is not None:
            return None
        try:
            waits_s = self._pass_time()
        except Failed as failed:
            self._end(failed.error)
            return None
        if self.over is None:
            self.over = self._bench.ended
        self._tell_overruns()
        return waits_s

    def _pass_time(self) -> float | None:
        clock, pacer = self._clock, self._pacer
        horizon_ps, only_busy = pacer.horizon_ps(), pacer.stands_still
        for _ in range(self._limits.events_at_once):
            due_ps = clock.due_ps
            if due_ps is None or due_ps > horizon_ps or (only_busy and not self._busy):
                break
            clock.horizon_ps = horizon_ps if only_busy else due_ps
            clock.step()
            if clock.due_ps != due_ps:
                pacer.processed(due_ps)
            if self._busy:
                self._rest()
        else:
            return 0.0
        if not only_busy:
            clock.reach(max(clock.now_ps, horizon_ps))
            clock.horizon_ps = clock.now_ps
        due_ps = clock.due_ps
        return None if due_ps is None else pacer.waits_s(due_ps)

    def _arrive(self) -> None:
        """Bring emulated time to where the pace has it, before somebody says something."""
        if not self._pacer.stands_still:
            self.pump()

    def _rest(self) -> None:
        """Tell whoever had to wait, and waits no more."""
        for name in [name for name in self._busy if self._clients[name].inbox.listening]:
            self._busy.discard(name)
            rested = self._rested.get(name)
            if rested is not None:
                rested()

    def _leave(self) -> None:
        """Forget the clients that have gone, once they have ended."""
        for name in [name for name, client in self._clients.items() if client.inbox.left]:
            del self._clients[name]
            self._busy.discard(name)

    def _end(self, error: BaseException) -> None:
        if isinstance(error, DivergedError):
            self.over = ("diverged", str(error))
            return
        self.over, self.failure = ("failed", str(error)), error
        try:
            raise error
        except BaseException:  # noqa: BLE001  (the trace says what it was, and close raises it)
            self._bench.fail()

    def _tell_overruns(self) -> None:
        """Record overruns whenever they are ten times as many: a trace of a killed run has them, too."""
        if self.overruns >= self._told:
            if self._told == 1:
                self._overran()
            self._bench.log("overruns", self.overruns)
            while self._told <= self.overruns:
                self._told *= 10

    def _log_pace(self) -> None:
        pacer = self._pacer
        if isinstance(pacer, RealTime):
            self._bench.log("overruns", pacer.overruns)
            self._bench.log("deadlines", pacer.deadlines)
            if pacer.deadlines:
                self._bench.log("deadline_late_p99_s", pacer.late_s(_QUANTILE))
