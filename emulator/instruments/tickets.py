"""What an agent has started and been told: its tickets, and the replies that its next command follows from."""

from collections import deque
from typing import Final, NamedTuple

import simpy

from emulator.arguments import checked_kind, checked_whole
from emulator.commands import Ticket
from emulator.errors import CommandError
from emulator.instruments.turns import Asker
from emulator.trace import NO_COMMAND

__all__ = ["Tickets"]

_JOINED_KEPT: Final = 16
"""Joined tickets whose replies can be had again; replies may be large."""


class _Started(NamedTuple):
    """Hold a started command: who serves it, and what its agent knew then."""

    process: simpy.Process
    asker: Asker


class Tickets:
    """Keep the started commands of the agent ``name``, and in ``asker`` the replies that it has."""

    def __init__(self, asker: Asker, name: str = "") -> None:
        self.asker = asker
        self.name = name
        self._issued = 0
        self._started: dict[int, _Started] = {}
        self._joined: deque[int] = deque()

    def start(self, process: simpy.Process) -> Ticket:
        """Return a new ticket, for the command that ``process`` serves."""
        ticket = Ticket(self._issued)
        self._started[ticket.number] = _Started(process, self.asker)
        self._issued += 1
        return ticket

    def process(self, ticket: Ticket) -> simpy.Process:
        """Return who serves the command behind ``ticket``; raises ``CommandError`` when nobody does."""
        checked_kind("Join: ticket", ticket, Ticket, "a Ticket, which is the reply to Start", CommandError)
        checked_whole("Join: ticket.number", ticket.number, 0, error=CommandError)
        started = self._started.get(ticket.number)
        if started is None:
            old = 0 <= ticket.number < self._issued
            when = "was joined long ago" if old else "was never issued to this agent"
            raise CommandError(f"Join: ticket {ticket.number} {when}")
        return started.process

    def join(self, ticket: Ticket, row: int) -> None:
        """Note that the reply of ``row`` to ``ticket`` is there, and forget the ticket joined longest ago.

        What the agent knew when it started the command came before its reply, and need not be named again.
        """
        before = self._started[ticket.number].asker
        known = {self.asker.cause, *self.asker.others, row} - {before.cause, *before.others, NO_COMMAND}
        cause = max(known)  # rows are in the order in which replies come
        self.asker = Asker(self.asker.label, cause, tuple(sorted(known - {cause})))
        if ticket.number not in self._joined:
            self._joined.append(ticket.number)
        if len(self._joined) > _JOINED_KEPT:
            del self._started[self._joined.popleft()]
