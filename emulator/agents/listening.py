"""How an agent hears what comes from outside the bench: it listens at an inbox, at no cost."""

from collections import deque
from typing import NamedTuple

import simpy

__all__ = ["Inbox", "Listen"]


class Inbox:
    """Hold what has come for one agent; whoever puts something in lets the clock's events be processed then.

    ``listening`` tells whether the agent waits for something to come, ``left`` whether it never will again.
    """

    def __init__(self) -> None:
        self.left = False
        self._messages: deque[bytes | None] = deque()
        self._awaited: simpy.Event | None = None

    @property
    def listening(self) -> bool:
        """Return whether the agent has nothing to do."""
        return self.left or (self._awaited is not None and not self._awaited.triggered)

    def put(self, message: bytes | None) -> None:
        """Bring ``message``, or the word that no more will come."""
        self._messages.append(message)
        if self._awaited is not None and not self._awaited.triggered:
            self._awaited.succeed()

    def close(self) -> None:
        """Forget what was not heard, and say that no more will come."""
        self._messages.clear()
        self.put(None)

    def leave(self) -> None:
        """Say that the agent hears no more."""
        self.left = True

    def ear(self, environment: simpy.Environment) -> simpy.Event | None:
        """Return the event that something has come, or None where it lies there already."""
        if self._messages:
            return None
        self._awaited = environment.event()
        return self._awaited

    def take(self) -> bytes | None:
        """Return what came first; None where nothing did, and no more will."""
        return self._messages.popleft() if self._messages else None


class Listen(NamedTuple):
    """Ask the bench for the next message in ``inbox``: the reply, or None when no more will come.

    No controller uses it. It is no command of a run: it takes no time, leaves no row and counts in no budget.
    """

    inbox: Inbox
