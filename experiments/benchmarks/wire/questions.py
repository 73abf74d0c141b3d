"""``lightloop bench wire``: questions to a served bench, over a bare asyncio echo, over loopback and in turn."""

import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from emulator.processes import child_environment, module_command
from emulator.remote.server.door import LOOPBACK
from experiments.benchmarks.timing import Cost, Sample, Stopwatch, Workload, interleave, ratio
from experiments.benchmarks.wire import echo
from experiments.check.attacking.attacked import served
from experiments.output.tables import Column, table_of
from experiments.output.terminal import to_text

__all__ = ["WireEffort", "measure_wire"]

_ECHO: Final = "asyncio echo, protocol"
_STREAMS: Final = "asyncio echo, streams"
_TIME: Final = "SYSTem:TIME?"
_PHASE: Final = "CHIP:PHASe? (@1)"
_READ: Final = "CHIP:READ?"
_NAMES: Final = {_STREAMS: "streams", _TIME: "time", _PHASE: "phase", _READ: "read"}
_MOST: Final = 3.0
_PATIENCE_S: Final = 120.0


@dataclass(frozen=True)
class WireEffort:
    """Say how often each is asked."""

    rounds: int = 25
    questions: int = 400


class _End(NamedTuple):
    """Say where a server listens, and which process it is."""

    port: int
    process: int


def _cpu_s(process: int) -> float:
    """Return the CPU time of a ``process`` of one thread, to the nanosecond (Linux: /proc)."""
    return int(Path(f"/proc/{process}/schedstat").read_text(encoding="ascii").split()[0]) * 1e-9


class _Asker:
    """One client with one question, which is asked as scripts do: the next when the answer is there."""

    def __init__(self, end: _End, question: str, first: str = "") -> None:
        self._process = end.process
        self._socket = socket.create_connection((LOOPBACK, end.port), timeout=_PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")
        self._question = f"{question}\n".encode()
        if first:
            self._socket.sendall(f"{first}\n".encode())
            self._answers.readline()

    def ask(self, questions: int) -> Cost:
        """Return what each of so many questions took of both ends together, in CPU time, and in wall time."""
        watch, theirs_s = Stopwatch(), _cpu_s(self._process)
        with watch:
            for _ in range(questions):
                self._socket.sendall(self._question)
                self._answers.readline()
        watch.cpu_s += _cpu_s(self._process) - theirs_s
        return watch.per(questions)

    def close(self) -> None:
        self._answers.close()
        self._socket.close()


def measure_wire(effort: WireEffort | None = None) -> dict[str, float]:
    """Ask an echo and a served bench in turn, print a table to stdout, and return the results by name."""
    effort = effort or WireEffort()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        barest, streams = stack.enter_context(_echoes())
        bench = stack.enter_context(served(Path(folder) / "asked.h5", 0))
        end = _End(bench.port, bench.process.pid)
        askers = {
            _ECHO: _Asker(barest, _TIME),
            _STREAMS: _Asker(streams, _TIME),
            _TIME: _Asker(end, _TIME),
            _PHASE: _Asker(end, _PHASE),
            _READ: _Asker(end, _READ, _one_sample(bench.port)),
        }
        for asker in askers.values():
            stack.callback(asker.close)
        workloads: dict[str, Workload] = {
            name: partial(asker.ask, effort.questions) for name, asker in askers.items()
        }
        samples = interleave(workloads, effort.rounds)
    return _told(samples, effort)


def _told(samples: dict[str, Sample], effort: WireEffort) -> dict[str, float]:
    """Print the table, and return its numbers."""
    found = {name: ratio(sample, samples[_ECHO]) for name, sample in samples.items()}
    rows = [
        (
            name, samples[name].cpu_s, one.value, f"{one.low:.2f} to {one.high:.2f}", samples[name].wall_s, one.wall
        )
        for name, one in found.items()
    ]  # fmt: skip
    columns = (
        Column("asked"), Column("CPU (us)", 1, 1e6), Column("over the echo", 2), Column("quartiles", words=True),
        Column("wall (us)", 1, 1e6), Column("over the echo, wall", 2),
    )  # fmt: skip
    notes = (
        f"{effort.rounds} rounds of {effort.questions:,} questions each, each end a process; CPU of both; "
        "a reading is one of vowels, two layers, one sample, recorded in the trace",
        f"target: a question that looks something up takes at most {_MOST:g} times the barest echo",
    )
    print(to_text(table_of("A question over loopback", columns, rows, notes)))
    ratios = {f"wire.{key}_over_echo": found[name].value for name, key in _NAMES.items()}
    walls = {f"wire.{key}_over_echo_wall": found[name].wall for name, key in _NAMES.items()}
    return {"wire.echo_s": samples[_ECHO].wall_s, "wire.echo_cpu_s": samples[_ECHO].cpu_s} | ratios | walls


def _one_sample(port: int) -> str:
    """Return the line that puts one sample on the inputs of the bench at ``port``, and is answered."""
    with (
        socket.create_connection((LOOPBACK, port), timeout=_PATIENCE_S) as line,
        line.makefile("rb") as answers,
    ):
        line.sendall(b"CHIP:SIZE?\n")
        values = int(answers.readline().split(b",")[0])
    return f"CHIP:INPut {','.join(['0.5'] * values)};*OPC?"


@contextmanager
def _echoes() -> Iterator[tuple[_End, _End]]:
    """Run the echoes in a process of their own; return where they listen."""
    process = subprocess.Popen(
        module_command(echo.__name__), env=child_environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None  # noqa: S101  (it is a pipe)
        barest, streams = (_End(int(port), process.pid) for port in process.stdout.readline().split())
        yield barest, streams
    finally:
        process.kill()
        process.communicate()
