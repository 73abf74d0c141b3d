"""A served bench in a process of its own, seen from outside: its memory, descriptors and threads, and its end."""

import contextlib
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from emulator.errors import TaskError
from emulator.processes import child_environment, module_command
from emulator.remote.server.limits import Limits
from experiments.check.attacking.honest import Line

__all__ = ["Attacked", "Vitals", "served"]

_STUDY: Final = "vowel_recovery"
_END_S: Final = 120.0
_LEAVE_S: Final = 0.5  # assumed: clients that hung up are gone by then
_MB: Final = 1e6
_KIB: Final = 1024


class Vitals(NamedTuple):
    """What a process holds: memory now and at most, in MB, descriptors and threads."""

    memory_mb: float
    peak_mb: float
    descriptors: int
    threads: int


@dataclass
class Attacked:
    """Hold the server's ``process`` and ``port``, and where its trace will be."""

    process: "subprocess.Popen[str]"
    port: int
    out: Path

    def vitals(self) -> Vitals:
        """Return what the process holds now (Linux: /proc)."""
        place = Path(f"/proc/{self.process.pid}")
        status = dict(
            line.split(":", 1) for line in (place / "status").read_text().splitlines() if ":" in line
        )
        now_mb, peak_mb = (int(status[key].split()[0]) * _KIB / _MB for key in ("VmRSS", "VmHWM"))
        return Vitals(
            now_mb, peak_mb, len(list((place / "fd").iterdir())), len(list((place / "task").iterdir()))
        )

    def room(self) -> int:
        """Return how many new clients are answered at the same time: all, where no attacker's place is lost."""
        lines: list[Line] = []
        with contextlib.suppress(OSError):
            while len(lines) < Limits().clients:
                lines.append(Line(self.port))
                lines[-1].ask("*IDN?")
        answered = len(lines) if len(lines) == Limits().clients else len(lines) - 1
        for line in lines:
            line.close()
        time.sleep(_LEAVE_S)
        return answered

    def end(self) -> str:
        """End the server by SIGTERM and return what is wrong with its trace: nothing, where it is a whole one."""
        self.process.send_signal(signal.SIGTERM)
        try:
            _, complained = self.process.communicate(timeout=_END_S)
        except subprocess.TimeoutExpired:
            return f"no end within {_END_S:g} s"
        if self.process.returncode != 0:
            return f"exit code {self.process.returncode}: {complained.strip()[-200:]}"
        done = subprocess.run(
            module_command("lightloop", "inspect", str(self.out), "--json"),
            env=child_environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            return f"inspect: exit code {done.returncode}: {done.stderr.strip()[-200:]}"
        status = json.loads(done.stdout)["status"]
        return "" if status == "complete" else f"status {status}"


@contextlib.contextmanager
def served(out: Path, seed: int) -> Iterator[Attacked]:
    """Serve vowels in a process of its own, whose trace goes to ``out``; raises ``TaskError`` where it can not."""
    process = subprocess.Popen(
        module_command(
            "lightloop", "serve", _STUDY, "--port", "0", "--seed", str(seed), "--out", str(out)
        ),
        env=child_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None  # noqa: S101  (it is a pipe)
        found = re.fullmatch(r"listening on \S+:(\d+)\n", process.stdout.readline())
        if found is None:
            process.kill()
            raise TaskError(f"the server did not begin: {process.communicate()[1].strip()[-200:]}")
        yield Attacked(process, int(found[1]), out)
    finally:
        process.kill()
        process.communicate()
