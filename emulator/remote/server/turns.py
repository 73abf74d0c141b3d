"""Whose turn it is: messages of many clients are carried out one by one, and who has used least goes first.

A client that floods the server is served with what time is left; one that asks a question now and then waits for no
more than the message that is being carried out.
"""

import asyncio
import math
from typing import Protocol

__all__ = ["Share", "Turns"]


class Turn(Protocol):
    """Somebody who has messages to be carried out."""

    share: "Share"

    def take_turn(self) -> bool:
        """Carry out one message; return whether there is another."""


class Share:
    """Hold how much of the server's time somebody has used lately, forgotten with the constant ``memory_s``."""

    def __init__(self, memory_s: float) -> None:
        self._memory_s = memory_s
        self._used_s = 0.0
        self._at_s = 0.0

    def at(self, now_s: float) -> float:
        """Return what it has used lately, in seconds."""
        return self._used_s * math.exp((self._at_s - now_s) / self._memory_s)

    def use(self, began_s: float, now_s: float) -> None:
        """Take notice that it was served from ``began_s`` to ``now_s``."""
        self._used_s = self.at(now_s) + now_s - began_s
        self._at_s = now_s


class Turns:
    """Give turns to who asks, for ``turn_s`` of the wall clock between two readings of the sockets."""

    def __init__(self, loop: asyncio.AbstractEventLoop, turn_s: float) -> None:
        self._loop = loop
        self._turn_s = turn_s
        self._waiting: dict[Turn, None] = {}
        self._soon: asyncio.Handle | None = None

    def ask(self, who: Turn) -> None:
        """Let ``who`` have a turn soon; to ask twice is to ask once."""
        self._waiting[who] = None
        if self._soon is None:
            self._soon = self._loop.call_soon(self._go_round)

    def forget(self, who: Turn) -> None:
        """Give ``who`` no turn."""
        self._waiting.pop(who, None)

    def close(self) -> None:
        """Give nobody a turn any more."""
        self._waiting.clear()
        if self._soon is not None:
            self._soon.cancel()

    def _go_round(self) -> None:
        try:
            self._serve(self._loop.time())
        finally:
            self._soon = self._loop.call_soon(self._go_round) if self._waiting else None

    def _serve(self, began_s: float) -> None:
        now_s = began_s
        for who in sorted(self._waiting, key=lambda each: each.share.at(began_s)):
            if who not in self._waiting:  # it has left in another's turn
                continue
            del self._waiting[who]
            turned_s = now_s
            if who.take_turn():
                self._waiting[who] = None
            now_s = self._loop.time()
            who.share.use(turned_s, now_s)
            if now_s - began_s > self._turn_s:
                return
