"""Addresses, and what a socket does when nobody is there, or says nothing."""

import socket

import pytest

from emulator.errors import ConfigError, WireError
from emulator.remote.client.dialect import WireConfig
from emulator.remote.client.wire import Address, SilentError, SocketWire, address_of

HASTY = WireConfig(connect_s=0.05)


def test_an_address_is_host_and_port() -> None:
    assert address_of("tcp://127.0.0.1:5025") == Address("127.0.0.1", 5025)
    assert str(address_of("tcp://[::1]:5025")) == "tcp://[::1]:5025"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("127.0.0.1:5025", "scheme"),
        ("http://127.0.0.1:80", "'http' is unknown"),
        ("tcp://127.0.0.1", "lacks a port"),
        ("tcp://:5025", "lacks a host"),
        ("tcp://127.0.0.1:99999", "range"),
        ("tcp://127.0.0.1:5025/chip", "more to it"),
        ("tcp://[::1:5025", "refused"),
    ],
)
def test_another_url_is_refused_with_what_is_allowed(url: str, why: str) -> None:
    with pytest.raises(ConfigError, match=rf"{why}.*allowed: tcp://HOST:PORT"):
        address_of(url)


def test_nobody_to_talk_to_silence_and_hanging_up_are_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = Address("127.0.0.1", server.getsockname()[1])
        wire = SocketWire(address, HASTY)
        with pytest.raises(SilentError, match=r"no answer for 0\.05 s"):
            wire.receive()
        other, _ = server.accept()
        other.sendall(b"1;#13a\nb\r\n2")
        assert wire.receive() == b"1;#13a\nb"
        other.close()
        with pytest.raises(WireError, match=r"hung up|gone"):
            wire.receive()
        wire.close()
    with pytest.raises(WireError, match="nobody to talk to there"):
        SocketWire(address, HASTY)
