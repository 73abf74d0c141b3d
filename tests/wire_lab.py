"""A small bench on a wire: a service to talk to without a socket, and one behind a door; no test lives here."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from emulator.agents.result import RunResult
from emulator.bench import Bench
from emulator.bench_config import BudgetConfig
from emulator.clock import PacedClock
from emulator.instruments.chip.config import ChipConfig, MonitorConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Lab, Stand
from emulator.remote.control.control import CONTROL_LIMITS, Control
from emulator.remote.server.door import LOOPBACK, Door, bound
from emulator.remote.server.limits import Limits
from emulator.remote.server.pacing import Asap, Pace
from emulator.remote.server.service import Service
from emulator.remote.words.client import Client
from emulator.trace import AnyRecorder
from tests.builders import random_design
from tests.opu_lab import DESIGN, small_opu

__all__ = ["IDENTITY", "Dialogue", "Talk", "behind_a_door", "small_bench", "small_lab", "small_service"]

IDENTITY = "Lightloop,test,0,0.0"
_PATIENCE_S = 20.0


def small_lab() -> Lab:
    """Return a 6-5-3 chip whose every second device is active, a small processing unit, and a host."""
    chip = ChipConfig(monitors=MonitorConfig(fitted=True))
    return {
        "chip": Stand(chip, random_design((6, 5, 3), 0, active=range(0, 45, 2))),
        "opu": Stand(small_opu(), DESIGN),
        "host": Stand(HostConfig()),
    }


def small_bench(lab: Lab | None = None, seed: int = 0, budget: BudgetConfig | None = None) -> Bench:
    """Return a bench that a service can pace."""
    return Bench(small_lab() if lab is None else lab, seed, budget, PacedClock())


def small_service(
    pace: Pace | None = None,
    bench: Bench | None = None,
    recorder: AnyRecorder | None = None,
    limits: Limits | None = None,
    seed: int = 0,
) -> Service:
    """Return an open service of a small bench."""
    service = Service(bench or small_bench(seed=seed), IDENTITY, pace or Asap(), limits or Limits())
    service.open(recorder)
    return service


class Talk:
    """Talk to a service as a client does, without a socket."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.answers: list[bytes] = []
        client = service.welcome(self.answers.append, lambda: None)
        assert client is not None
        self.client: Client = client

    def tell(self, message: str | bytes) -> None:
        """Say ``message`` and let time pass as the pace has it."""
        self.service.deliver(self.client, message.encode() if isinstance(message, str) else message)
        self.service.pump()

    def raw(self, message: str | bytes) -> bytes:
        """Return the answer to ``message``, without its end."""
        self.tell(message)
        answer = self.answers.pop()
        assert answer.endswith(b"\n")
        return answer[:-1]

    def ask(self, message: str | bytes) -> str:
        """Return the answer to ``message`` as a text."""
        return self.raw(message).decode()

    def numbers(self, message: str) -> list[float]:
        """Return the numbers of the answer to ``message``."""
        return [float(each) for each in self.ask(message).split(",")]

    def refusal(self, message: str | bytes) -> int:
        """Return the number of the one error that ``message`` gives, and no answer."""
        self.tell(message)
        assert self.answers == []
        code = int(self.ask("SYST:ERR?").partition(",")[0])
        assert self.ask("SYST:ERR:COUN?") == "0"
        return code


class Dialogue:
    """One client on a socket, as a laboratory's script is."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((LOOPBACK, port), timeout=_PATIENCE_S)
        self.reader = self.socket.makefile("rb")

    def tell(self, message: str | bytes, end: bytes = b"\n") -> None:
        """Say ``message``."""
        self.socket.sendall((message.encode() if isinstance(message, str) else message) + end)

    def ask(self, message: str | bytes, end: bytes = b"\n") -> str:
        self.tell(message, end)
        return self.reader.readline().decode().rstrip("\n")

    def hung_up(self) -> bool:
        """Return whether nothing more will come."""
        try:
            return self.reader.read() is not None
        except ConnectionError:
            return True

    def reader_ends_empty(self) -> bool:
        """Return whether it is hung up on without a word."""
        try:
            return self.reader.read() == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        self.reader.close()
        self.socket.close()


class Hosted:
    """A door in a thread of its own, at ``port``; ``result`` is there when it has been closed."""

    def __init__(self, service: Service, limits: Limits, control: Control | None = None) -> None:
        self.service = service
        self._control, self._private = control, bound(LOOPBACK, 0)
        self.control_port: int = self._private.getsockname()[1]
        self.result: RunResult | None = None
        self.tasks_left = -1
        self._limits = limits
        self._listener = bound(LOOPBACK, 0)
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._ready, self._over = threading.Event(), asyncio.Event()
        self._dialogues: list[Dialogue] = []
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        assert self._ready.wait(_PATIENCE_S)

    def connect(self) -> Dialogue:
        self._dialogues.append(Dialogue(self.port))
        return self._dialogues[-1]

    def operate(self) -> Dialogue:
        """Connect to the control port; nothing is said yet."""
        self._dialogues.append(Dialogue(self.control_port))
        return self._dialogues[-1]

    def close(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(_PATIENCE_S)
        for dialogue in self._dialogues:
            dialogue.close()

    def _work(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        door = Door(self.service, self._limits, self._over.set)
        await door.open(self._listener)
        side = Door(self._control, CONTROL_LIMITS, self._over.set) if self._control is not None else None
        if side is not None:
            await side.open(self._private)
        self._ready.set()
        await self._over.wait()
        await door.close()
        if side is not None:
            await side.close()
        else:
            self._private.close()
        await asyncio.sleep(0)
        self.tasks_left = len(asyncio.all_tasks()) - 1
        self.result = self.service.close("")


@contextmanager
def behind_a_door(
    service: Service | None = None, limits: Limits | None = None, control: Control | None = None
) -> Iterator[Hosted]:
    """Serve a small bench behind a door, and its control behind another, while the block lasts."""
    limits = limits or Limits()
    hosted = Hosted(service or small_service(limits=limits), limits, control)
    try:
        yield hosted
    finally:
        hosted.close()
