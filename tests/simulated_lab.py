"""Instruments whose dialogue pyvisa-sim holds: a wire to one, and one that listens on loopback; no test is here."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyvisa
from pyvisa.errors import VisaIOError

from emulator.remote.client.wire import SilentError

__all__ = ["SimulatedWire", "on_loopback"]

SCRIPT = Path(__file__).with_suffix(".yaml")


class SimulatedWire:
    """Carry lines to the instrument ``name`` of simulated_lab.yaml, which begins anew."""

    def __init__(self, name: str) -> None:
        self.sent: list[bytes] = []
        self._manager = pyvisa.ResourceManager(f"{SCRIPT}@sim")
        self._instrument: Any = self._manager.open_resource(f"TCPIP0::{name}::5025::SOCKET", timeout=200)

    def send(self, lines: Sequence[bytes]) -> None:
        for line in lines:
            self.sent.append(line)
            self._instrument.write_raw(line + b"\n")

    def receive(self) -> bytes:
        try:
            answer: bytes = self._instrument.read_raw()
        except VisaIOError as error:
            raise SilentError(str(error)) from error
        return answer.rstrip(b"\n")

    def close(self) -> None:
        self._instrument.close()
        self._manager.close()


@contextmanager
def on_loopback(name: str) -> Iterator[int]:
    """Let one client talk to the instrument ``name`` at the port that is yielded, while the block lasts."""
    wire = SimulatedWire(name)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, wire), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(20.0)
    wire.close()


def _serve(listener: socket.socket, wire: SimulatedWire) -> None:
    client, _ = listener.accept()
    with client, client.makefile("rb") as lines:
        for line in lines:
            wire.send([line.rstrip(b"\r\n")])
            if b"?" in line:
                client.sendall(wire.receive() + b"\n")
