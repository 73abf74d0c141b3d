"""Hostile clients: each manner of attack is a coroutine on one connection, seeded, bounded in time and count.

They reach loopback alone, in a process of their own, and stop by themselves.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from emulator.remote.server.door import LOOPBACK
from emulator.streams import stream

__all__ = ["MANNERS", "Load", "attack"]

_TAKEN: Final = 1 << 16  # bytes that an attacker who reads takes at once
_PAUSE_S: Final = 1.0  # how long one waits who was hung up on, before it comes again; assumed
_MOST_ROUNDS: Final = 1_000_000  # of one attacker; time ends it before
_LINES: Final = (
    b"*IDN?", b"SYST:TIME?", b"CHIP:READ?", b"CHIP:PHAS (@1:5),0.3", b"*OPC?", b"SYST:HELP:HEAD?", b"CHIP:PHAS?",
    b"NO:SUCH:THING 3", b"SYST:ERR:ALL?",
)  # fmt: skip


@dataclass(frozen=True)
class Load:
    """Say how hard the attack is; all numbers are assumed, those of the issue where it names any."""

    connections: int = 1000
    """Connections opened; those that the server hangs up on come again."""
    talkers: int = 24
    """Attackers of them who do more than connect, as many of each manner as fit."""
    long_line_bytes: int = 1_000_000
    """Bytes of a line of those that are too long."""
    garbage_bytes: int = 4096
    """Random bytes sent at once."""
    flood_lines: int = 64
    """Commands sent at once."""
    block_bytes: int = 15_000_000
    """Bytes of a block that never ends."""


class Wire:
    """One connection of an attacker, without buffers: it counts the bytes that the server took."""

    def __init__(self, port: int, rng: np.random.Generator, load: Load) -> None:
        self.rng = rng
        self.load = load
        self.sent = 0
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None

    async def connect(self) -> None:
        """Connect anew."""
        self.close()
        self._socket = socket.socket()
        self._socket.setblocking(False)
        await self._loop.sock_connect(self._socket, (LOOPBACK, self._port))

    async def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        assert self._socket is not None  # noqa: S101  (it is connected)
        await self._loop.sock_sendall(self._socket, data)
        self.sent += len(data)

    async def take(self) -> None:
        """Read and forget what comes until the server hangs up; raises ``ConnectionError`` then."""
        assert self._socket is not None  # noqa: S101  (it is connected)
        while await self._loop.sock_recv(self._socket, _TAKEN):
            pass
        raise ConnectionResetError

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


Manner = Callable[[Wire], Awaitable[None]]


async def _again(wire: Wire, data: Callable[[], bytes]) -> None:
    for _ in range(_MOST_ROUNDS):
        await wire.send(data())


async def _commands(wire: Wire) -> None:
    """Send commands without end, and read the answers."""

    def lines() -> bytes:
        return (
            b"\n".join(_LINES[n] for n in wire.rng.integers(len(_LINES), size=wire.load.flood_lines)) + b"\n"
        )

    await _both(_again(wire, lines), wire.take())


async def _garbage(wire: Wire) -> None:
    """Send random bytes."""
    await _both(_again(wire, lambda: wire.rng.bytes(wire.load.garbage_bytes)), wire.take())


async def _long_lines(wire: Wire) -> None:
    """Send lines of a megabyte, of letters or of quotes."""
    letter = b"x" if wire.rng.random() < 0.5 else b"'"
    line = letter * wire.load.long_line_bytes + b"\n"
    await _both(_again(wire, lambda: line), wire.take())


async def _numbers(wire: Wire) -> None:
    """Send lists of numbers and of channels as long as a line may be."""
    lines = b"CHIP:INP " + b",".join([b"0.5"] * 16_000) + b"\nCHIP:PHAS (@1:130000),1\n"
    await _both(_again(wire, lambda: lines), wire.take())


async def _halves(wire: Wire) -> None:
    """Send half a command, and nothing more."""
    await wire.send(b"CHIP:PHAS (@1,")
    await wire.take()


async def _half_blocks(wire: Wire) -> None:
    """Announce a block, send all but its end, and nothing more."""
    await wire.send(b"CHIP:INP #8%08d" % wire.load.block_bytes)
    for _ in range(wire.load.block_bytes // _TAKEN):
        await wire.send(bytes(_TAKEN))
    await wire.take()


async def _deaf(wire: Wire) -> None:
    """Ask for the longest answers, as many on a line as fit, and read none."""
    line = b";".join([b":SYST:HELP:HEAD?"] * 64) + b"\n"
    await _again(wire, lambda: line)


async def _silent(wire: Wire) -> None:
    """Connect, and say nothing."""
    await wire.take()


MANNERS: Final[dict[str, Manner]] = {
    "floods of commands": _commands, "random bytes": _garbage, "lines of 1 MB": _long_lines,
    "lists as long as a line": _numbers, "half commands": _halves, "half blocks": _half_blocks,
    "readers that never read": _deaf, "connections": _silent,
}  # fmt: skip
"""What attackers do, by what a table calls it."""


async def _both(*awaitables: Awaitable[None]) -> None:
    tasks = [asyncio.ensure_future(each) for each in awaitables]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def attack(port: int, seconds: float, load: Load, seed: int) -> dict[str, tuple[int, int]]:
    """Attack the server at ``port`` for ``seconds``; return connections and bytes sent, by manner."""
    return asyncio.run(_attack(port, seconds, load, seed))


async def _attack(port: int, seconds: float, load: Load, seed: int) -> dict[str, tuple[int, int]]:
    connections: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    names = [name for name in MANNERS if MANNERS[name] is not _silent]

    async def one(number: int) -> None:
        name = names[number % len(names)] if number < load.talkers else "connections"
        wire = Wire(port, stream(seed, f"check/attack/{number}"), load)
        try:
            for _ in range(_MOST_ROUNDS):
                try:
                    await wire.connect()
                    connections[name] += 1
                    await MANNERS[name](wire)
                except OSError:  # hung up on, or refused: it comes again
                    await asyncio.sleep(_PAUSE_S)
        finally:
            sent[name] += wire.sent
            wire.close()

    tasks = [asyncio.ensure_future(one(number)) for number in range(load.connections)]
    await asyncio.wait(tasks, timeout=seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {name: (connections[name], sent[name]) for name in MANNERS}
