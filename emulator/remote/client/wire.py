"""The wire to an instrument: messages out, lines in, and nothing of what they mean."""

import socket
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from emulator.errors import ConfigError, WireError
from emulator.remote.client.dialect import WireConfig
from emulator.remote.scpi.faults import ScpiError
from emulator.remote.scpi.framing import Framer

__all__ = ["Address", "SilentError", "SocketWire", "Wire", "address_of"]

_SCHEME: Final = "tcp"
_CHUNK: Final = 1 << 16
_END: Final = b"\n"


class SilentError(WireError):
    """An instrument has said nothing for as long as it may."""


class Address(NamedTuple):
    """Say where an instrument listens."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{_SCHEME}://{host}:{self.port}"


def address_of(url: str) -> Address:
    """Return the address in ``url``, ``tcp://host:port``; raises ``ConfigError`` for any other."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _no_address(url, str(error)) from error
    if parts.scheme != _SCHEME:
        raise _no_address(
            url, f"the scheme {parts.scheme[:20]!r} is unknown" if parts.scheme else "it has no scheme"
        )
    if not host or not port:
        raise _no_address(url, "it lacks a port" if host else "it lacks a host")
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        raise _no_address(url, "there is more to it than host and port")
    return Address(host, port)


def _no_address(url: str, why: str) -> ConfigError:
    return ConfigError(
        f"bench {url[:80]!r} is refused: {why}; allowed: tcp://HOST:PORT, such as tcp://127.0.0.1:5025"
    )


class Wire(Protocol):
    """What carries lines to an instrument and back."""

    def send(self, lines: Sequence[bytes]) -> None:
        """Send ``lines``, each with an end, in one go; raises ``WireError`` where nobody takes them."""

    def receive(self) -> bytes:
        """Return the next line, without its end; raises ``SilentError`` where none comes in time."""

    def close(self) -> None:
        """Hang up."""


class SocketWire:
    """A TCP connection to ``address``; raises ``WireError`` where nobody listens there."""

    def __init__(self, address: Address, config: WireConfig) -> None:
        self._address = address
        self._patience_s = config.connect_s
        self._framer = Framer(config.line_bytes, config.block_bytes)
        try:
            self._socket = socket.create_connection(address, timeout=config.connect_s)
        except OSError as error:
            raise WireError(f"{address}: nobody to talk to there ({error}); is the instrument on?") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def wait_for(self, seconds: float) -> None:
        """Let ``receive`` wait for so long from now on."""
        self._patience_s = seconds
        self._socket.settimeout(seconds)

    def send(self, lines: Sequence[bytes]) -> None:
        """Send ``lines``."""
        try:
            self._socket.sendall(b"".join(line + _END for line in lines))
        except OSError as error:
            raise WireError(f"{self._address}: the instrument has gone ({error})") from error

    def receive(self) -> bytes:
        """Return the next line."""
        try:
            while (line := self._framer.take()) is None:
                data = self._socket.recv(_CHUNK)
                if not data:
                    raise WireError(f"{self._address}: the instrument has hung up")
                self._framer.push(data)
        except TimeoutError as error:
            raise SilentError(f"{self._address}: no answer for {self._patience_s:g} s") from error
        except OSError as error:
            raise WireError(f"{self._address}: the instrument has gone ({error})") from error
        except ScpiError as error:
            raise WireError(f"{self._address}: the answer is refused: {error}") from error
        return line

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
