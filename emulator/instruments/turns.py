"""A command that waits for its turn at an instrument, and who asked for it."""

from typing import Any, NamedTuple

import simpy

from emulator.commands import Reply
from emulator.errors import DivergedError
from emulator.instruments.instrument import Outcome, Rows, Service
from emulator.trace import NO_COMMAND

__all__ = ["Asker", "Turn"]


class Asker(NamedTuple):
    """Say who asks, and the rows of the replies that led to it: ``cause`` came last, ``others`` had come before."""

    label: int
    cause: int = NO_COMMAND
    others: tuple[int, ...] = ()


class Turn:
    """A command's time: when it was asked for, when it starts, and when its reply is due.

    The last two are fixed from the beginning, but for a command behind one whose length nobody knows before it
    starts: ``called`` happens when they are.
    """

    __slots__ = (
        "asker",
        "called",
        "command",
        "done_ps",
        "found",
        "issued_ps",
        "outcome",
        "queries",
        "service",
        "started_ps",
    )

    def __init__(
        self, command: Any, service: Service | None, asker: Asker, times_ps: tuple[int, int, int]
    ) -> None:
        self.command = command
        self.service = service
        self.asker = asker
        self.issued_ps, self.started_ps, self.done_ps = times_ps
        self.called: simpy.Event | None = None
        self.outcome: Outcome | None = None
        self.queries = 0
        self.found: tuple[Reply | DivergedError, Rows] | None = None
