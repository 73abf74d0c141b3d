"""``python -m experiments.sweep.server``: a process that has imported everything; each order gets a fork of it.

Orders come as lines of JSON on stdin, answers go as lines of JSON to stdout. A fork that is killed costs its own
order; when stdin ends, all are killed. It keeps no order and reads no trace.
"""

import contextlib
import gc
import json
import os
import selectors
import signal
import sys
from typing import Any, Final

from emulator.bench_config import BudgetConfig, ClockConfig
from experiments.run.run import prepare, run_study
from experiments.run.study import study_from_text
from experiments.sweep.worker import Order, carry_out
from experiments.tasks.pretraining import reproducible

__all__ = ["main"]

_CHUNK: Final = 65536
_STDIN: Final = 0


class _Fork:
    """A child that is at work, and what it has said so far."""

    def __init__(self, number: int, pid: int, pipe: int) -> None:
        self.number, self.pid, self.pipe = number, pid, pipe
        self.said = b""


class _Server:
    def __init__(self, answers: int, warm: bool) -> None:
        self._answers, self._cold = answers, warm
        self._selector = selectors.DefaultSelector()
        self._selector.register(_STDIN, selectors.EVENT_READ)
        self._left = b""
        self._forks: dict[int, _Fork] = {}

    def serve(self) -> None:
        """Fork for every order until stdin ends."""
        while True:
            for key, _ in self._selector.select():
                if key.fd == _STDIN and not self._take():
                    self._kill()
                    return
                if key.fd in self._forks:
                    self._hear(self._forks[key.fd])

    def _take(self) -> bool:
        said = os.read(_STDIN, _CHUNK)
        *lines, self._left = (self._left + said).split(b"\n")
        for line in lines:
            number, *asked = json.loads(line)
            order = Order(*asked)
            if self._cold:
                self._cold = False
                _warm_up(order)
            self._fork(number, order)
        return bool(said)

    def _fork(self, number: int, order: Order) -> None:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            _work(order, writing)
        os.close(writing)
        self._forks[reading] = _Fork(number, pid, reading)
        self._selector.register(reading, selectors.EVENT_READ)

    def _hear(self, fork: _Fork) -> None:
        said = os.read(fork.pipe, _CHUNK)
        if said:
            fork.said += said
            return
        self._selector.unregister(fork.pipe)
        os.close(fork.pipe)
        del self._forks[fork.pipe]
        _, status = os.waitpid(fork.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        outcome = json.loads(fork.said) if code == 0 and fork.said else None
        line = memoryview(json.dumps([fork.number, code, outcome]).encode() + b"\n")
        while line:
            line = line[os.write(self._answers, line) :]

    def _kill(self) -> None:
        for fork in self._forks.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(fork.pid, signal.SIGKILL)


def _work(order: Order, writing: int) -> None:
    """Carry out ``order`` in this fork, say the outcome, and end without the parent's clearing up."""
    code = 1
    try:
        os.close(_STDIN)
        said: Any = carry_out(order, alone=True)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(json.dumps(said).encode())
        code = 0
    finally:
        os._exit(code)


def _warm_up(order: Order) -> None:
    """Load the kernels, and train the network, that the first order needs: every fork then has them.

    A controller of the user's own runs in forks alone: what it leaves behind is its own.
    """
    with contextlib.suppress(Exception):  # whatever is wrong with the study, its fork will say so
        study = study_from_text(order.study)
        if order.controller:
            prepare(study)
            return
        run_study(study.model_copy(update={"budget": BudgetConfig(queries=1), "clock": ClockConfig()}))


def main() -> None:
    """Serve until stdin ends; ``--cold`` runs nothing of the first order's kind beforehand."""
    answers = os.dup(1)
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(silence, stream)
    with reproducible():  # brings torch along
        pass
    gc.collect()
    gc.freeze()  # forks share these pages, as long as no collection touches them
    _Server(answers, "--cold" not in sys.argv).serve()


if __name__ == "__main__":
    main()
