"""A rival in a process of another environment, whose calls are timed there and take turns with ours.

It needs no installation of Lightloop, and Lightloop none of it. Its process has one thread.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from emulator.errors import LightloopError
from experiments.benchmarks.timing import Cost, Workload

__all__ = ["LightonmlProcess"]

_SCRIPT = Path(__file__).with_name("lightonml_rival.py")
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)


class LightonmlProcess:
    """Run lightonml's simulated OPU under the interpreter ``python``; use it in ``with``.

    It holds one OPU for each of ``sizes`` (inputs, outputs). Raises ``LightloopError``, with the last line that the
    process wrote, when it does not start or ends.
    """

    def __init__(self, python: str, sizes: Sequence[tuple[int, int]], batch: int) -> None:
        self._batch = batch
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  (closed with the process)
        command = [python, "-I", str(_SCRIPT), json.dumps(sizes), str(batch)]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                text=True,
                env={**os.environ, **_ONE_THREAD},
            )
        except OSError as error:
            self._said.close()
            raise LightloopError(f"bench: {python!r} cannot be run: {error}") from error
        self.version = ""

    def __enter__(self) -> Self:
        try:
            self.version = str(self._answer()["version"])
        except LightloopError:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def workload(self, size: int, method: str, calls: int) -> Workload:
        """Return a workload of ``calls`` calls of the OPU number ``size``; an operation is one vector."""

        def run() -> Cost:
            assert self._process.stdin is not None  # noqa: S101  (it was opened as a pipe)
            request = json.dumps({"size": size, "method": method, "calls": calls})
            self._process.stdin.write(request + "\n")
            self._process.stdin.flush()
            took = self._answer()
            vectors = calls * self._batch
            return Cost(took["cpu_s"] / vectors, took["wall_s"] / vectors)

        return run

    def _answer(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101  (it was opened as a pipe)
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._said.seek(0)
            said = self._said.read().strip().splitlines()
            raise LightloopError(
                f"bench: lightonml's process ended: {said[-1] if said else 'it said nothing'}"
            )
        return json.loads(line)

    def _end(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()
        self._said.close()
