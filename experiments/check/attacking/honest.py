"""Honest clients: each asks what a laboratory's script asks, judges every answer, and notes how long it took."""

import math
import socket
import threading
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

from emulator.remote.server.door import LOOPBACK

__all__ = ["Honest", "Line"]

_PATIENCE_S: Final = 120.0  # assumed: a cold server compiles its kernels at the first light
_PAUSE_S: Final = 1e-2  # after each four questions of a client: loops of a laboratory at 100 Hz; assumed


class Line:
    """One client's socket, and what it asks."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((LOOPBACK, port), timeout=_PATIENCE_S)
        self._reader = self._socket.makefile("rb")

    def tell(self, line: str) -> None:
        """Say ``line``."""
        self._socket.sendall(f"{line}\n".encode())

    def ask(self, line: str) -> str:
        """Return the answer to ``line``; raises ``OSError`` when none comes."""
        self.tell(line)
        answer = self._reader.readline()
        if not answer.endswith(b"\n"):
            raise ConnectionResetError("the server hung up")
        return answer.decode().rstrip("\n")

    def close(self) -> None:
        """Hang up."""
        self._reader.close()
        self._socket.close()


@dataclass
class Honest:
    """One honest client in a thread of its own: ``waits_s`` of its answers, and what was wrong."""

    port: int
    waits_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._line = Line(self.port)
        self._over = threading.Event()
        self._identity = self._line.ask("*IDN?")
        values, self._outputs = map(int, self._line.ask("CHIP:SIZE?").split(","))
        self._line.tell(f"CHIP:INPut {','.join(['0.5'] * values)}")
        self._line.tell("CHIP:PHASe (@1),0.3")
        self._line.ask("*OPC?")
        self._last_s = 0.0
        self._thread = threading.Thread(target=self._work, daemon=True)

    def begin(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def end(self) -> None:
        """End, and hang up."""
        self._over.set()
        self._thread.join()
        self._line.close()

    def ask_all(self) -> None:
        """Ask everything once; raises ``OSError`` where no answer comes."""
        for question, fault in (
            ("*IDN?", self._of_name), ("SYST:TIME?", self._of_time), ("CHIP:READ?", self._of_outputs),
            ("SYST:ERR?", self._of_error),
        ):  # fmt: skip
            began_s = perf_counter()
            answer = self._line.ask(question)
            self.waits_s.append(perf_counter() - began_s)
            if wrong := fault(answer):
                self.errors.append(f"{question}: {wrong}: {answer[:60]}")

    def _work(self) -> None:
        while not self._over.wait(_PAUSE_S):
            try:
                self.ask_all()
            except (OSError, ValueError) as error:
                self.errors.append(f"{type(error).__name__}: {error}")
                return

    def _of_name(self, answer: str) -> str:
        return "" if answer == self._identity else "another name"

    def _of_time(self, answer: str) -> str:
        before_s, self._last_s = self._last_s, float(answer)
        return "" if self._last_s >= before_s else "time went back"

    def _of_outputs(self, answer: str) -> str:
        read = [float(each) for each in answer.split(",")]
        return "" if len(read) == self._outputs and all(map(math.isfinite, read)) else "wrong outputs"

    def _of_error(self, answer: str) -> str:
        return "" if answer.startswith("0,") else "an error"
