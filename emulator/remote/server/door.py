"""The door: sockets on one side, a service on the other; lines come in, and answers go out."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from emulator.agents.result import RunStatus
from emulator.errors import ConfigError
from emulator.remote.scpi.faults import ScpiError, UnwelcomeError
from emulator.remote.scpi.framing import Framer, UnreadableError
from emulator.remote.server.limits import Limits
from emulator.remote.server.turns import Share, Turns
from emulator.remote.words.client import Client

__all__ = ["LOOPBACK", "Door", "Host", "bound"]

LOOPBACK: Final = "127.0.0.1"
_SWEEPS: Final = 10  # times that the door looks for silent clients before one is silent for too long
_BACKLOG: Final = 128  # connections that may wait to be accepted
_ACCEPTED: Final = 4  # connections that are accepted before others have their turn; assumed


def bound(host: str, port: int) -> socket.socket:
    """Return a socket at ``port`` (0: any) that nobody reaches yet; raises ``ConfigError`` where none can be."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise _not_there(host, port, error) from error
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as error:
        found.close()
        raise _not_there(host, port, error) from error
    return found


def _not_there(host: str, port: int, error: Exception) -> ConfigError:
    return ConfigError(f"{host}:{port} cannot be listened at ({error}); allowed: a free port, 0 for any")


class Host(Protocol):
    """What a door asks of whom it opens to: a service, or the control of one."""

    @property
    def over(self) -> tuple[RunStatus, str] | None:
        """Return how the run has ended by itself, or None."""

    def pump(self) -> float | None:
        """Process what is due; return after how many seconds something will be."""

    def welcome(self, send: Callable[[bytes], None], rested: Callable[[], None]) -> Client | None:
        """Return a new client, or None where the house is full."""

    def farewell(self, client: Client) -> None:
        """Let ``client`` go."""

    def deliver(self, client: Client, message: bytes) -> None:
        """Bring ``message`` to ``client``; raises ``UnwelcomeError`` to be rid of it."""

    def refuse(self, client: Client, error: ScpiError) -> None:
        """Tell ``client`` of what came that was no message; raises ``UnwelcomeError`` to be rid of it."""

    def stepped(self, client: Client, message: bytes) -> bool:
        """Return whether ``message`` lets time pass by a step, which is then allowed."""


class Door:
    """Listen at a socket, and serve whoever comes; ``ended`` is called when the run is over."""

    def __init__(self, service: Host, limits: Limits, ended: Callable[[], None]) -> None:
        self.service = service
        self.limits = limits
        self.lines: set[Line] = set()
        self._ended = ended
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._turns: Turns | None = None

    async def open(self, listener: socket.socket) -> None:
        """Begin to listen at ``listener``, which is bound."""
        loop = self._loop = asyncio.get_running_loop()
        turns = self._turns = Turns(loop, self.limits.turn_s)
        self._server = await loop.create_server(
            lambda: Line(self, loop, turns), sock=listener, backlog=_ACCEPTED
        )
        # asyncio accepts as many at once as may wait, and nobody is answered meanwhile: more may wait than that.
        listener.listen(_BACKLOG)
        self.pump()
        self._sweep()

    async def close(self) -> None:
        """Hang up on everybody; answers that were given are still sent."""
        for timer in (self._timer, self._sweeper):
            if timer is not None:
                timer.cancel()
        if self._server is not None:
            self._server.close()
        if self._turns is not None:
            self._turns.close()
        for line in list(self.lines):
            line.hang_up()
        if self._server is not None:
            await self._server.wait_closed()

    def pump(self) -> None:
        """Let the service process what is due, and come again when it says."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waits_s = self.service.pump()
        if self.service.over is not None:
            self._ended()
        elif waits_s is not None and self._loop is not None:
            again = self._loop.call_soon if waits_s <= 0.0 else None
            self._timer = again(self.pump) if again else self._loop.call_later(waits_s, self.pump)

    def check_held(self) -> None:
        """Hang up on who holds most where all together hold too much."""
        while sum(line.held for line in self.lines) > self.limits.held_bytes:
            max(self.lines, key=lambda line: line.held).drop()

    def _sweep(self) -> None:
        """Hang up on who has said nothing for too long, and has nothing to wait for."""
        assert self._loop is not None  # noqa: S101  (it is open)
        now_s = self._loop.time()
        for line in list(self.lines):
            if line.idle and now_s - line.heard_s > self.limits.idle_s:
                line.hang_up()
        self._sweeper = self._loop.call_later(self.limits.idle_s / _SWEEPS, self._sweep)


class Line(asyncio.Protocol):
    """One connection: it cuts what comes into messages, has them carried out one by one, and sends the answers."""

    def __init__(self, door: Door, loop: asyncio.AbstractEventLoop, turns: Turns) -> None:
        self.heard_s = loop.time()
        self.share = Share(door.limits.memory_s)
        self._door = door
        self._loop = loop
        self._turns = turns
        self._framer = Framer(door.limits.line_bytes, door.limits.block_bytes)
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._client: Client | None = None
        self._transport: asyncio.Transport | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._reads = True
        self._was_busy = False

    @property
    def idle(self) -> bool:
        """Return whether nothing that came has yet to be carried out or read."""
        return not self._waiting and self._stall is None and not self._was_busy

    @property
    def held(self) -> int:
        """Return how many bytes came that were not carried out."""
        return self._framer.held + self._waiting_bytes

    # ------------------------------------------------------------------------ what asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Become a client of the bench, or be hung up on where the house is full."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  (a server of streams)
        self._transport = transport
        self._client = self._door.service.welcome(self._send, self._rested)
        if self._client is None:
            transport.abort()
            return
        transport.set_write_buffer_limits(high=self._door.limits.unread_bytes)
        self._door.lines.add(self)

    def data_received(self, data: bytes) -> None:
        """Take what has come; it is carried out when it is its turn."""
        if self._client is None:
            return
        self.heard_s = self._loop.time()
        self._framer.push(data)
        self._turns.ask(self)
        self._door.check_held()

    def pause_writing(self) -> None:
        """Stop: too much is unread."""
        self._stall = self._loop.call_later(self._door.limits.stalled_s, self.drop)

    def resume_writing(self) -> None:
        """Go on: enough has been read."""
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        self._turns.ask(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Leave the bench; what is under way is finished, and its answer is nobody's."""
        self._leave()

    # ------------------------------------------------------------------------------- what it does

    def hang_up(self) -> None:
        """End the connection; what was answered is still sent, unless it is not read at all."""
        if self._stall is not None:
            self.drop()
        elif self._transport is not None:
            self._transport.close()

    def drop(self) -> None:
        """End the connection at once."""
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    def take_turn(self) -> bool:
        """Carry out one message; return whether there may be another whose turn it is."""
        client = self._client
        if client is None:
            return False
        self._collect(client)
        if self._stall is not None or len(self._waiting) >= self._door.limits.messages:
            self._let_read(False)
        elif not self._waiting:
            self._let_read(True)
        return bool(self._waiting) and self._stall is None and self._carry_out(client)

    def _leave(self) -> None:
        self._door.lines.discard(self)
        self._turns.forget(self)
        self._waiting.clear()
        self._framer.forget()
        self._waiting_bytes = 0
        if self._stall is not None:
            self._stall.cancel()
        client, self._client = self._client, None
        if client is not None:
            self._door.service.farewell(client)
            self._door.pump()

    def _send(self, answer: bytes) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.write(answer)

    def _rested(self) -> None:
        if self._was_busy:
            self._was_busy = False
            self._turns.ask(self)

    def _collect(self, client: Client) -> None:
        """Cut as many messages as may wait."""
        while len(self._waiting) < self._door.limits.messages:
            try:
                message = self._framer.take()
            except UnreadableError as error:
                client.refuse(error)
                self.hang_up()
                return
            except ScpiError as error:
                if not self._refused(client, error):
                    return
                continue
            if message is None:
                return
            if message.strip():
                self._waiting.append(message)
                self._waiting_bytes += len(message)

    def _refused(self, client: Client, error: ScpiError) -> bool:
        """Tell ``client`` of ``error``; return whether it may go on."""
        try:
            self._door.service.refuse(client, error)
        except UnwelcomeError:
            self.drop()
            return False
        return True

    def _carry_out(self, client: Client) -> bool:
        """Carry out the next message; return whether there was one whose turn it is.

        While the client waits for an answer, it is the turn of steps of time alone: they let the answer come.
        """
        service, door = self._door.service, self._door
        if self._was_busy:
            step = next((each for each in self._waiting if service.stepped(client, each)), None)
            if step is None:
                return False
            self._waiting.remove(step)
            self._waiting_bytes -= len(step)
            door.pump()
            return True
        message = self._waiting.popleft()
        self._waiting_bytes -= len(message)
        if not service.stepped(client, message):
            try:
                service.deliver(client, message)
            except UnwelcomeError:
                self.drop()
                return False
        door.pump()
        self._was_busy = not client.inbox.listening
        return True

    def _let_read(self, reads: bool) -> None:
        transport = self._transport
        if transport is None or transport.is_closing() or reads == self._reads:
            return
        self._reads = reads
        if reads:
            transport.resume_reading()
        else:
            transport.pause_reading()
