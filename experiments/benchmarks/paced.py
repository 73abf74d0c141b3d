"""A run that advances slice by slice, so that several runs can take turns in one process and be compared.

Each bench runs in a thread of its own and waits inside an observer until it is its turn; only one thread ever
works. Runs with the same seed do the same work in the same slice, whatever they record, so the slices pair up.
Building the bench, closing and converting the trace lie outside what is timed; writing a slice's rows is inside.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from emulator.bench import Bench
from emulator.commands import Controller
from emulator.trace import Detail
from experiments.benchmarks.chip.plant import Loop, Plant
from experiments.benchmarks.timing import Cost, Stopwatch

__all__ = ["PacedRun", "Second"]

Second = Callable[[Controller], Mapping[str, Controller]]

_ENDLESS = 10**12  # queries; the run is stopped long before


class PacedRun:
    """A workload: every call lets the run make its next ``slice_queries`` queries. Use it in ``with``.

    With ``out`` it records there at ``detail``, else nothing is recorded. ``loop`` says where the controller's
    closes; ``second`` makes a second agent from the first one's controller, and returns both.
    """

    def __init__(
        self,
        plant: Plant,
        slice_queries: int,
        out: Path | None = None,
        detail: Detail = "commands",
        loop: Loop = "host",
        second: Second | None = None,
    ) -> None:
        self.every_queries = slice_queries
        self.bench = plant.bench(out, detail)
        first = plant.controller(_ENDLESS, loop)
        self._agents = {"szo_scd": first} if second is None else second(first)
        self._turn = threading.Semaphore(0)
        self._done = threading.Semaphore(0)
        self._watch = Stopwatch()
        self._begun = self._over = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._await_slice()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over = True
        self.bench.stop("aborted", "measured")
        self._turn.release()
        self._thread.join()

    def __call__(self) -> Cost:
        """Run one slice and return the cost of one query."""
        before = self.bench.queries
        self._turn.release()
        self._await_slice()
        return self._watch.per(self.bench.queries - before)

    @property
    def emulated_s_per_query(self) -> float:
        """Return the emulated time that a query has taken so far, on average."""
        return self.bench.now_ps / self.bench.queries / 1e12

    def observe(self, bench: Bench) -> Mapping[str, float]:
        """Hand over, as an observer, and wait for the next turn."""
        if self._over:
            return {}
        bench.recorder.commit()
        if self._begun:
            self._watch.stop()
        self._begun = True
        self._done.release()
        self._turn.acquire()
        self._watch.start()
        return {}

    def _work(self) -> None:
        try:
            self.bench.run(self._agents, [self])
        except BaseException as error:  # noqa: BLE001  (raised again in the thread that waits)
            self._failure = error
            self._done.release()

    def _await_slice(self) -> None:
        self._done.acquire()
        if self._failure is not None:
            raise self._failure
