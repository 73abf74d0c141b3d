"""A control port's side of a bench that is served: operators behind a token, who are agents as clients are."""

import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from emulator.agents.result import RunStatus
from emulator.errors import ConfigError
from emulator.remote.control.states import Saved
from emulator.remote.control.words import TOKEN, control_entries
from emulator.remote.scpi.blocks import Format
from emulator.remote.scpi.faults import ScpiError, UnwelcomeError
from emulator.remote.scpi.messages import units_of
from emulator.remote.scpi.values import Reading, said_by
from emulator.remote.server.limits import Limits
from emulator.remote.server.service import Service
from emulator.remote.words.client import Client
from emulator.remote.words.ieee import ieee_entries
from emulator.remote.words.system import system_entries
from emulator.remote.words.table import Table

__all__ = ["CONTROL_LIMITS", "Control"]

CONTROL_LIMITS: Final = replace(
    Limits(), clients=4, line_bytes=4096, block_bytes=4096, held_bytes=64 * 1024, messages=16, idle_s=600.0
)
"""What a control port bears: a few scripts that say short lines."""


def _no_faults(text: str) -> str:
    del text
    raise ConfigError("faults are not to be had here; allowed: hidden states")


def _unwelcome() -> UnwelcomeError:
    return UnwelcomeError(-203, "a token comes first")


class Control:
    """Serve operators of ``service``'s bench: whoever says ``token`` first; anybody else is hung up on.

    ``start_fault`` starts the agent that a text describes, and returns its name in the trace.
    """

    def __init__(
        self,
        service: Service,
        token: str,
        limits: Limits = CONTROL_LIMITS,
        start_fault: Callable[[str], str] = _no_faults,
    ) -> None:
        self.kinds = service.kinds
        self.identity = service.identity
        self.saved: dict[str, Saved] = {}
        self.start_fault = start_fault
        self._service = service
        self._token = token.encode()
        self._limits = limits
        self._welcome: set[str] = set()
        self.table = Table((*ieee_entries(), *system_entries(), *control_entries(self)))

    # ------------------------------------------------------------------ what operators look up

    @property
    def pace(self) -> str:
        """Return the name of the pace."""
        return self._service.pace

    @property
    def now_ps(self) -> int:
        """Return the emulated time, in picoseconds."""
        return self._service.now_ps

    @property
    def energy_j(self) -> float:
        """Return what the bench has drawn, in joules."""
        return self._service.energy_j

    @property
    def overruns(self) -> int:
        """Return how many instants came late by the wall clock."""
        return self._service.overruns

    def instrument(self, name: str) -> Any:
        """Return the instrument of the kind ``name``, its physics up to date."""
        return self._service.instrument(name)

    # ------------------------------------------------------------------ what a door asks

    @property
    def over(self) -> tuple[RunStatus, str] | None:
        """Return how the run has ended by itself, or None."""
        return self._service.over

    def pump(self) -> float | None:
        """Process what is due; return after how many seconds something will be."""
        return self._service.pump()

    def welcome(self, send: Callable[[bytes], None], rested: Callable[[], None]) -> Client | None:
        """Return somebody who may say the token, or None where too many are here."""
        return self._service.welcome(send, rested, "operator", self, self._limits)

    def farewell(self, client: Client) -> None:
        """Let ``client`` go; who comes under its name has to say the token again."""
        self._welcome.discard(client.name)
        self._service.farewell(client)

    def deliver(self, client: Client, message: bytes) -> None:
        """Bring ``message`` to ``client``; raises ``UnwelcomeError`` before it has said the token."""
        if client.name in self._welcome:
            self._service.deliver(client, message)
        elif self._holds_token(message):
            self._welcome.add(client.name)
        else:
            raise _unwelcome()

    def refuse(self, client: Client, error: ScpiError) -> None:
        """Put ``error`` into the queue of ``client``; raises ``UnwelcomeError`` before it has said the token."""
        if client.name not in self._welcome:
            raise _unwelcome()
        self._service.refuse(client, error)

    def stepped(self, client: Client, message: bytes) -> bool:
        """Return whether ``message`` lets time pass by a step, as a client's would."""
        return client.name in self._welcome and self._service.stepped(client, message)

    def _holds_token(self, message: bytes) -> bool:
        """Return whether ``message`` is the token and nothing else; it takes as long for any that is not."""
        try:
            units = list(units_of(message))
            entry = self.table.find(units[0]) if len(units) == 1 else None
            if entry is None or entry.words != TOKEN:
                return False
            said = str(said_by(units[0].data, entry.takes, Reading(Format()))["token"])
        except ScpiError:
            return False
        return hmac.compare_digest(said.encode("utf-8", "replace"), self._token)
