"""A bluesky scan of one heater that reads the chip's receivers: ``python lab_bluesky.py [PORT]``.

The two devices import nothing of bluesky: they have the methods that its protocols ask for.
"""

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pyvisa


class Status:
    """Tell when something that was begun is over, and how."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._over = threading.Event()
        self._callbacks: list[Callable[[Status], None]] = []
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        threading.Thread(target=self._run, args=(work,), daemon=True).start()

    done = property(lambda self: self._over.is_set())
    success = property(lambda self: self.done and self._error is None)

    def add_callback(self, callback: Callable[["Status"], None]) -> None:
        """Have ``callback`` called when it is over, or now if it is."""
        with self._lock:
            if not self.done:
                self._callbacks.append(callback)
                return
        callback(self)

    def exception(self, timeout: float | None = 0.0) -> BaseException | None:
        """Return why it has failed, or None."""
        if not self._over.wait(timeout):
            raise TimeoutError("it is not over")
        return self._error

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  (whoever waits is told)
            self._error = error
        with self._lock:
            self._over.set()
        for callback in self._callbacks:
            callback(self)


class Bench:
    """A lent bench; its devices share one wire, which carries one question at a time."""

    def __init__(self, port: int) -> None:
        self._wire = pyvisa.ResourceManager("@py").open_resource(
            f"TCPIP::127.0.0.1::{port}::SOCKET", read_termination="\n", write_termination="\n", timeout=60_000
        )
        self._lock = threading.Lock()

    def ask(self, line: str) -> str:
        """Return the answer to ``line``."""
        with self._lock:
            return str(self._wire.query(line))


class Device:
    """What a heater and a detector have in common: both are read, and neither has anything to configure."""

    parent = None

    def __init__(self, bench: Bench, name: str, source: str, shape: tuple[int, ...]) -> None:
        self.name, self.bench = name, bench
        self._key = {
            "source": source,
            "dtype": "array" if shape else "number",
            "shape": list(shape),
            "units": "rad" if source.startswith("CHIP:PHASe") else "",
        }

    def describe(self) -> dict[str, Any]:
        """Return what a reading is."""
        return {self.name: self._key}

    def describe_configuration(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def read_configuration(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def reading(self, value: Any) -> dict[str, Any]:
        """Return ``value`` as a reading of now."""
        return {self.name: {"value": value, "timestamp": time.time()}}


class Heater(Device):
    """One channel of the chip: Movable, Readable."""

    def __init__(self, bench: Bench, channel: int) -> None:
        super().__init__(bench, f"heater_{channel}", f"CHIP:PHASe? (@{channel})", ())
        self._at = f"(@{channel})"

    def set(self, radians: float) -> Status:
        """Drive the heater; the status is over when the heat has settled."""
        return Status(lambda: self.bench.ask(f"CHIP:PHASe {self._at},{float(radians)!r};*OPC?"))

    def read(self) -> dict[str, Any]:
        """Return the phase to which the heater is driven, in radians."""
        return self.reading(float(self.bench.ask(f"CHIP:PHASe? {self._at}")))


class Detector(Device):
    """The receivers: Triggerable, Readable. A trigger is one query."""

    def __init__(self, bench: Bench) -> None:
        values, outputs = map(int, bench.ask("CHIP:SIZE?").split(","))
        super().__init__(bench, "outputs", "CHIP:READ?", (outputs,))
        bench.ask(f"CHIP:INPut {','.join(['0.5'] * values)};*OPC?")

    def trigger(self) -> Status:
        """Send the light."""
        return Status(lambda: self.bench.ask("CHIP:READ;*OPC?"))

    def read(self) -> dict[str, Any]:
        """Return what the receivers read, in activation units."""
        return self.reading([float(each) for each in self.bench.ask("CHIP:READ:OUTPuts?").split(",")])


def main(port: int) -> None:
    """Scan heater 1 over a turn, and print what is read."""
    from bluesky import RunEngine
    from bluesky.plans import scan

    def show(name: str, document: Any) -> None:
        if name == "event":
            print(*(f"{key}={value}" for key, value in document["data"].items()))
        elif name == "stop":
            print(f"{document['exit_status']}: {document['num_events']} readings")

    bench = Bench(port)
    RunEngine()(scan([Detector(bench)], Heater(bench, 1), 0.0, 6.0, 7), show)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5025)
