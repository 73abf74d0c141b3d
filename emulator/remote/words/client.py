"""One client of a bench: an agent like any other, whose commands come over a wire.

It listens, reads a message, asks the bench for what it says, and sends the answers. A message that cannot be read
to its end changes nothing: all of it is looked up and judged before any of it is asked for.
"""

from collections import deque
from collections.abc import Callable
from functools import lru_cache, partial
from itertools import islice
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.agents.listening import Inbox, Listen
from emulator.commands import Command, Controller, Join, Start, Ticket
from emulator.errors import CommandError, LightloopError
from emulator.instruments.instrument import InstrumentKind
from emulator.instruments.wire import Said
from emulator.remote.scpi.blocks import Format
from emulator.remote.scpi.faults import ErrorQueue, ScpiError, event_bit
from emulator.remote.scpi.messages import Unit, units_of
from emulator.remote.scpi.status import SETTLING, Status
from emulator.remote.scpi.values import Reading, said_by
from emulator.remote.words.table import Entry, Serving, Table

__all__ = ["Client", "House"]

_JOIN: Final = b";"
_END: Final = b"\n"
_MOST_STARTED: Final = 16  # as many as an agent can join again (emulator/instruments/tickets.py)


_SHORT: Final = 128  # bytes of a line that is kept as it was read: scripts ask the same again and again
_KEPT: Final = 256


@lru_cache(_KEPT)
def _known_units(message: bytes) -> tuple[Unit, ...]:
    return tuple(units_of(message))


class House(Protocol):
    """What a client can look up of the bench that serves it."""

    table: Table
    kinds: tuple[InstrumentKind, ...]
    identity: str

    @property
    def pace(self) -> str:
        """Return asap, realtime or stepped."""

    @property
    def now_ps(self) -> int:
        """Return the emulated time, in picoseconds."""

    @property
    def energy_j(self) -> float:
        """Return what the bench has drawn, in joules."""

    @property
    def overruns(self) -> int:
        """Return how many instants came late by the wall clock."""

    def instrument(self, name: str) -> Any:
        """Return the instrument of the kind ``name``, its physics up to date."""


class Client:
    """Hold what one client has said: its form of numbers, its status, its notes, and what it has started.

    ``send`` takes its answers, each a line; ``errors`` are how many its queue holds, ``units`` how many commands
    and queries a line of it may hold.
    """

    def __init__(
        self, name: str, house: House, send: Callable[[bytes], None], errors: int, units: int
    ) -> None:
        self.name = name
        self.house = house
        self.inbox = Inbox()
        self.status = Status()
        self.errors = ErrorQueue(errors)
        self.form = Format()
        self.notes: dict[str, dict[str, Any]] = {}
        self.last: dict[str, Any] = {}
        self._send = send
        self._units = units
        words = {kind.name: kind.words for kind in house.kinds}
        self._channels_of = {name: own.channels for name, own in words.items() if own.channels is not None}
        self._started: dict[str, deque[Ticket]] = {}
        self._finished: dict[str, deque[Any]] = {}
        self._moving: dict[str, Callable[[], Command]] = {}

    def agent(self) -> Controller:
        """Answer what comes until the client has gone."""
        try:
            while (message := (yield Listen(self.inbox))) is not None:  # type: ignore[misc]  # the bench's own word
                answer = yield from self.answer(message)
                if answer is not None:
                    self._send(answer + _END)
        finally:
            self.inbox.leave()

    def answer(self, message: bytes) -> Serving:
        """Carry out ``message`` and return the answers of its queries, with semicolons between; None without any.

        What is refused goes into the queue of errors, and what stands behind it is forgotten.
        """
        answers: list[bytes] = []
        try:
            form = self.form
            for unit, entry, said in self._judged(message):
                meant = said if self.form is form else self._read(unit)[2]
                found = (
                    entry.at_once(self, meant) if entry.at_once else (yield from self._serve(entry, meant))
                )
                if found is not None:
                    answers.append(found)
        except ScpiError as error:
            self.refuse(error)
        except CommandError as error:
            self.refuse(ScpiError(-222, str(error)))
        except LightloopError as error:
            self.refuse(ScpiError(-200, str(error)))
        except Exception as error:  # noqa: BLE001  (a mistake of ours is told, and costs nobody else the bench)
            self.refuse(ScpiError(-310, f"{type(error).__name__}: {error}"))
        return _JOIN.join(answers) if answers else None

    def refuse(self, error: ScpiError) -> None:
        """Put ``error`` into the queue, and its bit into the event status register."""
        self.errors.put(error)
        self.status.note(event_bit(error.code))

    def _judged(self, message: bytes) -> list[tuple[Unit, Entry, Said]]:
        short = len(message) <= _SHORT
        units = _known_units(message) if short else islice(units_of(message), self._units + 1)
        judged = [self._read(unit) for unit in units]
        if len(judged) > self._units:
            raise ScpiError(-223, f"more than {self._units} commands and queries on a line")
        return judged

    def _read(self, unit: Unit) -> tuple[Unit, Entry, Said]:
        entry = self.house.table.find(unit)
        return unit, entry, said_by(unit.data, entry.takes, self._reading(entry.part_of))

    def _reading(self, part_of: str) -> Reading:
        channels = self._channels_of.get(part_of)
        return Reading(self.form, None if channels is None else partial(self._numbered, part_of, channels))

    def _numbered(self, part_of: str, channels: Callable[[Any], Any]) -> NDArray[np.int64]:
        found: NDArray[np.int64] = channels(self.house.instrument(part_of))
        return found

    def _serve(self, entry: Entry, said: Said) -> Serving:
        assert entry.serve is not None  # noqa: S101  (an entry is served in one of two ways)
        return (yield from entry.serve(self, said))

    # ------------------------------------------------------------ what has been set in motion or begun

    def moves(self, what: str, until: Callable[[], Command] | None) -> None:
        """Note that ``what`` moves until the command that ``until`` makes is served; None: that it rests."""
        if until is None:
            self._moving.pop(what, None)
        else:
            self._moving[what] = until
        self.status.operation.set(SETTLING, bool(self._moving))

    def start(self, key: str, command: Any) -> Serving:
        """Begin ``command``; raises ``ScpiError`` where too many have begun that nobody has fetched."""
        begun = sum(map(len, self._started.values())) + sum(map(len, self._finished.values()))
        if begun >= _MOST_STARTED:
            raise ScpiError(-221, f"{begun} have been started and not fetched; allowed: {_MOST_STARTED}")
        ticket = yield Start(command)
        self._started.setdefault(key, deque()).append(ticket)
        return None

    def fetch(self, key: str) -> Any:
        """Return the reply to what was started first under ``key``, when it is there; a generator of commands."""
        if self._finished.get(key):
            return self._finished[key].popleft()
        if not self._started.get(key):
            raise ScpiError(-230, "nothing was started that has not been fetched")
        return (yield Join(self._started[key].popleft()))

    def rest(self) -> Serving:
        """Wait until all that was begun is done and all that moves has come to rest."""
        for key, tickets in self._started.items():
            while tickets:
                reply = yield Join(tickets.popleft())
                self._finished.setdefault(key, deque()).append(reply)
        for what, until in list(self._moving.items()):
            yield until()
            self.moves(what, None)
        return None

    def forget(self) -> None:
        """Put all of the client back to where it began, what waits in its queue of errors apart."""
        self.form = Format()
        self.notes.clear()
        self.last.clear()
        self._finished.clear()
        self._started.clear()
